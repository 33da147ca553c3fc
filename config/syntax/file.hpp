#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>

/// Files that somebody names: of a configuration, a password, certificates.
namespace aps::config {

/// All bytes of a file. Fails as the system does, and with `file_too_large`
/// when there are more than `most`. Pipes and terminals are read, too; where
/// the thread blocks them, as our programs' do, a SIGINT, SIGTERM or SIGHUP
/// ends the wait for bytes with `interrupted` and stays pending.
std::string read_bytes(const std::filesystem::path& file, size_t most,
                       std::error_code& error);

/// What is wrong with a file that is `interrupted`: a noun.
inline constexpr auto silent_file = "a pipe or device that sends nothing";

/// A file's name in a message: as it is, or in quotes if it has controls or
/// bytes that are no UTF-8.
std::string shown_name(const std::filesystem::path& file);

} // namespace aps::config
