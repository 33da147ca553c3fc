#include "config/syntax/syntax.hpp"

#include "config/syntax/text.hpp"

#include <algorithm>

namespace aps::config {

namespace {

using nlohmann::json;

/// The last character before `end` that is neither space nor comment; 0 if
/// there is none.
char last_significant(std::string_view text, size_t end) {
  char result = 0;
  text = text.substr(0, end);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    if (c == '/') {
      const bool line = text.substr(i, 2) == "//";
      const auto close = line ? text.find('\n', i) : text.find("*/", i + 2);
      i = close == text.npos ? text.size() : close + (line ? 0 : 1);
    } else if (c == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\')
          ++i;
      result = '"';
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      result = c;
    }
  }
  return result;
}

/// "line 3, column 7" of the byte before `offset`.
std::string position(std::string_view text, size_t offset) {
  const auto before = text.substr(0, offset == 0 ? 0 : offset - 1);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto start = before.rfind('\n');
  const auto column
    = start == before.npos ? before.size() + 1 : before.size() - start;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// The library's sentence without its code, position and the text it read
/// last: that may be a password.
std::string reason(std::string_view text) {
  for (std::string_view mark : {"column ", ": ", "] "})
    if (const auto at = text.find(mark); at != text.npos)
      text.remove_prefix(at + mark.size());
  if (text.find("number overflow") != text.npos)
    return "a number too large to represent";
  text = text.substr(0, text.find("; last read"));
  return std::string{text};
}

problem syntax_problem(std::string_view text, size_t offset,
                       const std::string& name) {
  const auto at = std::min(offset, text.size());
  const auto token = at == 0 ? '\0' : text[at - 1];
  problem result{position(text, offset), {}, "JSON (comments allowed)", {}};
  const bool closes = token == '}' || token == ']';
  if (closes && last_significant(text, at - 1) == ',') {
    result.found = std::string{"a comma before \""} + token + "\"";
    result.allowed = "no comma after the last element";
  } else if (last_significant(text, text.size()) == 0) {
    result.found = "an empty text";
    result.allowed = "a JSON object";
  } else {
    result.found = reason(name);
  }
  return result;
}

/// Builds the value from the parser's events.
class builder : public nlohmann::json_sax<json> {
 public:
  builder(std::string_view text, problems& out) : text_(text), out_(out) {}

  json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool x) override { return add(x); }
  bool number_integer(int64_t x) override { return add(x); }
  bool number_unsigned(uint64_t x) override { return add(x); }
  bool number_float(double x, const std::string&) override { return add(x); }
  bool string(std::string& x) override { return add(std::move(x)); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override;
  bool parse_error(size_t offset, const std::string& token,
                   const json::exception& error) override;

 private:
  struct level {
    json* container;
    std::string key; ///< of the member being read
  };

  json* put(json&& value);
  bool add(json&& value) { return put(std::move(value)) != nullptr; }
  bool open(json&& value);
  bool close();
  std::string path() const;

  std::string_view text_;
  problems& out_;
  json root_;
  std::vector<level> levels_;
};

json* builder::put(json&& value) {
  if (levels_.empty())
    return &(root_ = std::move(value));
  auto& [container, key] = levels_.back();
  if (container->is_object())
    return &((*container)[key] = std::move(value));
  container->push_back(std::move(value));
  return &container->back();
}

bool builder::open(json&& value) {
  auto* container = put(std::move(value));
  levels_.push_back({container, {}});
  return true;
}

bool builder::close() {
  levels_.pop_back();
  return true;
}

bool builder::key(std::string& name) {
  auto& [container, key] = levels_.back();
  key = std::move(name);
  if (container->contains(key))
    out_.push_back({path(), "the same key twice", "each key once", {}});
  return true;
}

bool builder::parse_error(size_t offset, const std::string&,
                          const json::exception& error) {
  out_.push_back(syntax_problem(text_, offset, error.what()));
  return false;
}

/// Of the member whose key was read last.
std::string builder::path() const {
  std::string result = "$";
  for (const auto& [container, key] : levels_)
    result = container->is_object()
               ? member_path(result, key)
               : element_path(result, container->size() - 1);
  return result;
}

} // namespace

std::optional<json> parse_json(std::string_view text, problems& out) {
  if (const auto encoding = foreign_encoding(text); !encoding.empty()) {
    out.push_back(
      {position(text, 0), std::string(encoding), "UTF-8; save it as that", {}});
    return std::nullopt;
  }
  builder events{text, out};
  constexpr bool strict = true;
  constexpr bool ignore_comments = true;
  if (!json::sax_parse(text, &events, json::input_format_t::json, strict,
                       ignore_comments))
    return std::nullopt;
  return events.take();
}

} // namespace aps::config
