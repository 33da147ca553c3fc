#pragma once

#include "config/config.hpp"

#include <nlohmann/json.hpp>

#include <functional>

namespace aps::config {

/// Where a configuration finds what its text only names. Programs have the
/// system's; whoever parses foreign text passes one of their own, or none.
class source {
 public:
  struct content {
    std::string text;
    std::string error; ///< why there is no text; empty = there is
  };

  virtual ~source() = default;

  /// A variable of the environment; nothing = it is not set.
  virtual std::optional<std::string>
  variable(const std::string& name) const = 0;

  /// A file, which may have `most` bytes.
  virtual content read(const std::filesystem::path& file,
                       size_t most) const = 0;

  /// The files that a pattern with `*`, `?` or `[` matches, by name.
  virtual std::vector<std::filesystem::path>
  matching(const std::filesystem::path& pattern) const = 0;
};

/// The environment and the files of this machine. Not while another thread
/// changes the environment.
const source& system_source();

/// Replaces `${NAME}`, `${NAME:-default}` and `${file:PATH}` in every string
/// of `value`, which stands at `path`; `$${` stands for `${`. A string that
/// is one reference and nothing else becomes an `expanded_value` (reader.hpp),
/// so that it may be a number or a boolean. What is put in is not looked at
/// again. A PATH is relative to `folder`. A problem names the key and the
/// variable or file, never what the string says besides.
void expand(nlohmann::json& value, const std::string& path,
            const std::filesystem::path& folder, const source& from,
            problems& out);

/// Where the key at a path stands: "FILE: PATH" for messages, and the file.
struct locator {
  std::function<std::string(const std::string& path)> place;
  std::function<std::filesystem::path(const std::string& path)> file;
};

/// Reads a file and those it includes, with what they only name, as one value,
/// which `read` gets unless the first cannot be read. Returns all problems,
/// those of `read` included, with their files.
problems read_file(
  const std::filesystem::path& file, const source& from,
  const std::function<void(const nlohmann::json& root, problems& out)>& read,
  locator* locator = nullptr);

/// A file as `load` reads it, with everything outside of it from `from`.
result load(const std::filesystem::path& file, const source& from,
            std::vector<std::string>* warnings = nullptr);

} // namespace aps::config
