#include "tools/cli/cli.hpp"

#include "config/syntax/reader.hpp"
#include "config/syntax/text.hpp"
#include "tools/cli/flag_keys.hpp"
#include "tools/cli/help_text.hpp"
#include "tools/cli/values.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <iostream>
#include <sstream>

namespace aps::cli {

namespace {

std::string variable_of(const std::string& name) {
  std::string result = "APS_";
  for (const auto letter : name)
    result += letter == '-' ? '_' : static_cast<char>(std::toupper(letter));
  return result;
}

/// A flag with its value, as it stands on the command line.
struct word_pair {
  option* to;
  std::string value;
};

/// The command line ends with this code, without a mistake.
struct early_end {
  int code;
};

struct mistake {
  std::string text;
};

bool is_any_of(std::string_view word,
               std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace

struct command_line::implementation {
  option& add(const flag& flag, std::string shown_default) {
    option result{.flag = flag,
                  .names = split_list(flag.names),
                  .shown_default = std::move(shown_default)};
    if (flag.variable && !flag.variable->empty())
      result.variables = {*flag.variable};
    else if (!flag.variable && which == variables::all)
      std::transform(result.names.begin(), result.names.end(),
                     std::back_inserter(result.variables), variable_of);
    options.push_back(std::move(result));
    return options.back();
  }

  option* find(std::string_view name) {
    for (auto& one : options)
      if (!one.argument
          && std::find(one.names.begin(), one.names.end(), name)
               != one.names.end())
        return &one;
    return nullptr;
  }

  std::vector<std::string> flag_names() const {
    std::vector<std::string> result{"help", "version"};
    for (const auto& one : options)
      if (!one.argument)
        result.insert(result.end(), one.names.begin(), one.names.end());
    return result;
  }

  // -- reading ---------------------------------------------------------------

  std::vector<word_pair> read(int argc, char** argv);
  word_pair read_flag(std::string_view word, int& at, int argc, char** argv);
  word_pair read_argument(const std::string& word);
  void take(const std::vector<word_pair>& words);
  void take_variables();
  bool is_waived(const option& one) const;
  void demand() const;

  std::string program;
  std::string summary;
  variables which;
  std::vector<option> options;
  std::deque<std::string> asked_keys; ///< of files; their readers point there
  size_t arguments_read = 0;
  bool has_file = false;
};

std::vector<word_pair> command_line::implementation::read(int argc,
                                                          char** argv) {
  if (argc > 1 && is_any_of(argv[1], {"help"}))
    throw early_end{print(program, help_text(program, summary, options))};
  if (argc > 1 && is_any_of(argv[1], {"version"}))
    throw early_end{print(program, program + " " APS_VERSION "\n")};
  arguments_read = 0;
  std::vector<word_pair> result;
  bool only_arguments = false; // behind "--" (POSIX, 12.2)
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (only_arguments) {
      result.push_back(read_argument(word));
      continue;
    }
    if (word == "--") {
      only_arguments = true;
      continue;
    }
    if (is_any_of(word, {"-h", "-help", "--help"}))
      throw early_end{print(program, help_text(program, summary, options))};
    if (is_any_of(word, {"-v", "-V", "-version", "--version"}))
      throw early_end{print(program, program + " " APS_VERSION "\n")};
    result.push_back(word.size() > 1 && word[0] == '-'
                       ? read_flag(word, i, argc, argv)
                       : read_argument(word));
  }
  return result;
}

word_pair command_line::implementation::read_flag(std::string_view word,
                                                  int& at, int argc,
                                                  char** argv) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  const auto equals = word.find('=');
  const auto name = word.substr(0, equals);
  auto* found = find(name);
  if (!found)
    throw mistake{"there is no flag " + cli::quoted("-" + std::string(name))
                  + hint(name, flag_names(), "-")};
  if (equals != word.npos)
    return {found, std::string(word.substr(equals + 1))};
  if (!found->takes_value)
    return {found, "on"};
  if (at + 1 == argc)
    throw mistake{found->shown() + " needs a value, " + found->flag.value};
  std::string_view next = argv[at + 1];
  next.remove_prefix(next.starts_with("--")  ? 2
                     : next.starts_with('-') ? 1
                                             : next.size());
  if (!next.empty() && find(next.substr(0, next.find('='))))
    throw mistake{found->shown() + " needs a value, " + found->flag.value
                  + "; what follows is the flag " + std::string(argv[at + 1])};
  return {found, argv[++at]};
}

word_pair command_line::implementation::read_argument(const std::string& word) {
  size_t i = 0;
  for (auto& one : options)
    if (one.argument && i++ == arguments_read) {
      ++arguments_read;
      return {&one, word};
    }
  for (auto& one : options)
    if (one.flag.bare)
      return {&one, word};
  std::string_view name = word;
  name = name.substr(0, name.find('='));
  // Dashes that a word processor made longer.
  for (const std::string_view dash : {"\u2013", "\u2014", "\u2212"})
    if (name.starts_with(dash))
      name.remove_prefix(dash.size());
  throw mistake{cli::quoted(word) + " is not expected here"
                + (find(name) ? "; do you mean -" + std::string(name) + "?"
                              : hint(name, flag_names(), "-"))};
}

void command_line::implementation::take(const std::vector<word_pair>& words) {
  for (const auto& [to, value] : words) {
    if (to->given && !to->repeats)
      throw mistake{to->shown() + " is given twice"
                    + (to->flag.bare ? ": " + cli::quoted(*to->given) + " and "
                                         + cli::quoted(value)
                                     : "")};
    to->given = value;
    if (value.empty())
      throw mistake{
        to->shown() + " is empty"
        + (to->flag.value.empty() ? "" : "; give " + to->flag.value)};
    if (const auto error = to->taken(value); !error.empty())
      throw mistake{to->shown() + ' ' + error};
  }
}

void command_line::implementation::take_variables() {
  for (auto& one : options)
    for (const auto& name : one.variables) {
      const auto* value = std::getenv(name.c_str());
      if (one.given || !value || !*value)
        continue;
      one.given = value;
      if (const auto error = one.taken(value); !error.empty())
        throw mistake{"the variable " + name + ": " + error};
    }
}

bool command_line::implementation::is_waived(const option& one) const {
  const auto& others = split_list(one.flag.unless);
  return std::any_of(others.begin(), others.end(), [&](const auto& name) {
    return std::any_of(options.begin(), options.end(), [&](const option& each) {
      return each.names.front() == name && (each.given || each.in_file);
    });
  });
}

void command_line::implementation::demand() const {
  std::string missing, names;
  size_t count = 0;
  for (const auto& one : options) {
    if (!one.flag.required || one.given || one.in_file || is_waived(one))
      continue;
    ++count;
    missing += (missing.empty() ? "" : ", ") + one.shown()
               + (one.flag.value.empty() ? "" : " " + one.flag.value);
    if (!one.variables.empty())
      names += (names.empty() ? "" : ", ") + one.variables.front();
  }
  if (!missing.empty())
    throw mistake{"missing: " + missing
                  + (names.empty()
                       ? ""
                       : " (or the variable"
                           + std::string(count > 1 ? "s " : " ") + names
                           + (has_file ? ", or a key of the file" : "") + ")")};
}

// -- command_line -------------------------------------------------------------

command_line::command_line(std::string program, std::string summary,
                           variables which)
    : impl_(std::make_unique<implementation>()) {
  impl_->program = std::move(program);
  impl_->summary = std::move(summary);
  impl_->which = which;
}

command_line::~command_line() = default;

namespace {

bool read_new_list(const flag_key& key, std::vector<std::string>& to) {
  to.clear();
  return read_list(key, to);
}

/// What `option::read` does; `get`: (key, to) -> whether there is no problem.
/// What a file leaves open stays.
template <class T, class Get>
auto reader_of(T& target, Get get) {
  return [&target, get](const flag_key& key, bool keep) {
    auto fresh = target;
    if (get(key, fresh) && !keep)
      target = std::move(fresh);
  };
}

} // namespace

void command_line::add(const flag& flag, std::string& target) {
  auto& added = impl_->add(flag, target);
  added.take = [&target, flag](const std::string& value) {
    target = value;
    return flag.check ? flag.check(value) : std::string{};
  };
  added.read = reader_of(target, read_text);
}

void command_line::add(const flag& flag, uint32_t& target, uint32_t most) {
  auto& added = impl_->add(flag, std::to_string(target));
  added.take = [&target, most](const std::string& value) {
    std::string error;
    target = parse_number(value, most, error).value_or(target);
    return error;
  };
  added.read = reader_of(target, [most](const flag_key& key, uint32_t& to) {
    return read_number(key, most, to);
  });
}

void command_line::add(const flag& flag, double& target, bool positive) {
  std::ostringstream shown;
  shown << target << 's';
  auto& added = impl_->add(flag, shown.str());
  added.take = [&target, positive](const std::string& value) {
    std::string error;
    target = parse_duration(value, error, positive).value_or(target);
    return error;
  };
  added.read = reader_of(target, [positive](const flag_key& key, double& to) {
    return read_duration(key, positive, to);
  });
}

void command_line::add(const flag& flag, std::optional<double>& target) {
  auto& added = impl_->add(flag, "");
  added.take = [&target](const std::string& value) {
    std::string error;
    target = parse_duration(value, error);
    return error;
  };
  added.read
    = reader_of(target, [](const flag_key& key, std::optional<double>& to) {
        return !key.is_there() || read_duration(key, false, to.emplace(0));
      });
}

void command_line::add(const flag& flag, bool& target) {
  auto& added = impl_->add(flag, target ? "on" : "off");
  added.takes_value = false;
  added.take = [&target](const std::string& value) {
    std::string error;
    target = parse_switch(value, error).value_or(target);
    return error;
  };
  added.read = reader_of(target, read_switch);
}

void command_line::add(const flag& flag, std::vector<std::string>& target) {
  auto& added = impl_->add(flag, "");
  added.repeats = true;
  added.take = [&target, flag](const std::string& value) -> std::string {
    for (auto& part : split_list(value)) {
      if (part.empty())
        return cli::quoted(value) + " has an empty element";
      if (flag.check)
        if (auto error = flag.check(part); !error.empty())
          return error;
      target.push_back(std::move(part));
    }
    return {};
  };
  added.read = reader_of(target, read_new_list);
}

void command_line::add_beside(const flag& flag,
                              std::vector<std::string>& target,
                              const std::vector<std::string>& of) {
  auto& added = impl_->add(flag, "");
  added.repeats = true;
  added.take = [&target, &of, flag](const std::string& value) -> std::string {
    if (of.empty() || target.size() >= of.size())
      return cli::quoted(value) + " stands behind no " + flag.beside
             + " of its own";
    target.resize(of.size() - 1);
    target.push_back(value);
    return flag.check ? flag.check(value) : std::string{};
  };
  added.read = reader_of(target, read_new_list);
}

void command_line::add(const flag& flag, std::string& target,
                       const std::vector<std::string>& allowed) {
  auto& added = impl_->add(flag, target);
  added.allowed = allowed;
  added.take = [&target, allowed](const std::string& value) {
    std::string error;
    target = parse_choice(value, allowed, error).value_or(target);
    return error;
  };
  added.read
    = reader_of(target, [allowed](const flag_key& key, std::string& to) {
        return read_choice(key, allowed, to);
      });
}

void command_line::add_argument(const flag& flag, std::string& target,
                                const std::vector<std::string>& allowed) {
  auto plain = flag;
  plain.variable = "";
  if (allowed.empty())
    add(plain, target);
  else
    add(plain, target, allowed);
  impl_->options.back().argument = true;
}

std::optional<int>
command_line::parse(int argc, char** argv,
                    const std::function<std::optional<int>()>& read_file) {
  try {
    impl_->take(impl_->read(argc, argv));
    impl_->take_variables();
    if (read_file)
      if (const auto code = read_file())
        return code;
    impl_->demand();
    return std::nullopt;
  } catch (const early_end& end) {
    return end.code;
  } catch (const mistake& wrong) {
    return fail(exit_usage, wrong.text + " (-h for help)");
  }
}

void command_line::read_keys(config::reader& in) {
  impl_->has_file = true;
  for (auto& one : impl_->options)
    if (!one.key().empty()) {
      const auto& key = impl_->asked_keys.emplace_back(one.key());
      const flag_key place{in, key.c_str(), one.flag};
      one.in_file = place.is_there();
      one.read(place, one.given.has_value());
      for (size_t i = 1; i < one.names.size(); ++i)
        in.hint(key_of(one.names[i]), key);
    }
}

std::optional<std::string>
command_line::key_in_file(std::string_view name) const {
  const auto* found = impl_->find(name);
  return found && found->in_file && !found->given ? std::optional{found->key()}
                                                  : std::nullopt;
}

std::vector<command_line::entry> command_line::entries() const {
  std::vector<entry> result;
  for (const auto& one : impl_->options)
    result.push_back({one.names, one.flag.value, one.allowed, one.takes_value,
                      one.argument, one.variables});
  return result;
}

int command_line::fail(int code, std::string_view text) const {
  std::string line{text};
  std::replace(line.begin(), line.end(), '\n', ' ');
  line = foreign_text(line, 4 * line.size()); // names of files and such
  std::cerr << impl_->program << ": " << line << std::endl;
  return code;
}

int print(const std::string& program, std::string_view text) {
  errno = 0;
  if (std::cout << text << std::flush)
    return exit_ok;
  std::cerr << program << ": cannot write to stdout: " << std::strerror(errno)
            << std::endl;
  return exit_failure;
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

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> levels
    = {"trace", "debug", "info", "warning", "error", "off"};
  return levels;
}

} // namespace aps::cli
