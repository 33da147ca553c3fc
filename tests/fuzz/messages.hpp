#pragma once

#include "tests/fuzz/fuzz.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/parser.hpp"

#include <algorithm>
#include <string>
#include <utility>

/// HTTP messages in pieces of any size, and as text again.
namespace aps::fuzz {

/// All that a parser says about one message.
struct outcome_of_message {
  parse_fault fault = parse_fault::none;
  bool head_done = false;
  bool done = false;
  message_head head;
  header_list trailers;
  std::string body;
  size_t used = 0; ///< bytes of the input
};

/// Feeds `text` so that each look of the parser sees `step` more bytes of it,
/// as a socket would bring them; 0 = all at once.
template <bool IsRequest>
outcome_of_message read(std::string_view text, size_t step,
                        const parse_limits& limits, bool no_body = false,
                        bool eof = true) {
  message_parser<IsRequest> uut{limits};
  uut.reset(no_body);
  outcome_of_message out;
  size_t begin = 0;
  size_t end = step == 0 ? text.size() : std::min(step, text.size());
  const std::shared_ptr<const void> nobody;
  while (!uut.done() && uut.fault() == parse_fault::none) {
    // In a block of its own size, so that no byte behind it can be read.
    const std::string block{text.substr(begin, end - begin)};
    const auto had_head = uut.head_done();
    const auto used = uut.feed(nobody, block, SIZE_MAX, SIZE_MAX);
    APS_REQUIRE(used <= block.size());
    begin += used;
    for (const auto& piece : uut.body())
      out.body += piece.view();
    uut.body().clear();
    if (used > 0 || uut.head_done() != had_head)
      if (begin < end)
        continue;
    if (end == text.size())
      break;
    end = step == 0 ? text.size() : std::min(end + step, text.size());
  }
  if (eof)
    uut.feed_eof();
  out.fault = uut.fault();
  out.head_done = uut.head_done();
  out.done = uut.done();
  out.head = uut.head();
  out.trailers = uut.trailers();
  out.used = begin;
  APS_REQUIRE(!(out.done && out.fault != parse_fault::none));
  APS_REQUIRE(!out.done || out.head_done);
  return out;
}

inline bool operator==(const message_head& x, const message_head& y) {
  return x.method == y.method && x.target == y.target && x.status == y.status
         && x.reason == y.reason && x.version == y.version
         && x.headers == y.headers && x.has_body == y.has_body
         && x.chunked == y.chunked && x.until_close == y.until_close
         && x.keep_alive == y.keep_alive && x.upgrade == y.upgrade
         && x.content_length == y.content_length;
}

/// One message read in two ways has to be the same message.
inline void require_equal(const outcome_of_message& x,
                          const outcome_of_message& y) {
  APS_REQUIRE(x.done == y.done);
  APS_REQUIRE((x.fault == parse_fault::none) == (y.fault == parse_fault::none));
  if (!x.done)
    return;
  APS_REQUIRE(x.head == y.head);
  APS_REQUIRE(x.body == y.body);
  APS_REQUIRE(x.trailers == y.trailers);
  APS_REQUIRE(x.used == y.used);
}

/// The message as its sender would have written it.
template <bool IsRequest>
std::string write(const outcome_of_message& what) {
  const auto& head = what.head;
  std::string out;
  const std::string version = head.version == 10 ? "HTTP/1.0" : "HTTP/1.1";
  if (IsRequest)
    out = head.method + " " + head.target + " " + version + "\r\n";
  else
    out = version + " " + std::to_string(head.status) + " " + head.reason
          + "\r\n";
  for (const auto& field : head.headers)
    out += field.name + ": " + field.value + "\r\n";
  out += "\r\n";
  if (!head.chunked)
    return out + what.body;
  if (!what.body.empty()) {
    char size[24];
    std::snprintf(size, sizeof(size), "%zx\r\n", what.body.size());
    out += size + what.body + "\r\n";
  }
  out += "0\r\n";
  for (const auto& field : what.trailers)
    out += field.name + ": " + field.value + "\r\n";
  return out + "\r\n";
}

/// No field that was taken can break a message apart when it is passed on.
inline void require_safe(const outcome_of_message& what) {
  for (const auto* list : {&what.head.headers, &what.trailers})
    for (const auto& field : *list) {
      APS_REQUIRE(is_token(field.name));
      APS_REQUIRE(field.value.find_first_of(std::string_view{"\r\n\0", 3})
                  == std::string::npos);
      APS_REQUIRE(trimmed(field.value) == field.value);
    }
  for (const auto* text :
       {&what.head.method, &what.head.target, &what.head.reason})
    APS_REQUIRE(text->find_first_of(std::string_view{"\r\n\0", 3})
                == std::string::npos);
}

/// The promises of both parsers for one input.
template <bool IsRequest>
void check(std::string_view text, size_t step, const parse_limits& limits,
           bool no_body = false) {
  const auto whole = read<IsRequest>(text, 0, limits, no_body);
  require_equal(whole, read<IsRequest>(text, 1, limits, no_body));
  require_equal(whole, read<IsRequest>(text, step, limits, no_body));
  if (!whole.head_done || whole.fault != parse_fault::none)
    return;
  require_safe(whole);
  APS_REQUIRE(whole.head.headers.size() + whole.trailers.size()
              <= limits.headers);
  APS_REQUIRE(limits.body_bytes == 0 || whole.body.size() <= limits.body_bytes);
  if (!whole.done)
    return;
  // What is passed on says the same to whoever reads it next.
  const auto again = read<IsRequest>(write<IsRequest>(whole), 0,
                                     {1 << 20, 1000, 0}, no_body);
  APS_REQUIRE(again.done);
  APS_REQUIRE(again.head == whole.head);
  APS_REQUIRE(again.body == whole.body);
  APS_REQUIRE(again.trailers == whole.trailers);
}

} // namespace aps::fuzz
