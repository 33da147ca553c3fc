#include "tools/cli/flag_keys.hpp"

#include "config/fields.hpp"
#include "config/syntax/reader.hpp"
#include "config/syntax/text.hpp"
#include "tools/cli/values.hpp"

#include <algorithm>

namespace aps::cli {

namespace {

/// What may stand there, in a word.
std::string allowed_of(const flag& flag) {
  return flag.value.empty() ? "true or false" : flag.value;
}

/// What the command line says of a value that stands before it, without the
/// value.
std::string without_value(std::string error, const std::string& value) {
  const auto shown = cli::quoted(value);
  if (!error.starts_with(shown))
    return error;
  error.erase(0, shown.size());
  return error.starts_with(": ") ? error.substr(2) : "it" + error;
}

/// Reports what is wrong with a string, if anything, in the words that the
/// command line has for it.
bool is_right(const flag_key& key, const std::string& path,
              const std::string& value, const std::string& error) {
  return error.empty()
         || key.in.fail(
           path,
           "the string " + (key.flag.secret ? "\"...\"" : config::quote(value)),
           allowed_of(key.flag) + " (" + without_value(error, value) + ")");
}

bool is_right(const flag_key& key, const std::string& value,
              const std::string& error) {
  return is_right(key, key.in.path(key.name), value, error);
}

std::string why_not(const flag& flag, const std::string& value) {
  return flag.check ? flag.check(value) : "";
}

std::string why_not_any(const flag& flag,
                        const std::vector<std::string>& values) {
  for (const auto& value : values) {
    if (value.empty())
      return "it has an empty element";
    if (value.size() > max_text)
      return "it has more than " + std::to_string(max_text) + " bytes";
    if (auto error = why_not(flag, value); !error.empty())
      return error;
  }
  return {};
}

/// The string; null when there is none or something else.
const std::string* string_at(const flag_key& key) {
  const auto* value = key.in.member(key.name);
  return value && value->is_string() ? &value->get_ref<const std::string&>()
                                     : nullptr;
}

/// `parse`: (text, error) -> the value, if it is one.
template <class T, class Parse>
bool read_string(const flag_key& key, const std::string& text, T& to,
                 Parse parse) {
  std::string error;
  if (auto found = parse(text, error))
    to = *std::move(found);
  return is_right(key, text, error);
}

} // namespace

bool flag_key::is_there() const {
  return in.member(name) != nullptr;
}

bool read_text(const flag_key& key, std::string& to) {
  const auto* value = key.in.member(key.name);
  if (!value)
    return true;
  const auto* text = string_at(key);
  if (!text || text->empty() || text->size() > max_text)
    return key.in.fail(key.in.path(key.name),
                       config::describe(*value, key.flag.secret),
                       allowed_of(key.flag) + ", a string of 1 to "
                         + std::to_string(max_text) + " bytes");
  to = *text;
  return is_right(key, to, why_not(key.flag, to));
}

bool read_number(const flag_key& key, uint32_t most, uint32_t& to) {
  const auto parse = [most](const auto& text, auto& error) {
    return parse_number(text, most, error);
  };
  const auto* text = string_at(key);
  return text ? read_string(key, *text, to, parse)
              : key.in.integer<uint32_t>(key.name, to, {0, most});
}

bool read_duration(const flag_key& key, bool positive, double& to) {
  const auto parse = [positive](const auto& text, auto& error) {
    return parse_duration(text, error, positive);
  };
  if (const auto* text = string_at(key))
    return read_string(key, *text, to, parse);
  config::seconds value{to};
  const auto low = positive ? config::min_seconds : 0;
  const auto ok = key.in.duration(key.name, value, {low, config::max_seconds});
  to = value.count();
  return ok;
}

bool read_switch(const flag_key& key, bool& to) {
  const auto* text = string_at(key);
  return text ? read_string(key, *text, to, parse_switch)
              : key.in.boolean(key.name, to);
}

bool read_list(const flag_key& key, std::vector<std::string>& to) {
  const auto* value = key.in.member(key.name);
  if (!value)
    return true;
  if (const auto* text = string_at(key)) {
    to = split_list(*text);
    return is_right(key, *text, why_not_any(key.flag, to));
  }
  const auto allowed = allowed_of(key.flag) + ", or a list of them";
  if (!value->is_array() || value->empty())
    return key.in.fail(key.in.path(key.name), config::describe(*value),
                       allowed);
  for (size_t i = 0; i < value->size(); ++i) {
    const auto& one = (*value)[i];
    const auto path = config::element_path(key.in.path(key.name), i);
    if (!one.is_string())
      return key.in.fail(path, config::describe(one), allowed_of(key.flag));
    auto text = one.get<std::string>();
    if (std::find(to.begin(), to.end(), text) != to.end())
      return key.in.fail(path, config::describe(one) + " again", "each once");
    if (!is_right(key, path, text, why_not_any(key.flag, {text})))
      return false;
    to.push_back(std::move(text));
  }
  return true;
}

bool read_choice(const flag_key& key, const std::vector<std::string>& allowed,
                 std::string& to) {
  std::string error;
  if (const auto* text = string_at(key))
    if (const auto found = parse_choice(*text, allowed, error)) {
      to = *found;
      return true;
    }
  return key.in.word(key.name, to, allowed); // says what may stand there
}

} // namespace aps::cli
