#include "tools/cli.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace aps::cli {

namespace {

/// "name,endpoint" -> "--name,--endpoint".
std::string with_dashes(const std::string& names) {
  auto result = "--" + names;
  for (size_t i = 0; (i = result.find(',', i)) != std::string::npos; i += 3)
    result.insert(i + 1, "--");
  return result;
}

/// Where the explanations of the help begin.
constexpr size_t help_column = 30;

/// Breaks a text into lines that fit beside the flags.
std::string wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string result, word;
  size_t width = 0;
  while (words >> word) {
    if (width + word.size() > 79 - help_column) {
      result.back() = '\n';
      width = 0;
    }
    result += word + ' ';
    width += word.size() + 1;
  }
  return result;
}

/// Prints flags with one dash and each with its default.
class one_dash_formatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option,
                               bool positional) const override {
    if (positional)
      return option->get_name(true);
    std::string result;
    for (const auto* names : {&option->get_snames(), &option->get_lnames()})
      for (const auto& name : *names)
        result += (result.empty() ? "-" : ", -") + name;
    return result;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const auto name = option->get_type_name();
    return name.empty() ? name : " " + name;
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    auto result = option->get_description();
    if (option->get_required())
      result += " (required)";
    else if (const auto value = option->get_default_str(); !value.empty())
      result += " (default: " + value + ")";
    return wrapped(result);
  }
};

} // namespace

struct command_line::implementation {
  implementation(std::string name, std::string summary)
      : program(std::move(name)), app(std::move(summary), program) {}

  template <class T>
  CLI::Option* add(const flag& what, T& target) {
    auto* result = app.add_option(with_dashes(what.names), target, what.help);
    result->type_name(what.value)->required(what.required);
    return result->capture_default_str();
  }

  /// Splits `-name=value` in two and gives every flag two dashes, unless it is
  /// the value of the flag before. CLI11 wants its arguments last one first.
  std::vector<std::string> normalise(int argc, char** argv) const {
    std::vector<std::string> result;
    bool is_value = false;
    for (int i = 1; i < argc; ++i) {
      std::string word = argv[i];
      if (is_value || word.size() < 3 || word[0] != '-') {
        is_value = false;
        result.push_back(std::move(word));
        continue;
      }
      if (word[1] != '-')
        word.insert(0, "-");
      const auto equals = word.find('=');
      const auto* option = app.get_option_no_throw(word.substr(0, equals));
      const auto takes_value = option && option->get_items_expected_max() > 0;
      if (takes_value && equals != std::string::npos) {
        result.push_back(word.substr(0, equals));
        result.push_back(word.substr(equals + 1));
      } else {
        is_value = takes_value;
        result.push_back(std::move(word));
      }
    }
    std::reverse(result.begin(), result.end());
    return result;
  }

  std::string program;
  CLI::App app;
};

command_line::command_line(std::string program, std::string summary)
    : impl_(std::make_unique<implementation>(std::move(program),
                                             std::move(summary))) {
  auto& app = impl_->app;
  app.formatter(std::make_shared<one_dash_formatter>());
  app.get_formatter()->column_width(help_column);
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("--version", impl_->program + " " APS_VERSION,
                       "Print the version and exit");
}

command_line::~command_line() = default;

void command_line::add(const flag& what, std::string& target) {
  impl_->add(what, target);
}

void command_line::add(const flag& what, uint32_t& target) {
  impl_->add(what, target);
}

void command_line::add(const flag& what, double& target) {
  impl_->add(what, target)->check(CLI::Range(0.0, 1e6).description(""));
}

void command_line::add(const flag& what, bool& target) {
  impl_->app.add_flag(with_dashes(what.names), target, what.help)
    ->default_str(target ? "on" : "off");
}

void command_line::add(const flag& what, std::vector<std::string>& target) {
  // Without extra arguments CLI11 also leaves a bracketed IPv6 address alone.
  impl_->add(what, target)->allow_extra_args(false)->delimiter(',');
}

void command_line::add(const flag& what, std::string& target,
                       const std::vector<std::string>& allowed) {
  impl_->add(what, target)->check(CLI::IsMember(allowed).description(""));
}

void command_line::add_argument(const flag& what, std::string& target,
                                const std::vector<std::string>& allowed) {
  auto* option = impl_->app.add_option(what.names, target, what.help);
  option->type_name("")->required(what.required);
  if (!allowed.empty())
    option->check(CLI::IsMember(allowed).description(""));
}

std::optional<int> command_line::parse(int argc, char** argv) {
  auto& app = impl_->app;
  try {
    app.parse(impl_->normalise(argc, argv));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help() << std::flush;
    return exit_ok;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << std::endl;
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    return fail(exit_usage, std::string(error.what()) + " (-h for help)");
  }
}

int command_line::fail(int code, std::string_view text) const {
  std::string line{text};
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::cerr << impl_->program << ": " << line << std::endl;
  return code;
}

void hide_value(int argc, char** argv, std::string_view name) {
  auto wipe = [](char* text) { std::memset(text, 0, std::strlen(text)); };
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (!word.starts_with('-'))
      continue;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    if (word == name && i + 1 < argc)
      wipe(argv[++i]);
    else if (word.starts_with(name)
             && word.substr(name.size()).starts_with('='))
      wipe(argv[i] + (word.data() - argv[i]) + name.size() + 1);
  }
}

std::optional<std::string> take_environment(const char* name) {
  auto* value = std::getenv(name);
  if (!value)
    return std::nullopt;
  std::string result = value;
  std::memset(value, 0, result.size());
  unsetenv(name);
  return result;
}

std::optional<std::string> read_secret(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string result{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad())
    return std::nullopt;
  if (result.ends_with('\n'))
    result.pop_back();
  if (result.ends_with('\r'))
    result.pop_back();
  return result;
}

std::optional<address> parse_address(std::string_view text,
                                     uint16_t default_port,
                                     std::string& error) {
  const auto quoted = "\"" + std::string(text) + "\"";
  auto host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    const auto rest = text.substr(std::min(end, text.size() - 1) + 1);
    if (end == text.npos || (!rest.empty() && rest[0] != ':')) {
      error = quoted + " is not host:port or [ipv6]:port";
      return std::nullopt;
    }
    host = text.substr(1, end - 1);
    if (!rest.empty())
      port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port->find(':') != text.npos) {
      error = quoted + ": an IPv6 address needs brackets, [ipv6]:port";
      return std::nullopt;
    }
  }
  if (host.empty() || host.find('/') != host.npos) {
    error = quoted + " is not host:port";
    return std::nullopt;
  }
  address result{std::string(host), default_port};
  if (port) {
    const auto* end = port->data() + port->size();
    const auto [at, failed] = std::from_chars(port->data(), end, result.port);
    if (failed != std::errc{} || at != end || result.port == 0) {
      error = quoted + ": the port is a number from 1 to 65535";
      return std::nullopt;
    }
  }
  return result;
}

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels
    = {"trace", "debug", "info", "warning", "error", "off"};
  return levels;
}

} // namespace aps::cli
