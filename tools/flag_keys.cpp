#include "tools/flag_keys.hpp"

#include "config/fields.hpp"
#include "config/syntax/reader.hpp"
#include "config/syntax/text.hpp"
#include "tools/values.hpp"

#include <algorithm>

namespace aps::cli {

namespace {

/// Reports what is wrong with a string, if anything, in the words that the
/// command line has for it.
bool is_right(const flag_key& key, const std::string& value,
              const std::string& error) {
  if (error.empty())
    return true;
  const auto& flag = key.flag;
  return key.in.fail(
    key.in.path(key.name),
    "the string " + (flag.secret ? "\"...\"" : config::quote(value)),
    (flag.value.empty() ? "true or false" : flag.value) + " (" + error + ")");
}

std::string why_not(const flag& flag, const std::string& value) {
  return flag.check ? flag.check(value) : "";
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
  if (!key.is_there())
    return true;
  const auto ok = key.flag.secret ? key.in.secret(key.name, to, max_text)
                                  : key.in.text(key.name, to, max_text);
  return ok && is_right(key, to, why_not(key.flag, to));
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
  if (!key.is_there())
    return true;
  if (!key.in.strings(key.name, to,
                      {true, nullptr, "a string or a list of them"}))
    return false;
  return std::all_of(to.begin(), to.end(), [&](const auto& one) {
    return is_right(key, one, why_not(key.flag, one));
  });
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
