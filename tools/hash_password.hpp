#pragma once

namespace aps::cli {

/// `aps hash-password`: reads a password, the one line of a file or of the
/// standard input, and prints what stands for it as `password_hash` in a
/// configuration. Returns the program's exit code.
int hash_password(int argc, char** argv);

} // namespace aps::cli
