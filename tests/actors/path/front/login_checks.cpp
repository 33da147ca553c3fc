#define CAF_SUITE login_checks

#include "actors/path/front/login_checks.hpp"

#include "tests/actors/unit_script.hpp"
#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

using kind = login_verdict::kind;

/// Requests of one unit that wait for a login service.
class checks_script : public unit_script {
 public:
  explicit checks_script(config::seconds cache_time = {}) {
    auto context = std::make_shared<node_context>();
    context->units = std::make_shared<unit_contexts>(*system, net);
    context->alarms = std::make_shared<alarm_clock>(*system);
    config::forward_auth rule;
    rule.url = "http://login/";
    rule.timeout = config::seconds{2};
    rule.cache_time = cache_time;
    service = std::make_shared<login_service>("here", rule);
    uut = std::make_shared<login_checks>(*system, context, net.here);
  }

  ~checks_script() {
    inside([&] { uut->close(); });
  }

  /// A visitor's request; its path and address make it what it is.
  exchange_ptr request(std::string path = "/", std::string address = "::1") {
    auto out = std::make_shared<exchange>(
      net.here, ++last_id, std::make_shared<request_head>(get()),
      exchange_facts{std::move(address), "", nullptr},
      std::make_shared<test_visitor>(), 65536);
    auto pass = std::make_shared<visitor_pass>();
    pass->visitor_path = std::move(path);
    inside([&] { out->admit_with(std::move(pass)); });
    return out;
  }

  void ask(const exchange_ptr& about) {
    inside([&] {
      uut->ask(
        about, service,
        [this](const exchange_ptr& question) { questions.push_back(question); },
        [this](const login_verdict& said) { verdicts.push_back(said); });
    });
  }

  /// The service answers the last question.
  void answer_with(uint16_t status, header_list fields = {}) {
    auto link = std::make_shared<sim_link>(net.here);
    auto head = std::make_shared<response_head>();
    head->status = status;
    head->last = true;
    head->headers = std::move(fields);
    inside([&] {
      questions.back()->attach(link, session_id{1},
                               std::make_shared<test_owner>());
      questions.back()->deliver(link,
                                {questions.back()->id(), response_frame{head}});
    });
  }

  std::shared_ptr<login_service> service;
  std::shared_ptr<login_checks> uut;
  std::vector<exchange_ptr> questions;
  std::vector<login_verdict> verdicts;
  exchange_id last_id = 1000;
};

} // namespace

CAF_TEST(a question ends with its answer) {
  checks_script it;
  const auto about = it.request();
  it.ask(about);
  CAF_CHECK_EQUAL(it.uut->size(), 1u);
  it.answer_with(204, {{"Remote-User", "alice"}});
  CAF_CHECK_EQUAL(it.uut->size(), 0u);
  CAF_REQUIRE_EQUAL(it.verdicts.size(), 1u);
  CAF_CHECK(it.verdicts[0].result == kind::in);
  it.ask(it.request());
  CAF_CHECK_EQUAL(it.questions.size(), 2u);
}

CAF_TEST(a question without an answer ends in time) {
  checks_script it;
  const auto about = it.request();
  it.ask(about);
  it.pass(1900ms);
  CAF_CHECK(it.verdicts.empty());
  it.pass(200ms);
  CAF_REQUIRE_EQUAL(it.verdicts.size(), 1u);
  CAF_CHECK(it.verdicts[0].result == kind::failed);
  CAF_CHECK(it.questions[0]->over());
  CAF_CHECK_EQUAL(it.uut->size(), 0u);
}

CAF_TEST(nobody is asked for a visitor that left) {
  checks_script it;
  const auto about = it.request();
  it.ask(about);
  it.inside([&] { about->cancel(outcome::visitor_gone); });
  it.pass(1100ms);
  CAF_CHECK(it.questions[0]->over());
  CAF_CHECK_EQUAL(it.uut->size(), 0u);
}

CAF_TEST(success is remembered for the same question) {
  checks_script it{config::seconds{10}};
  it.ask(it.request("/a"));
  it.answer_with(200, {{"Remote-User", "alice"}});
  it.ask(it.request("/a"));
  CAF_CHECK_EQUAL(it.questions.size(), 1u);
  CAF_REQUIRE_EQUAL(it.verdicts.size(), 2u);
  CAF_CHECK(it.verdicts[1].fields == it.verdicts[0].fields);
  it.ask(it.request("/b"));
  CAF_CHECK_EQUAL(it.questions.size(), 2u);
  it.answer_with(403);
  it.ask(it.request("/b"));
  CAF_CHECK_EQUAL(it.questions.size(), 3u);
  it.answer_with(200, {{"Set-Cookie", "a=1"}});
  it.ask(it.request("/b"));
  CAF_CHECK_EQUAL(it.questions.size(), 4u);
  it.net.here.advance(10s);
  it.ask(it.request("/a"));
  CAF_CHECK_EQUAL(it.questions.size(), 5u);
}

CAF_TEST(one address has a part of the questions) {
  checks_script it;
  std::vector<exchange_ptr> all;
  for (uint32_t i = 0; i <= visitor_access::most_logins_of_address; ++i) {
    all.push_back(it.request());
    it.ask(all.back());
  }
  CAF_CHECK_EQUAL(it.questions.size(),
                  size_t{visitor_access::most_logins_of_address});
  CAF_REQUIRE_EQUAL(it.verdicts.size(), 1u);
  CAF_CHECK(it.verdicts[0].result == kind::failed);
  it.ask(it.request("/", "192.0.2.1"));
  CAF_CHECK_EQUAL(it.verdicts.size(), 1u);
  it.answer_with(200);
  it.inside([&] { it.uut->close(); });
  CAF_CHECK_EQUAL(it.uut->size(), 0u);
  // Their places are free again.
  it.ask(it.request());
  CAF_CHECK_EQUAL(it.uut->size(), 1u);
}

CAF_TEST(the end gives up what runs) {
  checks_script it;
  const auto about = it.request();
  it.ask(about);
  it.inside([&] { it.uut->close(); });
  CAF_CHECK(it.questions[0]->over());
  CAF_CHECK_EQUAL(it.uut->size(), 0u);
  CAF_CHECK_EQUAL(it.verdicts.size(), 1u);
}
