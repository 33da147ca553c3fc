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

const std::string known_key(32, 'k');

config::credential credential_of(std::string credential_name,
                                 std::string password,
                                 std::vector<std::string> endpoints = {},
                                 int64_t expires = 0) {
  return {std::move(credential_name),
          std::move(password),
          {},
          std::move(endpoints),
          expires};
}

/// A node's tunnels, and agents that dial in.
class admission_script {
 public:
  std::vector<config::credential> all{
    credential_of("alice", "a"),
    {"bob", "", known_key},
    credential_of("carol", "c", {}, 1000),
    credential_of("dave", "d", {"app*", "web"})};
  int64_t wall_clock = 500;

  explicit admission_script(std::shared_ptr<tunnel_keys> keys = nullptr) {
    auto context = std::make_shared<node_context>();
    config::node config;
    for (const auto* tunnel : {"first", "other", "secure", "any", "endpoint"})
      config.tunnels[tunnel].password = "p";
    config.tunnels["secure"].require_tls = true;
    config.tunnels["any"].client_certificate = config::client_certificate::any;
    config.tunnels["endpoint"].client_certificate
      = config::client_certificate::endpoint;
    config.tunnels["many"].credentials = all;
    context->use(config);
    context->wall_clock = [this] { return wall_clock; };
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
    link->come_from("192.0.2.1:7");
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

  /// As a changed file does.
  void reconfigure() {
    const auto config = context_->config();
    auto tunnels = config->tunnels;
    tunnels["many"].credentials = all;
    compat::enqueue(nullptr, supervisor_, reconfigure_node{tunnels});
    run();
  }

  /// As an operator does.
  void revoke(const std::string& credential) {
    context_->drains->add(drain_register::credential("many", credential));
    const auto tunnels = context_->tunnels->get();
    compat::enqueue(nullptr, tunnels->at("many"),
                    credential_revoked{credential});
    run();
  }

  void restore(const std::string& credential) {
    context_->drains->remove(drain_register::credential("many", credential));
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
    keys->set({name}, "p");
    keys->wait({name}, name, [] {});
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

CAF_TEST(each_credential_lets_in_and_none_tells_why_not) {
  admission_script it;
  const auto key
    = [](const char* password) { return derive_key("many", password); };
  for (const auto& [endpoint, by] :
       {std::pair{"any1", key("a")}, std::pair{"any2", known_key},
        std::pair{"any3", key("c")}, std::pair{"app4", key("d")},
        std::pair{"app", key("d")}, std::pair{"web", key("d")}}) {
    CAF_MESSAGE(endpoint);
    CAF_CHECK(it.said<welcome_frame>(it.dial("many", endpoint, by)));
  }
  it.wall_clock = 1000;
  const std::vector<std::shared_ptr<sim_link>> refused{
    it.dial("many", "any5", key("nobody's")),
    it.dial("many", "any6", ""),
    it.dial("many", "any7", key("c")), // expired
    it.dial("many", "any8", key("d")), // for others
    it.dial("many", "web9", key("d")),
    it.dial("many", "any0", derive_key("first", "p")),
    it.dial("none", "any0", known_key)};
  for (const auto& link : refused)
    CAF_CHECK(!it.said<refused_frame>(link)); // not yet
  it.pass(150ms);
  const auto* expected = it.said<refused_frame>(refused.front());
  CAF_REQUIRE(expected);
  for (const auto& link : refused) {
    const auto* no = it.said<refused_frame>(link);
    CAF_REQUIRE(no);
    CAF_CHECK(no->code == refusal::bad_proof);
    CAF_CHECK_EQUAL(no->message, expected->message);
    CAF_CHECK_EQUAL(no->retry_after_ms, expected->retry_after_ms);
  }
}

CAF_TEST(who_guesses_is_not_looked_at_and_who_is_known_is) {
  admission_script it;
  const auto right = derive_key("first", "p");
  CAF_CHECK(it.said<welcome_frame>(it.dial("first", "e1", right)));
  for (int i = 0; i < 10; ++i)
    it.dial(i % 2 ? "first" : "none", "x9", "");
  // Of this tunnel there were five.
  CAF_CHECK(it.said<welcome_frame>(it.dial("first", "e2", right)));
  for (int i = 0; i < 5; ++i)
    it.dial("first", "x9", "");
  const auto slowed = it.dial("first", "e3", right);
  CAF_CHECK(!it.said<welcome_frame>(slowed));
  CAF_CHECK(!it.said<refused_frame>(slowed)); // not yet
  CAF_CHECK(it.said<welcome_frame>(it.dial("first", "e1", right)));
  CAF_CHECK(
    it.said<welcome_frame>(it.dial("other", "o4", derive_key("other", "p"))));
  it.pass(150ms);
  const auto* no = it.said<refused_frame>(slowed);
  CAF_REQUIRE(no);
  CAF_CHECK(no->code == refusal::bad_proof);
  it.pass(2s);
  CAF_CHECK(it.said<welcome_frame>(it.dial("first", "e3", right)));
}

CAF_TEST(sessions_end_with_their_credential) {
  admission_script it;
  const auto key
    = [](const char* password) { return derive_key("many", password); };
  const auto alice = it.dial("many", "e1", key("a"));
  const auto bob = it.dial("many", "e2", known_key);
  const auto carol = it.dial("many", "e3", key("c"));
  const auto dave = it.dial("many", "app4", key("d"));
  const auto gone = [&](const std::shared_ptr<sim_link>& link) {
    return it.said<refused_frame>(link) != nullptr;
  };
  for (const auto& link : {alice, bob, carol, dave})
    CAF_REQUIRE(it.said<welcome_frame>(link));
  it.wall_clock = 999;
  it.reconfigure(); // nothing changed
  for (const auto& link : {alice, bob, carol, dave})
    CAF_CHECK(!gone(link));
  // One is taken away, one has another password, one lives longer.
  it.all[0].password = "other";
  it.all[2].expires = 1001;
  it.wall_clock = 1000;
  it.all.erase(it.all.begin() + 1);
  it.reconfigure();
  CAF_CHECK(gone(alice));
  CAF_CHECK(gone(bob));
  CAF_CHECK(!gone(carol));
  CAF_CHECK(!gone(dave));
  it.lose(alice);
  it.lose(bob);
  CAF_CHECK(it.said<welcome_frame>(it.dial("many", "e5", key("other"))));
  const auto again = it.dial("many", "e1", key("a"));
  it.pass(150ms);
  CAF_CHECK(gone(again));
  // Time takes one away; nobody here answers pings, so it is a young one.
  const auto late = it.dial("many", "e9", key("c"));
  CAF_REQUIRE(it.said<welcome_frame>(late));
  it.wall_clock = 1001;
  it.pass(900ms);
  CAF_CHECK(gone(late));
  CAF_CHECK(!gone(dave));
}

CAF_TEST(an_operator_takes_a_credential_away_and_gives_it_back) {
  admission_script it;
  const auto key = derive_key("many", "a");
  const auto alice = it.dial("many", "e1", key);
  const auto bob = it.dial("many", "e2", known_key);
  CAF_REQUIRE(it.said<welcome_frame>(alice) && it.said<welcome_frame>(bob));
  it.revoke("alice");
  CAF_CHECK(it.said<refused_frame>(alice));
  CAF_CHECK(!it.said<refused_frame>(bob));
  it.lose(alice);
  const auto again = it.dial("many", "e1", key);
  it.pass(150ms);
  const auto* no = it.said<refused_frame>(again);
  CAF_REQUIRE(no);
  CAF_CHECK(no->code == refusal::bad_proof);
  it.reconfigure(); // a file that says the same changes nothing of it
  it.restore("alice");
  CAF_CHECK(it.said<welcome_frame>(it.dial("many", "e3", key)));
}
