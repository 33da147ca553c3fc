#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Command lines of the programs. Flags work with one dash and with two, with
/// `=` or a space.
namespace aps::cli {

/// Exit codes of all programs.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1; ///< bad configuration, runtime failure
inline constexpr int exit_usage = 2;   ///< the command line makes no sense

/// What distinguishes a flag from the others.
struct flag {
  std::string names; ///< without dashes, e.g. "name,endpoint"
  std::string value; ///< what follows it in the help, e.g. "FILE"
  std::string help;  ///< one sentence; the default is added to it
  bool required = false;
};

/// The flags of one program. The targets must outlive `parse`; what they hold
/// before is the default that `-h` tells.
class command_line {
 public:
  command_line(std::string program, std::string summary);
  ~command_line();

  void add(const flag& what, std::string& target);
  void add(const flag& what, uint32_t& target);

  /// Seconds, not negative.
  void add(const flag& what, double& target);

  /// A flag without a value.
  void add(const flag& what, bool& target);

  /// May be given several times and takes comma-separated lists.
  void add(const flag& what, std::vector<std::string>& target);

  /// One of `allowed`.
  void add(const flag& what, std::string& target,
           const std::vector<std::string>& allowed);

  /// An argument without a dash, in the order of these calls; `names` is what
  /// the help calls it.
  void add_argument(const flag& what, std::string& target,
                    const std::vector<std::string>& allowed = {});

  /// Fills the targets. Returns an exit code when the program shall end: help
  /// and version are printed to stdout, mistakes as one line to stderr.
  std::optional<int> parse(int argc, char** argv);

  /// Prints `program: text` as one line to stderr and returns `code`.
  int fail(int code, std::string_view text) const;

 private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

/// Overwrites the value of a flag (its name without dashes), so that it
/// vanishes from the process list.
void hide_value(int argc, char** argv, std::string_view name);

/// Reads an environment variable and overwrites it in place, so that children
/// and /proc do not show it any longer. Not thread-safe.
std::optional<std::string> take_environment(const char* name);

/// The content of a file without the line end at its end; nothing when it
/// cannot be read.
std::optional<std::string> read_secret(const std::string& file);

struct address {
  std::string host; ///< IPv6 without brackets
  uint16_t port = 0;
};

/// Parses `host`, `host:port`, `[v6]` and `[v6]:port`. On failure returns
/// nothing and says why in `error`.
std::optional<address> parse_address(std::string_view text,
                                     uint16_t default_port, std::string& error);

/// The levels that `-log-level` knows.
const std::vector<std::string>& log_levels();

} // namespace aps::cli
