#define CAF_SUITE tools.event_parser

#include "tests/support/test.hpp"

#include "tools/apsctl/event_parser.hpp"

using namespace aps::ctl;

namespace {

using lines = std::vector<std::string>;

/// The messages of a stream that comes in pieces of `step` bytes, each as
/// "id|type|data".
lines messages(std::string_view stream, size_t step = 1) {
  lines out;
  event_parser parser;
  for (; !stream.empty(); stream.remove_prefix(std::min(step, stream.size())))
    CAF_CHECK(
      parser.feed(stream.substr(0, step), [&](const client::message& message) {
        out.push_back(message.id + "|" + message.type + "|" + message.data);
        return true;
      }));
  return out;
}

} // namespace

CAF_TEST(messages are the same in whatever pieces they come) {
  const std::string stream = "id: 1\nevent: up\ndata: {\"a\": 1}\n\n"
                             "id: 2\r\nevent: down\r\ndata: x\r\n\r\n";
  const lines expected{"1|up|{\"a\": 1}", "2|down|x"};
  for (size_t step = 1; step <= stream.size(); ++step)
    CAF_CHECK_EQUAL(messages(stream, step), expected);
}

CAF_TEST(a message is over at its empty line and not before) {
  CAF_CHECK_EQUAL(messages("data: a\n"), lines{});
  CAF_CHECK_EQUAL(messages("data: a\n\n"), lines{"||a"});
  CAF_CHECK_EQUAL(messages("data: a\n\n\n\ndata: b\n\n"),
                  (lines{"||a", "||b"}));
}

CAF_TEST(data of several lines is one text) {
  CAF_CHECK_EQUAL(messages("data: a\ndata:\ndata: b\n\n"), lines{"||a\n\nb"});
}

CAF_TEST(what has no data is no message) {
  CAF_CHECK_EQUAL(messages("event: up\n\ndata: a\n\n"), lines{"||a"});
  CAF_CHECK_EQUAL(messages("data\n\n"), lines{"||"});
}

CAF_TEST(an id stays and a type does not ) {
  CAF_CHECK_EQUAL(messages("id: 7\nevent: up\ndata: a\n\ndata: b\n\n"),
                  (lines{"7|up|a", "7||b"}));
}

CAF_TEST(comments and other fields say nothing) {
  CAF_CHECK_EQUAL(messages(": still here\nretry: 5\nDATA: x\ndata: a\n\n"),
                  lines{"||a"});
}

CAF_TEST(one blank goes behind the colon and colons stay) {
  CAF_CHECK_EQUAL(messages("data:  a: b \n\ndata:c\n\n"),
                  (lines{"|| a: b ", "||c"}));
}

CAF_TEST(who has heard enough hears no more) {
  event_parser parser;
  int heard = 0;
  const auto once = [&](const client::message&) { return ++heard < 1; };
  CAF_CHECK(!parser.feed("data: a\n\ndata: b\n\n", once));
  CAF_CHECK_EQUAL(heard, 1);
}
