#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps::config {
class reader;
} // namespace aps::config

/// Command lines of the programs. Flags work with one dash and with two, with
/// `=` or a space.
namespace aps::cli {

/// Exit codes of all programs.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1; ///< bad configuration, runtime failure
inline constexpr int exit_usage = 2;   ///< the command line makes no sense
inline constexpr int exit_refused = 3; ///< the node does not take the agent
inline constexpr int exit_unconnected = 4; ///< no connection, or no longer

/// What distinguishes a flag from the others.
struct flag {
  std::string names; ///< without dashes, e.g. "name,endpoint"
  std::string value; ///< what follows it in the help, e.g. "FILE"
  std::string help;  ///< one sentence; the default is added to it
  bool required = false;
  std::string unless = {}; ///< another flag with which it is not required
  bool bare = false;       ///< its value may also stand alone, without the name

  /// The environment variable that speaks when the flag does not; if left out,
  /// APS_ and the name. Empty = there is none.
  std::optional<std::string> variable = {};

  /// The key of a configuration file that speaks when flag and variable do
  /// not; if left out, the first name with "_" for "-". Empty = there is none.
  std::optional<std::string> key = {};

  /// What is wrong with a value (or an element of a list), in words that go
  /// behind the flag's name; "" = nothing.
  std::function<std::string(const std::string&)> check = {};

  bool secret = false;     ///< messages do not show its value
  std::string beside = {}; ///< what `add_beside` is about: "-publish"
};

/// Whether flags have environment variables that do not name one themselves.
enum class variables { none, all };

/// The flags of one program. The targets must outlive `parse`; what they hold
/// before is the default that `-h` tells.
class command_line {
 public:
  command_line(std::string program, std::string summary,
               variables which = variables::all);
  ~command_line();

  void add(const flag& flag, std::string& target);

  /// A whole number, not above `most`.
  void add(const flag& flag, uint32_t& target, uint32_t most = UINT32_MAX);

  /// A duration, not negative; the target gets seconds. `positive`: nor zero.
  void add(const flag& flag, double& target, bool positive = false);

  /// The same without a default.
  void add(const flag& flag, std::optional<double>& target);

  /// A flag without a value.
  void add(const flag& flag, bool& target);

  /// May be given several times and takes comma-separated lists.
  void add(const flag& flag, std::vector<std::string>& target);

  /// Belongs to the last value of `of`, whose list it makes as long, and may be
  /// given once for each.
  void add_beside(const flag& flag, std::vector<std::string>& target,
                  const std::vector<std::string>& of);

  /// One of `allowed`, or another word for it.
  void add(const flag& flag, std::string& target,
           const std::vector<std::string>& allowed);

  /// An argument without a dash, in the order of these calls; `names` is what
  /// the help calls it.
  void add_argument(const flag& flag, std::string& target,
                    const std::vector<std::string>& allowed = {});

  /// Fills the targets. Returns an exit code when the program shall end: help
  /// and version are printed to stdout, mistakes as one line to stderr. Words
  /// that nobody knows come first, then wrong values, then what is missing.
  /// Before that `read_file`, if any, may call `read_keys`, or end the program.
  std::optional<int> parse(int argc, char** argv,
                           const std::function<std::optional<int>()>& read_file
                           = {});

  /// Fills what flags and variables left open from an object of a
  /// configuration file. What they did not leave open is checked all the same.
  void read_keys(config::reader& in);

  /// The key of a flag, if what counts of it is what a file says.
  std::optional<std::string> key_in_file(std::string_view name) const;

  /// A flag or an argument, for completion.
  struct entry {
    std::vector<std::string> names;   ///< without dashes
    std::string value;                ///< what the help calls it
    std::vector<std::string> allowed; ///< empty = not a choice
    bool takes_value = true;
    bool argument = false;
    std::vector<std::string> variables = {}; ///< that speak without the flag
  };

  /// All that were added, in their order.
  std::vector<entry> entries() const;

  /// Prints `program: text` as one line to stderr and returns `code`.
  int fail(int code, std::string_view text) const;

 private:
  struct implementation;
  std::unique_ptr<implementation> impl_;
};

/// Writes what a program prints before it ends to stdout. Returns `exit_ok`,
/// or says that it is lost (a full disk) and returns `exit_failure`.
int print(const std::string& program, std::string_view text);

/// Overwrites the value of a flag (its name without dashes), so that it
/// vanishes from the process list.
void hide_value(int argc, char** argv, std::string_view name);

/// The levels that `-log-level` knows.
const std::vector<std::string>& log_levels();

} // namespace aps::cli
