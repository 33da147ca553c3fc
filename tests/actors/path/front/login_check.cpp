#define CAF_SUITE login_check

#include "actors/path/front/login_check.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;
using namespace aps::test;

namespace {

config::forward_auth rule() {
  config::forward_auth out;
  out.url = "http://login/auth";
  return out;
}

/// A request that waits, and the service that is asked about it.
struct fixture {
  fixture() {
    auto head = std::make_shared<request_head>(post());
    head->headers = {{"Host", "target"}};
    about = std::make_shared<exchange>(unit, 7, head, exchange_facts{},
                                       visitor_side, 4096);
    const auto service = std::make_shared<login_service>("here", rule());
    uut = std::make_shared<login_check>(
      about, service,
      [this](const login_verdict& verdict) { told.push_back(verdict); },
      [this] { ++ends; });
    to_service = std::make_shared<sim_link>(unit);
    question = uut->make_question(8, service->question(*about->head(), "/"));
    unit.run_inside([&] {
      question->attach(to_service, session_id{1},
                       std::make_shared<test_owner>());
    });
    unit.run_all();
  }

  void say(frame::kind kind) {
    unit.run_inside([&] {
      question->deliver(to_service, {8, std::move(kind)});
    });
    unit.run_all();
  }

  void say_head(uint16_t status, header_list fields = {}, bool last = false) {
    auto head = std::make_shared<response_head>();
    head->status = status;
    head->headers = std::move(fields);
    head->last = last;
    say(response_frame{head});
  }

  void say_body(std::string_view text) {
    say(data_frame{sent, slice::copy(text)});
    sent += text.size();
  }

  void say_end() { say(end_frame{sent, {}}); }

  uint64_t credit() const {
    uint64_t out = 0;
    for (const auto& each : to_service->out)
      if (const auto* ack = std::get_if<ack_frame>(&each.body))
        out = std::max(out, ack->offset + ack->window);
    return out;
  }

  manual_unit unit;
  std::shared_ptr<test_visitor> visitor_side = std::make_shared<test_visitor>();
  exchange_ptr about;
  std::shared_ptr<login_check> uut;
  exchange_ptr question;
  std::shared_ptr<sim_link> to_service;
  std::vector<login_verdict> told;
  uint64_t sent = 0;
  int ends = 0;
};

using kind = login_verdict::kind;

} // namespace

CAF_TEST_FIXTURE_SCOPE(login_check_tests, fixture)

CAF_TEST(a head of success is enough) {
  say_head(103);
  CAF_CHECK(told.empty());
  say_head(202, {{"Remote-User", "alice"}, {"Set-Cookie", "a=1"}});
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(told[0].result == kind::in);
  CAF_CHECK_EQUAL(told[0].status, 202u);
  CAF_CHECK_EQUAL(told[0].fields.size(), 1u);
  CAF_CHECK_EQUAL(told[0].cookies.size(), 1u);
  CAF_CHECK_EQUAL(ends, 0);
  say_body("welcome");
  say_end();
  CAF_CHECK_EQUAL(ends, 1);
  CAF_CHECK(visitor_side->heads.empty());
  CAF_CHECK_EQUAL(told.size(), 1u);
}

CAF_TEST(a refusal goes to the visitor whole) {
  say_head(302, {{"Location", "http://login/"}});
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(told[0].result == kind::answered);
  CAF_CHECK_EQUAL(visitor_side->heads, (std::vector<int>{302}));
  say_body("go there");
  CAF_CHECK_EQUAL(visitor_side->body, "go there");
  CAF_CHECK_EQUAL(visitor_side->ends, 0);
  say_end();
  CAF_CHECK_EQUAL(visitor_side->ends, 1);
  CAF_CHECK(!visitor_side->failure);
  CAF_CHECK(about->over());
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(a refusal without a body) {
  say_head(401, {}, true);
  CAF_CHECK_EQUAL(visitor_side->heads, (std::vector<int>{401}));
  CAF_CHECK_EQUAL(visitor_side->ends, 1);
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(a refusal waits for its reader) {
  say_head(401);
  const std::string piece(16 * 1024, 'x');
  uint64_t said = 0;
  // As much as there is credit for, and the visitor takes none of it.
  while (said + piece.size() <= 64 * 1024) {
    say_body(piece);
    said += piece.size();
  }
  CAF_CHECK_EQUAL(visitor_side->body.size(), 4096u);
  const auto before = credit();
  const auto read = [&] {
    const auto got = visitor_side->body.size() - visitor_side->consumed;
    visitor_side->consumed += got;
    unit.run_inside([&] { about->consumed(got); });
    unit.run_all();
  };
  read();
  CAF_CHECK_GREATER(visitor_side->body.size(), 4096u);
  CAF_CHECK_GREATER_OR_EQUAL(credit(), before);
  for (int i = 0; i < 100 && visitor_side->body.size() < said; ++i)
    read();
  say_end();
  CAF_CHECK_EQUAL(visitor_side->body.size(), said);
  CAF_CHECK_EQUAL(visitor_side->ends, 1);
}

CAF_TEST(a refusal that is cut is cut for the visitor) {
  say_head(401);
  say_body("half");
  say(reset_frame{outcome::origin_closed, "gone"});
  CAF_CHECK_EQUAL(visitor_side->failure.value_or(outcome::ok),
                  outcome::origin_closed);
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(a service that fails says nothing) {
  say(reset_frame{outcome::origin_refused, "nobody listens"});
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(told[0].result == kind::failed);
  CAF_CHECK_EQUAL(told[0].why, "nobody listens");
  CAF_CHECK_EQUAL(ends, 1);
  CAF_CHECK(!about->over());
}

CAF_TEST(answers that answer nothing do not count) {
  say_head(304);
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(told[0].result == kind::failed);
  CAF_CHECK(question->over());
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(time is up) {
  unit.run_inside([&] { uut->expire("too late"); });
  unit.run_all();
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(told[0].result == kind::failed);
  CAF_CHECK_EQUAL(told[0].why, "too late");
  CAF_CHECK(question->over());
  CAF_CHECK_EQUAL(ends, 1);
  say_head(202);
  CAF_CHECK_EQUAL(told.size(), 1u);
}

CAF_TEST(an answer under way has its visitors time) {
  say_head(401);
  say_body("slow");
  unit.run_inside([&] { uut->expire("too late"); });
  unit.run_all();
  CAF_CHECK(!question->over());
  say_end();
  CAF_CHECK_EQUAL(visitor_side->ends, 1);
  CAF_CHECK(!visitor_side->failure);
}

CAF_TEST(the rest of a success has an end) {
  say_head(200);
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 5 && !question->over(); ++i)
    say_body(piece);
  CAF_CHECK(question->over());
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(a visitor that leaves its refusal ends the question) {
  say_head(401);
  say_body("some");
  unit.run_inside([&] { about->cancel(outcome::visitor_gone); });
  unit.run_all();
  CAF_CHECK(question->over());
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(a visitor that left before is asked about no longer) {
  unit.run_inside([&] { about->cancel(outcome::visitor_gone); });
  unit.run_all();
  CAF_CHECK(uut->is_idle());
  say_head(202);
  CAF_CHECK(question->over());
  CAF_CHECK_EQUAL(ends, 1);
}

CAF_TEST(nothing is left of it) {
  const std::weak_ptr<login_check> watched = uut;
  const std::weak_ptr<exchange> asked = question;
  say_head(401);
  say_body("some");
  say_end();
  uut = nullptr;
  question = nullptr;
  to_service->out.clear();
  unit.run_all();
  CAF_CHECK(watched.expired());
  CAF_CHECK(asked.expired());
}

CAF_TEST_FIXTURE_SCOPE_END()
