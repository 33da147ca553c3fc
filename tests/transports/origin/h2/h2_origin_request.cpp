#define CAF_SUITE h2_origin_request

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"
#include "tests/transports/origin/h2_server.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t internal = h2_code::internal_error;

void reset(const h2_server::request& asked, uint32_t code) {
  asked.session().reset(asked.stream, code);
  asked.connection->pump_soon();
}

origin_options impatient() {
  origin_options out;
  out.read_timeout = out.send_timeout = 300ms;
  return out;
}

struct answered {
  unsigned status;
  std::string outcome;
  int asked;
};

/// What a visitor gets when the origin does so with each request.
answered outcome_of(const h2_server::handler& answer,
                    const std::string& request = get("/"),
                    const origin_options& options = {}) {
  h2_server origin{answer};
  proxy node{origin.port(), {}, options, "h2c"};
  auto visitor = node.dial();
  visitor.send(request);
  const auto got = visitor.read_response();
  return {got.head.status, got["aps-outcome"], origin.asked()};
}

} // namespace

CAF_TEST(each end of a stream has its outcome) {
  struct row {
    std::string name;
    h2_server::handler answer;
    std::string outcome;
    int asked;
  };
  const row rows[] = {
    {"reset", [](const auto& asked) { reset(asked, internal); },
     "origin-closed", 1},
    {"ended without an answer",
     [](const auto& asked) { reset(asked, h2_code::no_error); },
     "origin-closed", 1},
    {"never looked at",
     [](const auto& asked) { reset(asked, h2_code::refused_stream); },
     "origin-closed", 2},
    {"connection closed", [](const auto& asked) { asked.connection->close(); },
     "origin-closed", 1},
    {"connection ended with an error",
     [](const auto& asked) {
       asked.session().terminate(internal);
       asked.connection->pump();
     },
     "origin-closed", 2},
    {"switching protocols",
     [](const auto& asked) {
       asked.session().respond(asked.stream, {{":status", "101"}}, true);
       asked.connection->pump();
     },
     "origin-closed", 1}};
  for (const auto& row : rows) {
    CAF_MESSAGE(row.name);
    const auto got = outcome_of(row.answer);
    CAF_CHECK_EQUAL(got.status, 502u);
    CAF_CHECK_EQUAL(got.outcome, row.outcome);
    CAF_CHECK_EQUAL(got.asked, row.asked);
  }
}

CAF_TEST(hints pass and their number is limited) {
  const auto hints = [](int count) {
    return [count](const h2_server::request& asked) {
      for (int i = 0; i < count; ++i)
        asked.session().interim(asked.stream,
                                {{":status", "103"}, {"link", "</a>"}});
      asked.reply("x");
    };
  };
  CAF_CHECK_EQUAL(outcome_of(hints(3)).status, 103u);
  h2_server origin{hints(100)};
  proxy node{origin.port(), {}, {}, "h2c"};
  auto visitor = node.dial();
  visitor.send(get("/"));
  auto got = visitor.read_response();
  while (got.head.status == 103)
    got = visitor.read_response();
  CAF_CHECK_EQUAL(got["aps-outcome"], "origin-protocol");
}

CAF_TEST(an answer that stops is cut) {
  h2_server origin{[](const h2_server::request& asked) {
    asked.session().respond(asked.stream, {{":status", "200"}}, false);
    asked.session().write(asked.stream, slice::copy("x"));
    asked.connection->pump_soon();
  }};
  proxy node{origin.port(), {}, impatient(), "h2c"};
  auto visitor = node.dial();
  visitor.send(get("/"));
  CAF_CHECK(!visitor.read_response().complete);
}

CAF_TEST(events may be silent) {
  h2_server origin{[](const h2_server::request& asked) {
    asked.session().respond(
      asked.stream, {{":status", "200"}, {"content-type", "text/event-stream"}},
      false);
    asked.session().write(asked.stream, slice::copy("x"));
    asked.connection->pump_soon();
  }};
  proxy node{origin.port(), {}, impatient(), "h2c"};
  auto visitor = node.dial();
  visitor.send(get("/"));
  std::this_thread::sleep_for(1s); // longer than others may be
  origin.each([](auto& connection) {
    connection.session().finish(1);
    connection.pump();
  });
  const auto got = visitor.read_response();
  CAF_CHECK(got.complete);
  CAF_CHECK_EQUAL(got.body, "x");
}

CAF_TEST(an answer before the end of the request is the whole answer) {
  h2_server origin{
    [](const h2_server::request& asked) { asked.reply("enough"); }};
  proxy node{origin.port(), {}, {}, "h2c"};
  auto visitor = node.dial();
  visitor.send("POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 9"
               "\r\n\r\nx");
  CAF_CHECK_EQUAL(visitor.read_response().body, "enough");
}
