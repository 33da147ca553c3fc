#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

/// Files that somebody names: of a configuration, a password, certificates.
namespace aps::config {

/// All bytes of a file. Fails as the system does, and with `file_too_large`
/// when there are more than `most`. Pipes and terminals are read, too; a pipe
/// or device without bytes for so long as `patience` ends it with
/// `interrupted`. Where the thread blocks them, as our programs' do, a SIGINT,
/// SIGTERM or SIGHUP does that at once and stays pending.
std::string read_bytes(const std::filesystem::path& file, size_t most,
                       std::error_code& error,
                       std::chrono::milliseconds patience
                       = std::chrono::seconds(10));

/// What is wrong with a file that is `interrupted`: a noun.
inline constexpr auto silent_file = "a pipe or device that sends nothing";

/// A file's name in a message: as it is, or in quotes if it has controls or
/// bytes that are no UTF-8. Of a long one the middle is left out.
std::string shown_name(const std::filesystem::path& file);

} // namespace aps::config
