// Completion of commands, flags and names in a shell.
#include "tools/apsctl/completion.hpp"

#include "tools/apsctl/commands.hpp"
#include "transports/seam/outcomes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

namespace aps::ctl {

using nlohmann::json;

namespace {

using words = std::vector<std::string>;

// Names that live in the node, by what asks for them. Each may throw.
words members(const client& node, const char* path, const char* key) {
  words result;
  const auto answer = node.get(path);
  for (const auto& one : answer.at(path))
    result.push_back(one.at(key));
  return result;
}

words tunnel_names(const client& node, const options&) {
  return members(node, "tunnels", "name");
}

words endpoint_names(const client& node, const options& options) {
  words result;
  const auto answer = node.get("endpoints");
  for (const auto& one : answer.at("endpoints"))
    if (options.tunnel.empty() || one.at("tunnel") == options.tunnel)
      result.push_back(one.at("name"));
  return result;
}

words session_ids(const client& node, const options&) {
  return members(node, "connections", "session");
}

words connection_names(const client& node, const options&) {
  return members(node, "connections", "name");
}

words request_ids(const client& node, const options&) {
  words result;
  const auto answer = node.get("exchanges");
  for (const auto* group : {"live", "finished"})
    for (const auto& one : answer.at(group))
      result.push_back(one.at("request_id"));
  return result;
}

words event_kinds(const client& node, const options&) {
  auto result = node.get("openapi.json")
                  .at("/components/schemas/Event/properties/kind/enum"_json_pointer)
                  .get<words>();
  result.emplace_back("all");
  return result;
}

words components(const client& node, const options&) {
  return node.get("log").at("known").get<words>();
}

words outcomes(const client&, const options&) {
  words result;
  for (const auto one : all_outcomes()) {
    result.emplace_back(to_string(one));
    result.emplace_back(class_of(one));
  }
  return result;
}

using source = words (*)(const client&, const options&);

// By the name of a flag, or of an argument.
const std::map<std::string, source>& sources() {
  static const std::map<std::string, source> all{
    {"tunnel", tunnel_names},     {"TUNNEL", tunnel_names},
    {"endpoint", endpoint_names}, {"session", session_ids},
    {"NAME", connection_names},   {"id", request_ids},
    {"kind", event_kinds},        {"component", components},
    {"outcome", outcomes}};
  return all;
}

/// A command line of which the last word is asked for.
class question {
 public:
  explicit question(const words& all) : begun_(all.back()) {
    common_flags(line_, given_);
    entries_ = line_.entries();
    take_variables();
    const words before{all.begin(), all.end() - 1};
    const auto* found = find_command(before);
    lost_ = !found && command_at_ < before.size();
    if (!found)
      return;
    command_ = found;
    found->flags(line_, given_);
    entries_ = line_.entries();
    for (size_t i = command_at_ + 1; i < before.size(); ++i)
      i += pass(before, i);
  }

  words answer() const {
    if (lost_)
      return {};
    if (const auto equals = begun_.find('=');
        begun_.starts_with('-') && equals != begun_.npos)
      if (const auto* flag = flag_of(begun_.substr(0, equals)))
        return in_front(begun_.substr(0, equals + 1),
                        values_of(*flag, begun_.substr(equals + 1)));
    if (wanted_)
      return values_of(*wanted_, begun_);
    if (begun_.starts_with('-'))
      return fitting(flag_names(), begun_);
    if (!command_)
      return all_names();
    size_t i = 0;
    for (const auto& one : entries_)
      if (one.argument && i++ == arguments_)
        return values_of(one, begun_);
    return {};
  }

 private:
  void take_variables() {
    for (const auto& one : entries_)
      for (const auto& name : one.variables)
        if (const auto* value = std::getenv(name.c_str()); value && *value)
          note(&one, value);
  }

  const command* find_command(const words& before) {
    for (; command_at_ < before.size(); ++command_at_) {
      const auto& word = before[command_at_];
      if (!word.starts_with('-')) {
        for (const auto& one : all_commands())
          if (word == one.name)
            return &one;
        return nullptr;
      }
      // The flags of every command may stand in front.
      command_at_ += pass(before, command_at_);
    }
    return nullptr;
  }

  // Takes the word at `i`; returns how many more belong to it.
  size_t pass(const words& before, size_t i) {
    const auto& word = before[i];
    if (!word.starts_with('-')) {
      ++arguments_;
      return 0;
    }
    const auto* flag = flag_of(word.substr(0, word.find('=')));
    if (!flag || !flag->takes_value || word.find('=') != word.npos)
      return note(flag, word.substr(word.find('=') + 1)), 0;
    if (i + 1 == before.size()) {
      wanted_ = flag;
      return 0;
    }
    return note(flag, before[i + 1]), 1;
  }

  // What other names depend on.
  void note(const cli::command_line::entry* flag, const std::string& value) {
    if (!flag || !flag->takes_value)
      return;
    const auto& name = flag->names.front();
    if (name == "admin")
      given_.admin = value;
    else if (name == "token-file")
      given_.token_file = value;
    else if (name == "tunnel")
      given_.tunnel = value;
  }

  const cli::command_line::entry* flag_of(std::string word) const {
    word.erase(0, word.starts_with("--") ? 2 : 1);
    for (const auto& one : entries_)
      if (!one.argument
          && std::find(one.names.begin(), one.names.end(), word)
               != one.names.end())
        return &one;
    return nullptr;
  }

  words all_names() const {
    words result;
    for (const auto& one : all_commands())
      result.emplace_back(one.name);
    return fitting(result, begun_);
  }

  words flag_names() const {
    words result;
    for (const auto& one : entries_)
      if (!one.argument)
        result.push_back((begun_.starts_with("--") ? "--" : "-")
                         + one.names.front());
    return result;
  }

  words values_of(const cli::command_line::entry& one,
                  const std::string& begun) const {
    if (!one.allowed.empty())
      return fitting(one.allowed, begun);
    const auto found = sources().find(one.names.front());
    if (found == sources().end())
      return {};
    // Of a list, the last element.
    const auto comma = one.value == "LIST" ? begun.rfind(',') : begun.npos;
    const auto done = comma == begun.npos ? 0 : comma + 1;
    return in_front(begun.substr(0, done),
                    fitting(found->second(node_of(given_), given_),
                            begun.substr(done)));
  }

  static words in_front(const std::string& head, words all) {
    for (auto& one : all)
      one.insert(0, head);
    return all;
  }

  // Each once, in their order by name.
  static words fitting(const words& all, const std::string& begun) {
    std::set<std::string> result;
    for (const auto& one : all)
      if (one.starts_with(begun) && one.find('\n') == one.npos)
        result.insert(one);
    return {result.begin(), result.end()};
  }

  const std::string begun_;
  const command* command_ = nullptr;
  size_t command_at_ = 0;
  bool lost_ = false; ///< what stands for the command is none
  size_t arguments_ = 0; ///< that stand before
  options given_;
  cli::command_line line_{"apsctl", "", cli::variables::none};
  std::vector<cli::command_line::entry> entries_;
  const cli::command_line::entry* wanted_ = nullptr; ///< asks for its value
};

// The words are split by blanks alone, as apsctl gets them. Bash also splits at
// "=" and ":" (COMP_WORDBREAKS), and replaces only what stands behind the last.
constexpr auto bash = R"sh(# apsctl completion bash, for ~/.bashrc: eval "$(apsctl completion bash)"
_apsctl() {
  local line=${COMP_LINE:0:COMP_POINT} word all found begun kept=
  local breaks=${COMP_WORDBREAKS//[^:=@]/}
  read -ra all <<<"$line"
  [[ $line == *[[:space:]] ]] && all+=("")
  mapfile -t found < <("${all[0]}" complete "${all[@]:1}" 2>/dev/null)
  begun=${all[-1]}
  [[ -n $breaks ]] && kept=${begun%"${begun##*[$breaks]}"}
  COMPREPLY=()
  for word in "${found[@]}"; do
    word=${word#"$kept"}
    [[ $word == *[^[:alnum:]_.,:=@%+-]* ]] && printf -v word %q "$word"
    COMPREPLY+=("$word")
  done
}
complete -o default -F _apsctl apsctl
)sh";

constexpr auto zsh = R"sh(#compdef apsctl
# apsctl completion zsh, for ~/.zshrc: eval "$(apsctl completion zsh)"
_apsctl() {
  local -a found
  found=("${(@f)$("${words[1]}" complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _apsctl apsctl
)sh";

constexpr auto fish = R"sh(# apsctl completion fish, for ~/.config/fish/config.fish:
# apsctl completion fish | source
function __apsctl_complete
  set -l before (commandline -opc)
  set -l begun (commandline -ct)
  $before[1] complete $before[2..-1] "$begun" 2>/dev/null
end
complete -c apsctl -a '(__apsctl_complete)'
)sh";

} // namespace

std::vector<std::string> completions(const std::vector<std::string>& all) {
  try {
    return question{all.empty() ? words{""} : all}.answer();
  } catch (const std::exception&) {
    return {}; // whoever types wants no errors between
  }
}

const std::vector<std::string>& completion_shells() {
  static const words all{"bash", "zsh", "fish"};
  return all;
}

std::string completion_script(const std::string& shell) {
  return shell == "zsh" ? zsh : shell == "fish" ? fish : bash;
}

int show_completion(const client&, const options& options) {
  std::cout << completion_script(options.first) << std::flush;
  return cli::exit_ok;
}

} // namespace aps::ctl
