#define CAF_SUITE retrier

#include "actors/path/retry/retrier.hpp"

#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;
using namespace aps::test;

namespace {

/// One request of a mapping through tunnel "t", with endpoints that are there.
class retry_script {
 public:
  retry_script() {
    context->units = std::make_shared<unit_contexts>(*system, net);
    for (const auto* name : {"a", "b", "c"})
      context->live->set("t", name, true);
    desk = std::make_shared<retry_desk>(*system);
  }

  void begin(config::retry rule, request_head head = get()) {
    auto made = std::make_shared<route>();
    made->rule.tunnels = {"t"};
    made->rule.retry = std::move(rule);
    made->identity = 5;
    via = std::move(made);
    about = std::make_shared<exchange>(
      net.here, 7, std::make_shared<request_head>(std::move(head)),
      exchange_facts{"::1", "", via}, std::make_shared<test_visitor>(), 65536);
    asked.clear();
    uut = std::make_shared<retrier>(
      context, desk,
      [this](const exchange_ptr&,
             std::shared_ptr<const std::vector<endpoint_place>> places) {
        asked = *places;
      });
  }

  bool wants(const std::string& endpoint, uint16_t status,
             outcome result = outcome::ok) {
    carrier by;
    by.tunnel = "t";
    by.endpoint = endpoint;
    const auto out = uut->wants_again(*about, by, result, status);
    if (out)
      uut->ask_again(about);
    return out;
  }

  one_unit net;
  script_system system;
  std::shared_ptr<node_context> context = std::make_shared<node_context>();
  std::shared_ptr<retry_desk> desk;
  std::shared_ptr<const route> via;
  std::shared_ptr<retrier> uut;
  exchange_ptr about;
  std::vector<endpoint_place> asked;
};

using places = std::vector<endpoint_place>;

} // namespace

CAF_TEST(each endpoint is asked once until enough were) {
  retry_script it;
  config::retry rule;
  rule.attempts = 3;
  it.begin(rule);
  CAF_CHECK(it.wants("a", 503));
  CAF_CHECK(it.asked == (places{{"t", "a"}}));
  CAF_CHECK(it.wants("b", 502));
  CAF_CHECK(it.asked == (places{{"t", "a"}, {"t", "b"}}));
  CAF_CHECK(!it.wants("c", 502));
}

CAF_TEST(an answer that is good stays) {
  retry_script it;
  it.begin({});
  CAF_CHECK(!it.wants("a", 200));
  CAF_CHECK(!it.wants("a", 0, outcome::cut));
  CAF_CHECK(it.wants("a", 0, outcome::origin_refused));
}

CAF_TEST(methods decide whether it may be sent again) {
  retry_script it;
  it.begin({}, post());
  CAF_CHECK(!it.wants("a", 503));
  config::retry rule;
  rule.methods = {"POST"};
  it.begin(rule, post());
  CAF_CHECK(it.wants("a", 503));
  it.begin(rule);
  CAF_CHECK(!it.wants("a", 503));
  auto keyed = post();
  keyed.headers = {{"Idempotency-Key", "1"}};
  it.begin({}, keyed);
  CAF_CHECK(it.wants("a", 503));
}

CAF_TEST(who is alone keeps its answer) {
  retry_script it;
  it.context->live->set("t", "b", false);
  it.context->drains->add(drain_register::endpoint("t", "c"));
  it.begin({});
  CAF_CHECK(!it.wants("a", 503));
  it.context->live->set("t", "b", true);
  it.begin({});
  CAF_CHECK(it.wants("a", 503));
}

CAF_TEST(the budget is one for all requests of a mapping) {
  retry_script it;
  uint32_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    it.begin({});
    it.desk->note_request(*it.via, it.net.here.now());
    sent += it.wants("a", 503);
  }
  CAF_CHECK_EQUAL(sent, 20u);
}

CAF_TEST(budgets of mappings that are gone are forgotten) {
  retry_script it;
  const auto start = it.net.here.now();
  for (uint64_t i = 0; i < 100; ++i) { // a reload each second
    route via;
    via.rule.retry = config::retry{};
    via.identity = i;
    it.desk->note_request(via, start + std::chrono::seconds(i));
    CAF_CHECK(it.desk->size() <= 20);
  }
}
