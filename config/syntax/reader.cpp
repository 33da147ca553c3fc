#include "config/syntax/reader.hpp"

#include "config/syntax/text.hpp"

#include <algorithm>
#include <cmath>

namespace aps::config {

using nlohmann::json;

namespace {

std::string counted(size_t n, const std::string& word) {
  return std::to_string(n) + " " + word + (n == 1 ? "" : "s");
}

/// Characters, not bytes, of UTF-8.
size_t length(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

/// Without ".0" at a whole number's end.
std::string number(double value) {
  const auto whole = whole_number(value);
  return whole ? std::to_string(*whole) : json(value).dump();
}

template <class T>
std::string between(const std::string& kind, T low, T high) {
  if constexpr (std::is_floating_point_v<T>)
    return kind + " from " + number(low) + " to " + number(high);
  else
    return kind + " from " + std::to_string(low) + " to "
           + std::to_string(high);
}

// Reference and text, with a zero byte between.
std::pair<std::string, std::string> parts_of(const json& expanded) {
  const auto& bytes = expanded.get_binary();
  const auto end = std::find(bytes.begin(), bytes.end(), 0);
  return {{bytes.begin(), end}, {end + (end != bytes.end()), bytes.end()}};
}

std::string describe_expanded(const json& value, bool secret) {
  const auto& [reference, text] = parts_of(value);
  // What is in a file is more than a number by mistake, and perhaps secret.
  secret = secret || reference.starts_with("${file:");
  return reference + ", which is "
         + (secret ? counted(length(text), "character") : quote(text));
}

} // namespace

json expanded_value(std::string_view reference, std::string_view text) {
  json::binary_t bytes;
  bytes.insert(bytes.end(), reference.begin(), reference.end());
  bytes.push_back(0);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

json scalar_of(const json& value) {
  if (!value.is_binary())
    return value;
  auto read = json::parse(parts_of(value).second, nullptr, false);
  return read.is_number() || read.is_boolean() ? read : value;
}

json text_of(const json& value) {
  return value.is_binary() ? json(parts_of(value).second) : value;
}

std::string describe(const json& value, bool secret) {
  switch (value.type()) {
    case json::value_t::binary: return describe_expanded(value, secret);
    case json::value_t::string: {
      const auto& text = value.get_ref<const std::string&>();
      return secret ? "a string of " + counted(length(text), "character")
                    : "the string " + quote(text);
    }
    case json::value_t::object: return "an object";
    case json::value_t::array:
      return "a list of " + counted(value.size(), "element");
    case json::value_t::boolean:
    case json::value_t::null: return secret ? "no string" : value.dump();
    default: return secret ? "a number" : "the number " + value.dump();
  }
}

std::optional<uint64_t> whole_number(const json& value) {
  if (value.is_number_unsigned())
    return value.get<uint64_t>();
  if (!value.is_number()) // an integer with a sign: -0 is 0
    return std::nullopt;
  const auto number = value.get<double>();
  constexpr double exact = 9007199254740992; // 2^53
  if (number < 0 || number > exact || std::trunc(number) != number)
    return std::nullopt;
  return static_cast<uint64_t>(number);
}

reader::reader(const json* value, std::string path, problems& out,
               const char* allowed)
    : value_(value), path_(std::move(path)), out_(out) {
  if (value_ && !value_->is_object()) {
    // A bare string may be a misplaced password.
    const bool secret = value_->is_string() || value_->is_binary();
    fail(path_, describe(*value_, secret), allowed);
    value_ = nullptr;
  }
}

std::string reader::path(std::string_view key) const {
  return member_path(path_, key);
}

template <class Convert>
const json* reader::converted(const char* key, Convert convert) {
  if (!value_)
    return nullptr;
  known_.push_back(key);
  const auto at = value_->find(key);
  if (at == value_->end())
    return nullptr;
  const auto is_expanded = [](const json& value) { return value.is_binary(); };
  if (is_expanded(*at))
    return &(read_[key] = convert(*at));
  if (!at->is_array() || std::none_of(at->begin(), at->end(), is_expanded))
    return &*at;
  auto& list = read_[key] = *at;
  for (auto& element : list)
    element = convert(element);
  return &list;
}

const json* reader::member(const char* key) {
  return converted(key, text_of);
}

const json* reader::scalar(const char* key) {
  return converted(key, scalar_of);
}

std::string reader::found(const char* key) const {
  return describe((*value_)[key]);
}

std::string reader::found(const char* key, size_t index) const {
  return describe((*value_)[key][index]);
}

bool reader::require(const char* key, const char* allowed) {
  if (!value_ || value_->contains(key))
    return true;
  return fail(path(key), "nothing", allowed);
}

reader reader::object(const char* key) {
  const auto* value = member(key);
  return {value, path(key), out_};
}

bool reader::boolean(const char* key, bool& to) {
  const auto* value = scalar(key);
  if (!value)
    return true;
  if (!value->is_boolean())
    return fail(path(key), found(key), "true or false");
  to = value->get<bool>();
  return true;
}

bool reader::whole(const char* key, uint64_t& to, range<uint64_t> limits) {
  const auto* value = scalar(key);
  if (!value)
    return true;
  const auto number = whole_number(*value);
  if (!number || *number < limits.low || *number > limits.high)
    return fail(path(key), found(key),
                between("an integer", limits.low, limits.high));
  to = *number;
  return true;
}

bool reader::duration(const char* key, seconds& to,
                      const duration_range& limits) {
  const auto* value = scalar(key);
  if (!value)
    return true;
  const auto number = value->is_number() ? value->get<double>() : -1.0;
  const bool off = limits.or_zero && number == 0;
  if (!off && !(number >= limits.low && number <= limits.high))
    return fail(path(key), found(key),
                between("seconds", limits.low, limits.high)
                  + (limits.or_zero && limits.low > 0 ? ", or 0" : ""));
  to = seconds{number};
  return true;
}

bool reader::word(const char* key, std::string& to,
                  const std::vector<std::string>& words) {
  const auto* value = member(key);
  if (!value)
    return true;
  const auto text = value->is_string() ? value->get<std::string>() : "";
  auto meaning = meant(text, words);
  if (meaning.empty())
    return fail(path(key), found(key), "one of " + joined(words),
                nearest(text, words));
  to = std::move(meaning);
  return true;
}

bool reader::text(const char* key, std::string& to, size_t max_bytes) {
  return words(key, to, max_bytes, false);
}

bool reader::secret(const char* key, std::string& to, size_t max_bytes) {
  return words(key, to, max_bytes, true);
}

bool reader::words(const char* key, std::string& to, size_t max_bytes,
                   bool secret) {
  const auto* value = member(key);
  if (!value)
    return true;
  if (value->is_string()) {
    const auto& text = value->get_ref<const std::string&>();
    if (!text.empty() && text.size() <= max_bytes) {
      to = text;
      return true;
    }
  }
  return fail(path(key), describe(*value, secret),
              "a string of 1 to " + std::to_string(max_bytes) + " bytes");
}

bool reader::strings(const char* key, std::vector<std::string>& to,
                     const list_rule& rule) {
  const auto* value = member(key);
  if (!value)
    return true;
  if (rule.or_string && value->is_string())
    return element(*value, found(key), path(key), to, rule);
  if (!value->is_array() || value->empty())
    return fail(path(key), describe(*value), rule.noun);
  bool ok = true;
  for (size_t i = 0; i < value->size(); ++i)
    ok &= element((*value)[i], found(key, i), element_path(path(key), i), to,
                  rule);
  return ok;
}

bool reader::element(const json& value, const std::string& told,
                     std::string path, std::vector<std::string>& to,
                     const list_rule& rule) {
  const auto text = value.is_string() ? value.get<std::string>() : "";
  if (!is_name(text))
    return fail(std::move(path), told, name_rule);
  if (std::find(to.begin(), to.end(), text) != to.end())
    return fail(std::move(path), told + " again", "each name once");
  to.push_back(text);
  if (rule.known
      && std::find(rule.known->begin(), rule.known->end(), text)
           == rule.known->end())
    return fail(std::move(path), told,
                rule.known->empty() ? "a name, but none is defined"
                                    : "one of " + joined(*rule.known),
                nearest(text, *rule.known));
  return true;
}

bool reader::fits(std::string_view key) const {
  return std::none_of(out_.begin(), out_.end(),
                      [place = path(key)](const problem& problem) {
                        return problem.path == place;
                      });
}

bool reader::fail(std::string path, std::string found, std::string allowed,
                  std::string hint) {
  out_.push_back(
    {std::move(path), std::move(found), std::move(allowed), std::move(hint)});
  return false;
}

void reader::hint(std::string key, std::string meant) {
  hints_.insert_or_assign(std::move(key), std::move(meant));
}

// Each once, as they were asked for first.
std::vector<std::string> reader::known_keys() const {
  std::vector<std::string> out;
  for (const std::string key : known_)
    if (std::find(out.begin(), out.end(), key) == out.end())
      out.push_back(key);
  return out;
}

void reader::finish() {
  if (!value_)
    return;
  for (const auto& [key, value] : value_->items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end())
      continue;
    const auto known = known_keys();
    const auto hint = hints_.find(key);
    fail(path(key), "an unknown key", "one of " + joined(known),
         hint == hints_.end() ? nearest(key, known) : hint->second);
  }
}

} // namespace aps::config
