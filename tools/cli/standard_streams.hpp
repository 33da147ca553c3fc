#pragma once

namespace aps::cli {

/// Keeps the numbers of standard streams that whoever started us has closed, so
/// that no socket gets one, and with it what is printed or logged. Reading and
/// writing them fails as before. A program that calls it does so twice: before
/// the libraries that it loads open descriptors of their own, and then again.
void hold_standard_streams();

} // namespace aps::cli
