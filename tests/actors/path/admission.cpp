#define CAF_SUITE admission

#include "actors/path/connection.hpp"
#include "actors/path/supervisor.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/few_descriptors.hpp"
#include "tests/support/test.hpp"
#include "transports/seam/auth.hpp"

#include <spdlog/sinks/null_sink.h>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

/// A node's tunnels, and agents that dial in.
class admission_script {
 public:
  explicit admission_script(std::shared_ptr<tunnel_keys> keys = nullptr) {
    auto context = std::make_shared<node_context>();
    for (const auto* tunnel : {"first", "other", "secure", "any", "endpoint"})
      context->config.tunnels[tunnel].password = "p";
    context->config.tunnels["secure"].require_tls = true;
    context->config.tunnels["any"].client_certificate
      = config::client_certificate::any;
    context->config.tunnels["endpoint"].client_certificate
      = config::client_certificate::endpoint;
    context->units = std::make_shared<unit_contexts>(*system, net_);
    context->alarms = std::make_shared<alarm_clock>(*system);
    context->tunnels = std::make_shared<tunnel_directory>();
    context->logs = std::make_shared<log_set>(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::null_sink_mt>()));
    context->monitor = monitor_
      = spawn_note_taker(*system, std::make_shared<std::vector<event>>());
    if (keys)
      context->keys = std::move(keys);
    context_ = context;
    supervisor_ = system->spawn<supervisor_impl>(context_);
    run();
  }

  ~admission_script() {
    for (const auto& link : links_)
      net_.here.run_inside([&] { link->end(link_error::lost); });
    run();
    compat::stop_anonymously(supervisor_);
    compat::stop_anonymously(monitor_);
    supervisor_ = nullptr;
    context_->tunnels->set({});
    run();
  }

  /// A dial with the key of a tunnel; "" = with another one.
  std::shared_ptr<sim_link> dial(const std::string& tunnel,
                                 const std::string& endpoint,
                                 const std::string& key,
                                 tls_facts_ptr tls = nullptr,
                                 const std::string& bound_to = {}) {
    auto link = std::make_shared<sim_link>(net_.here);
    link->facts = std::move(tls);
    links_.push_back(link);
    net_.here.run_inside([&] { spawn_connection(*system, context_, link); });
    run();
    hello_frame hello;
    hello.tunnel = tunnel;
    hello.endpoint = endpoint;
    hello.session[0] = static_cast<uint8_t>(endpoint.back());
    hello.nonce = std::string(32, 'n');
    hello.features = bound_to.empty() ? 0 : bound_proof_feature;
    const auto& challenge = std::get<challenge_frame>(link->out.front().body);
    hello.proof
      = agent_proof(key.empty() ? std::string(32, 'x') : key, challenge.nonce,
                    hello, transport_kind::websocket, bound_to);
    net_.here.run_inside([&] { link->receive({{0, hello}}); });
    run();
    return link;
  }

  template <class Frame>
  static const Frame* said(const std::shared_ptr<sim_link>& link) {
    for (const auto& frame : link->out)
      if (const auto* found = std::get_if<Frame>(&frame.body))
        return found;
    return nullptr;
  }

  void pass(duration time) { system.pass(time, net_.here); }
  void run() { system.run(net_.here); }

  void lose(const std::shared_ptr<sim_link>& link) {
    net_.here.run_inside([&] { link->end(link_error::lost); });
    run();
  }

 private:
  one_unit net_;

 public:
  script_system system;

 private:
  node_context_ptr context_;
  monitor_actor monitor_;
  supervisor_actor supervisor_;
  std::vector<std::shared_ptr<sim_link>> links_;
};

} // namespace

CAF_TEST(a_proof_counts_over_its_channel_and_tunnels_want_more) {
  const std::string here(32, 'h');
  const std::string elsewhere(32, 'e');
  const auto facts = [&](std::vector<std::string> names = {}) {
    auto out = std::make_shared<tls_facts>();
    out->binding = here;
    out->subject = names.empty() ? "" : "/CN=" + names.front();
    out->client_names = std::move(names);
    return out;
  };
  struct row {
    const char* tunnel;
    tls_facts_ptr tls;
    std::string bound_to;
    std::optional<refusal> refused;
  };
  const row rows[] = {
    {"first", nullptr, "", std::nullopt},
    {"first", facts(), here, std::nullopt},
    {"first", facts(), "", std::nullopt}, // somebody else's TLS, before it
    {"first", facts(), elsewhere, refusal::bad_proof},
    {"first", nullptr, elsewhere, refusal::bad_proof},
    {"secure", facts(), here, std::nullopt},
    {"secure", facts(), "", refusal::not_secure},
    {"secure", nullptr, "", refusal::not_secure},
    {"any", facts({"x"}), here, std::nullopt},
    {"any", facts(), here, refusal::certificate},
    {"any", facts({"x"}), "", refusal::certificate},
    {"any", nullptr, "", refusal::certificate},
    {"endpoint", facts({"x", "app"}), here, std::nullopt},
    {"endpoint", facts({"x"}), here, refusal::certificate},
  };
  for (const auto& [tunnel, tls, bound_to, refused] : rows) {
    admission_script it;
    const auto link
      = it.dial(tunnel, "app", derive_key(tunnel, "p"), tls, bound_to);
    it.pass(200ms);
    CAF_MESSAGE(tunnel << (tls ? ", TLS" : "") << ", " << bound_to);
    const auto* challenge = it.said<challenge_frame>(link);
    CAF_CHECK_EQUAL(challenge->bound, tls != nullptr);
    const auto* no = it.said<refused_frame>(link);
    CAF_REQUIRE_EQUAL(no != nullptr, refused.has_value());
    if (no)
      CAF_CHECK(no->code == *refused);
    else
      CAF_CHECK(it.said<welcome_frame>(link) != nullptr);
  }
}

CAF_TEST(agents_of_one_tunnel_have_half_of_the_descriptors) {
  admission_script it;
  const auto key = derive_key("first", "p");
  std::vector<std::shared_ptr<sim_link>> welcome;
  // 56 beside the reserve.
  const auto few = std::make_unique<few_descriptors>(64);
  const auto dial = [&](size_t i) {
    return it.dial("first", std::string("e") + char('a' + i / 10), key);
  };
  for (size_t i = 0; i < 28; ++i) {
    welcome.push_back(dial(i));
    CAF_REQUIRE(it.said<welcome_frame>(welcome.back()));
  }
  const auto more = dial(28);
  const auto* no = it.said<refused_frame>(more);
  CAF_REQUIRE(no);
  CAF_CHECK(no->code == refusal::pool_full);
  // Those of others come in, and so does one for one that left.
  CAF_CHECK(
    it.said<welcome_frame>(it.dial("other", "e", derive_key("other", "p"))));
  it.lose(welcome.back());
  CAF_CHECK(it.said<welcome_frame>(dial(29)));
}

CAF_TEST(who_proves_nothing_is_told_the_same_while_keys_are_missing) {
  const auto keys = std::make_shared<tunnel_keys>(1);
  // What comes before these takes longer than this test.
  for (int i = 0; i < 500; ++i) {
    const auto name = "a" + std::to_string(i);
    keys->add(name, "p");
    keys->wait(name, name, [] {});
  }
  {
    admission_script it{keys};
    const auto missing = it.dial("first", "e", derive_key("first", "p"));
    const auto unknown = it.dial("none", "e", "");
    const auto wrong = it.dial("other", "e", "");
    it.pass(3900ms);
    for (const auto& link : {missing, unknown, wrong})
      CAF_CHECK(!it.said<refused_frame>(link));
    it.pass(200ms);
    const auto* expected = it.said<refused_frame>(unknown);
    CAF_REQUIRE(expected);
    for (const auto& link : {missing, wrong}) {
      const auto* no = it.said<refused_frame>(link);
      CAF_REQUIRE(no);
      CAF_CHECK(no->code == expected->code);
      CAF_CHECK_EQUAL(no->message, expected->message);
      CAF_CHECK_EQUAL(no->retry_after_ms, expected->retry_after_ms);
    }
  }
  keys->stop();
}
