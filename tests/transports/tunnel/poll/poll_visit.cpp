#define CAF_SUITE poll_visit

#include "tests/support/sim.hpp"
#include "tests/support/test.hpp"

#include "transports/tunnel/poll/poll_visit.hpp"

using namespace aps;
using namespace aps::test;

namespace {

constexpr size_t limit = 10;

/// What the HTTP session of an agent hears.
struct asking_agent final : visitor {
  void on_head(const response_head_ptr& head) override {
    heads.push_back(head);
  }
  void on_data(slice bytes) override { body += bytes.view(); }
  void on_end(const header_list&) override { ++ends; }
  void on_failed(outcome, const std::string&) override { ++ends; }
  void on_writable() override {}

  uint16_t status() const {
    return heads.size() == 1 && ends == 1 ? heads[0]->status : 0;
  }

  std::vector<response_head_ptr> heads;
  std::string body;
  int ends = 0;
};

struct noting_host final : poll_host {
  void on_body_begin(const poll_visit_ptr&) override { ++begun; }
  void on_request(poll_visit_ptr, poll_request request) override {
    requests.push_back(std::move(request));
  }
  void on_left(poll_visit_ptr) override { ++left; }

  int begun = 0;
  int left = 0;
  std::vector<poll_request> requests;
};

struct fixture {
  // Exchange and visit know each other until it is over.
  ~fixture() { end(); }

  void end() {
    if (from)
      inside([this] { from->cancel(outcome::visitor_gone); });
  }

  /// Begins a visit; without `last` a body follows.
  void begin(bool last, std::optional<uint64_t> length = {}) {
    auto head = std::make_shared<request_head>();
    head->method = "POST";
    head->last = last;
    head->content_length = length;
    end();
    from = std::make_shared<exchange>(unit, 1, head, exchange_facts{}, agent);
    poll_request request;
    request.number = 7;
    inside([&] {
      visit = std::make_shared<poll_visit>(from, host, request, limit);
      visit->start(from);
    });
  }

  void body(std::string_view text) {
    inside([&] { from->send_body(slice::copy(text)); });
  }

  template <class Work>
  void inside(Work work) {
    unit.run_inside(work);
    unit.run_all();
  }

  manual_unit unit;
  std::shared_ptr<asking_agent> agent = std::make_shared<asking_agent>();
  std::shared_ptr<noting_host> host = std::make_shared<noting_host>();
  exchange_ptr from;
  poll_visit_ptr visit;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(poll_visit_tests, fixture)

CAF_TEST(a request without body is complete at once) {
  begin(true);
  CAF_CHECK_EQUAL(host->begun, 0);
  CAF_REQUIRE_EQUAL(host->requests.size(), 1u);
  CAF_CHECK_EQUAL(host->requests[0].number, 7u);
  CAF_CHECK_EQUAL(host->requests[0].body, "");
}

CAF_TEST(a body is collected up to its limit) {
  begin(false, limit);
  CAF_CHECK_EQUAL(host->begun, 1);
  body("01234");
  body("56789");
  CAF_CHECK(host->requests.empty());
  inside([this] { from->send_end({}); });
  CAF_REQUIRE_EQUAL(host->requests.size(), 1u);
  CAF_CHECK_EQUAL(host->requests[0].body, "0123456789");
  CAF_CHECK(agent->heads.empty());
}

CAF_TEST(a body that is announced as too large is not read) {
  begin(false, limit + 1);
  CAF_CHECK_EQUAL(agent->status(), 413);
  CAF_CHECK_EQUAL(host->begun, 0);
  CAF_CHECK(host->requests.empty());
}

CAF_TEST(a body that grows too large is refused) {
  begin(false);
  body("0123456789");
  CAF_CHECK(agent->heads.empty());
  body("x");
  CAF_CHECK_EQUAL(agent->status(), 413);
  CAF_CHECK(host->requests.empty());
}

CAF_TEST(an answer has a length and no cache keeps it) {
  begin(true);
  inside([this] {
    visit->answer(
      {200, {{"Aps-Batch", "1"}}, {slice::copy("ab"), slice::copy("cde")}});
  });
  CAF_REQUIRE_EQUAL(agent->heads.size(), 1u);
  const auto& head = *agent->heads[0];
  CAF_CHECK(head.content_length == 5u);
  CAF_CHECK_EQUAL(agent->body, "abcde");
  CAF_CHECK_EQUAL(agent->ends, 1);
  CAF_CHECK_EQUAL(head.headers,
                  (header_list{{"Aps-Batch", "1"},
                               {"Cache-Control", "no-store, no-transform"},
                               {"Content-Type", "application/octet-stream"}}));
}

CAF_TEST(an answer without body has no type) {
  begin(true);
  inside([this] { visit->answer({204, {}, {}}); });
  CAF_CHECK_EQUAL(agent->status(), 204);
  const auto& head = *agent->heads[0];
  CAF_CHECK(head.content_length == 0u);
  CAF_CHECK(head.last);
  CAF_CHECK(!find_header(head.headers, "Content-Type"));
}

CAF_TEST(the first answer counts) {
  begin(true);
  inside([this] {
    visit->answer({200, {}, {}});
    visit->answer({500, {}, {}});
  });
  CAF_CHECK_EQUAL(agent->status(), 200);
}

CAF_TEST(an answer of another thread comes on ours) {
  begin(true);
  visit->answer({200, {}, {}}); // not inside of the unit
  CAF_CHECK(agent->heads.empty());
  unit.run_all();
  CAF_CHECK_EQUAL(agent->status(), 200);
}

CAF_TEST(a newer request ends an unfinished one and no other) {
  begin(false, 3);
  body("ab");
  inside([this] { visit->supersede(); });
  CAF_CHECK_EQUAL(agent->status(), poll_conflict);
  CAF_CHECK(host->requests.empty());

  agent = std::make_shared<asking_agent>();
  begin(true);
  inside([this] { visit->supersede(); });
  CAF_CHECK(agent->heads.empty());
  inside([this] { visit->answer({200, {}, {}}); });
  CAF_CHECK_EQUAL(agent->status(), 200);
}

CAF_TEST(only who left before the answer to a whole request is told) {
  begin(false, 3);
  inside([this] { from->cancel(outcome::visitor_gone); });
  CAF_CHECK_EQUAL(host->left, 0); // half a request is none
  CAF_CHECK(host->requests.empty());

  begin(true);
  inside([this] { from->cancel(outcome::visitor_gone); });
  CAF_CHECK_EQUAL(host->left, 1);
  inside([this] { visit->answer({200, {}, {}}); });
  CAF_CHECK(agent->heads.empty());

  begin(true);
  inside([this] {
    visit->answer({200, {}, {}});
    from->cancel(outcome::visitor_gone);
  });
  CAF_CHECK_EQUAL(host->left, 1);
}

CAF_TEST(who asks for no link is answered all the same) {
  auto head = std::make_shared<request_head>();
  from = std::make_shared<exchange>(unit, 1, head, exchange_facts{}, agent);
  inside([this] { answer_poll(from, {410, {{"A", "b"}}, {}}); });
  CAF_CHECK_EQUAL(agent->status(), 410);
  CAF_CHECK_EQUAL(agent->heads[0]->headers[0].value, "b");
}

CAF_TEST_FIXTURE_SCOPE_END()
