#include "transports/http/body_writer.hpp"

#include "transports/http/fields.hpp"

#include <cassert>
#include <charconv>

namespace aps {

bool body_writer::data(output_queue& to, slice bytes) {
  if (bytes.empty())
    return true;
  switch (framing_) {
    case body_framing::none:
      return false;
    case body_framing::length:
      if (bytes.size() > left_)
        return false;
      assert(bytes.size() <= left_);
      left_ -= bytes.size();
      to.payload(std::move(bytes));
      return true;
    case body_framing::chunked: {
      char size[20];
      const auto end = std::to_chars(size, size + 16, bytes.size(), 16).ptr;
      to.text().append(size, end).append("\r\n");
      to.payload(std::move(bytes));
      to.text() += "\r\n";
      return true;
    }
    case body_framing::until_close:
    case body_framing::raw:
      to.payload(std::move(bytes));
      return true;
  }
  return false;
}

bool body_writer::end(output_queue& to, const header_list& trailers) {
  const auto framing = framing_;
  framing_ = body_framing::none;
  if (framing == body_framing::length)
    return left_ == 0;
  if (framing == body_framing::chunked) {
    auto& text = to.text();
    text += "0\r\n";
    for (const auto& [name, value] : trailers)
      if (allowed_in_trailers(name))
        append_field(text, name, value);
    text += "\r\n";
  }
  return true;
}

} // namespace aps
