#define CAF_SUITE agent_metrics

#include "actors/agent/agent_metrics.hpp"
#include "tests/actors/watch/metric_reader.hpp"
#include "tests/support/test.hpp"

#include <memory>

using namespace aps;

namespace {

struct fixture : test::metric_reader {
  /// Of the one metric of that name.
  std::string sum(const std::string& name) {
    const auto text = all();
    const auto at = text.find("\naps_agent_" + name + "{");
    if (at == text.npos)
      return "(none)";
    const auto begin = text.find("} ", at) + 2;
    return text.substr(begin, text.find(' ', begin) - begin);
  }

  std::unique_ptr<agent_metrics> make() {
    return std::make_unique<agent_metrics>(
      registry, agent_metrics::names{"t", "e", "s:1"},
      std::vector<transport_kind>{transport_kind::grpc});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(agent_metrics_tests, fixture)

CAF_TEST(exchanges are live until they are over or given up) {
  const auto uut = make();
  for (int i = 0; i < 3; ++i)
    uut->on_started();
  CAF_CHECK_EQUAL(sum("exchanges_started_total"), "3");
  CAF_CHECK_EQUAL(sum("exchanges_live"), "3");
  uut->on_over();
  CAF_CHECK_EQUAL(sum("exchanges_live"), "2");
  uut->on_abandoned();
  CAF_CHECK_EQUAL(sum("exchanges_live"), "1");
  CAF_CHECK_EQUAL(sum("exchanges_abandoned_total"), "1");
  CAF_CHECK_EQUAL(uut->started(), 3u);
  CAF_CHECK_EQUAL(uut->abandoned(), 1u);
}

CAF_TEST(two agents of one name share what is shown and not what they know) {
  const auto one = make();
  auto other = make();
  one->on_started();
  other->on_started();
  other->on_started();
  one->set_live(transport_kind::grpc, 2);
  other->set_live(transport_kind::grpc, 3);
  CAF_CHECK_EQUAL(sum("exchanges_live"), "3");
  CAF_CHECK_EQUAL(sum("connections"), "5");
  CAF_CHECK_EQUAL(one->started(), 1u);
  other.reset(); // takes what is its own
  CAF_CHECK_EQUAL(sum("exchanges_live"), "1");
  CAF_CHECK_EQUAL(sum("connections"), "2");
  CAF_CHECK_EQUAL(sum("exchanges_started_total"), "3");
}

CAF_TEST(live connections are as many as was said last) {
  const auto uut = make();
  uut->set_live(transport_kind::grpc, 4);
  uut->set_live(transport_kind::grpc, 1);
  CAF_CHECK_EQUAL(sum("connections"), "1");
  uut->set_live(transport_kind::grpc, 0);
  CAF_CHECK_EQUAL(sum("connections"), "0");
}

CAF_TEST(dials and losses are counted apart) {
  const auto uut = make();
  for (int i = 0; i < 3; ++i)
    uut->on_dial(transport_kind::grpc);
  uut->on_dial_failed(transport_kind::grpc);
  uut->on_dial_failed(transport_kind::grpc);
  uut->on_lost(transport_kind::grpc);
  CAF_CHECK_EQUAL(sum("dials_total"), "3");
  CAF_CHECK_EQUAL(sum("dials_failed_total"), "2");
  CAF_CHECK_EQUAL(sum("connections_lost_total"), "1");
}

CAF_TEST(a refusal is counted by its reason and is absent before) {
  const auto uut = make();
  CAF_CHECK_EQUAL(sum("refusals_total"), "(none)");
  const auto reason = refusal::malformed;
  uut->on_refused(reason);
  uut->on_refused(reason);
  CAF_CHECK_EQUAL(sum("refusals_total"), "2");
  CAF_CHECK(all().find("reason=\"" + std::string{to_string(reason)} + "\"")
            != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
