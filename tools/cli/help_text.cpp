#include "tools/cli/help_text.hpp"

#include <sstream>

namespace aps::cli {

namespace {

/// Where the explanations of the help begin.
constexpr size_t help_column = 30;

/// Breaks a text into lines that fit beside the flags.
std::string wrapped(const std::string& text) {
  const auto indent = "\n" + std::string(help_column, ' ');
  std::istringstream words(text);
  std::string result, word;
  size_t width = 0;
  while (words >> word) {
    if (width > 0 && width + word.size() + 1 > 80 - help_column) {
      result += indent;
      width = 0;
    }
    result += (width > 0 ? " " : "") + word;
    width += word.size() + 1;
  }
  return result;
}

std::string help_of(const option& one) {
  std::string line = "  ";
  for (const auto& name : one.names)
    line += (line.size() > 2 ? ", " : "") + std::string(one.argument ? "" : "-")
            + name;
  if (!one.flag.value.empty())
    line += " " + one.flag.value;
  if (line.size() + 1 >= help_column)
    line += '\n' + std::string(help_column, ' ');
  else
    line.resize(help_column, ' ');
  auto text = one.flag.help;
  if (one.flag.required)
    text += " (required)";
  else if (!one.shown_default.empty())
    text += " (default: " + one.shown_default + ")";
  if (!one.variables.empty())
    text += " [" + one.variables.front() + "]";
  return line + wrapped(text) + '\n';
}

} // namespace

std::string help_text(const std::string& program, const std::string& summary,
                      const std::vector<option>& options) {
  std::string usage, arguments, flags;
  bool with_variables = false;
  for (const auto& one : options) {
    (one.argument ? arguments : flags) += help_of(one);
    if (one.argument || one.flag.bare)
      usage
        += ' '
           + (one.argument && one.flag.required
                ? one.flag.names
                : "[" + (one.argument ? one.flag.names : one.flag.value) + "]");
    with_variables = with_variables || !one.variables.empty();
  }
  auto result = summary + "\n\nUsage: " + program + " [FLAGS]" + usage + "\n\n"
                + arguments + (arguments.empty() ? "" : "\n") + flags;
  result += "  -h, -help                   Print this help and exit\n"
            "  -v, -version                Print the version and exit\n";
  if (with_variables)
    result += "\nIn brackets: the environment variable that is read when the "
              "flag is not given.\n";
  return result;
}

} // namespace aps::cli
