#include "tools/apsctl/event_parser.hpp"

namespace aps::ctl {

bool event_parser::feed(std::string_view piece, const handler& on_message) {
  rest_ += piece;
  size_t from = 0;
  for (size_t end; (end = rest_.find('\n', from)) != std::string::npos;
       from = end + 1) {
    auto text = std::string_view(rest_).substr(from, end - from);
    if (text.ends_with('\r'))
      text.remove_suffix(1);
    if (!line(text, on_message))
      return false;
  }
  rest_.erase(0, from);
  return true;
}

bool event_parser::line(std::string_view text, const handler& on_message) {
  if (!text.empty()) {
    const auto colon = text.find(':');
    auto value = colon == text.npos ? "" : text.substr(colon + 1);
    if (value.starts_with(' '))
      value.remove_prefix(1);
    field(text.substr(0, colon), value);
    return true;
  }
  const auto go_on = !has_data_ || on_message(message_);
  message_ = {message_.id, "", ""};
  has_data_ = false;
  return go_on;
}

void event_parser::field(std::string_view name, std::string_view value) {
  if (name == "id") {
    message_.id = value;
  } else if (name == "event") {
    message_.type = value;
  } else if (name == "data") {
    if (has_data_)
      message_.data += '\n';
    message_.data += value;
    has_data_ = true;
  }
}

} // namespace aps::ctl
