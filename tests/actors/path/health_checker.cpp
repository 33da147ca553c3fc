#define CAF_SUITE health_checker

#include "actors/path/health_checker.hpp"

#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <algorithm>
#include <deque>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

struct no_owner final : exchange_owner {
  void on_finished(executor&, exchange_id, outcome) override {}
};

std::vector<config::mapping> one_mapping();

/// A checker between a tunnel, the script, and a controller that keeps what
/// it gets until the script answers.
class checker_script {
 public:
  explicit checker_script(std::vector<config::mapping> mappings) {
    auto context = std::make_shared<node_context>();
    config::node config;
    config.mappings = std::move(mappings);
    context->use(config);
    context->version = "9.9";
    context->units = std::make_shared<unit_contexts>(*system_, net_);
    context->alarms = std::make_shared<alarm_clock>(*system_);
    context->monitor = monitor_ = spawn_note_taker(*system_, events_);
    controller_ = system_->spawn(
      [jobs
       = jobs_](controller_actor::pointer) -> controller_actor::behavior_type {
        return {
          [jobs](job& what) { jobs->push_back(std::move(what)); },
          [](const candidate_for&) {},
          [](lease_failed&) {},
          [](orphaned&) {},
          [](const member_change&) {},
          [](const growth_wish&) {},
          [](const pool_status&) {},
          [](const probe_result&) {},
          [](const exchange_done&) {},
          [](const reconfigure_tunnel&) {},
          [](const credential_revoked&) {},
          [](drain) {},
          [](const set_fallback_mode&) {},
          [](get_snapshot) { return controller_snapshot{}; },
        };
      });
    context_ = context;
    checker_ = system_->spawn<health_checker_impl>(context_, "t");
    run();
  }

  ~checker_script() {
    jobs_->clear();
    compat::stop_anonymously(checker_);
    compat::stop_anonymously(controller_);
    compat::stop_anonymously(monitor_);
    checker_ = nullptr;
    run();
  }

  void agents(std::vector<session_id> sessions) {
    send(endpoint_agents{"e", controller_, targets, std::move(sessions)});
  }

  template <class Message>
  void send(Message what) {
    compat::enqueue(nullptr, checker_, std::move(what));
    run();
  }

  void run() { system_.run(net_.here); }

  void pass(duration time) { system_.pass(time, net_.here); }

  time_point now() { return system_.now(); }

  bool rests(const session_id& session) {
    return targets->rests({identity_of(one_mapping()[0]), session}, now());
  }

  size_t checks() const { return jobs_->size(); }

  /// The check that waits longest; time passes until there is one.
  job next() {
    for (int i = 0; i < 10000 && jobs_->empty(); ++i)
      pass(alarm_clock::grain);
    CAF_REQUIRE(!jobs_->empty());
    auto out = std::move(jobs_->front());
    jobs_->pop_front();
    return out;
  }

  /// Gives it to a link and answers `status` without a body.
  void answer(const job& check, uint16_t status, bool last = true) {
    const auto on = link_of(check);
    auto head = std::make_shared<response_head>();
    head->status = status;
    head->last = last;
    check.exchange->deliver(on, {check.exchange->id(), response_frame{head}});
    run();
  }

  void body(const job& check, uint64_t offset, size_t bytes) {
    check.exchange->deliver(
      link_of(check),
      {check.exchange->id(),
       data_frame{offset, slice::adopt(std::string(bytes, 'x'))}});
    run();
  }

  /// The next check of the one agent, answered so.
  void next_answers(uint16_t status) { answer(next(), status); }

  void fail_next(outcome how) {
    next().exchange->fail(how, "");
    run();
  }

  std::vector<std::string> told(event_kind kind) {
    std::vector<std::string> out;
    for (const auto& one : *events_)
      if (one.kind == kind)
        out.push_back(one.detail);
    return out;
  }

  int64_t counted(std::string_view result) {
    return system_->metrics()
      .counter_instance("aps", "health-checks",
                        {{"tunnel", "t"},
                         {"result", {result.data(), result.size()}}},
                        "", "1", true)
      ->value();
  }

  std::shared_ptr<target_watch> targets = std::make_shared<target_watch>();

 private:
  link_ptr link_of(const job& check) {
    auto& on = links_[check.exchange->id()];
    if (!on) {
      on = std::make_shared<sim_link>(net_.here);
      check.exchange->attach(on, *check.session, std::make_shared<no_owner>());
      run();
    }
    return on;
  }

  one_unit net_;
  script_system system_;
  event_notes events_ = std::make_shared<std::vector<event>>();
  std::shared_ptr<std::deque<job>> jobs_ = std::make_shared<std::deque<job>>();
  std::map<exchange_id, link_ptr> links_;
  node_context_ptr context_;
  monitor_actor monitor_;
  controller_actor controller_;
  health_checker_actor checker_;
};

constexpr session_id first{1}, second{2};

std::vector<config::mapping> one_mapping() {
  config::mapping out;
  out.from = {"http", "example.com", 80, ""};
  out.to = {"http", "origin", 3000, "/app"};
  out.tunnels = {"t"};
  out.health.emplace();
  out.health->path = "/healthz";
  return {out};
}

config_mappings shared(std::vector<config::mapping> mappings) {
  return std::make_shared<const std::vector<config::mapping>>(
    std::move(mappings));
}

} // namespace

CAF_TEST(a_check_is_an_ordinary_request_to_a_named_agent) {
  checker_script it{one_mapping()};
  it.agents({first});
  const auto check = it.next();
  CAF_CHECK(check.check);
  CAF_CHECK(check.session == first);
  const auto& head = *check.exchange->head();
  CAF_CHECK_EQUAL(head.method, "GET");
  CAF_CHECK_EQUAL(head.authority, "origin:3000");
  CAF_CHECK_EQUAL(head.path, "/healthz"); // whatever `to` has
  CAF_CHECK(head.last);
  CAF_REQUIRE(find_header(head.headers, "user-agent"));
  CAF_CHECK_EQUAL(find_header(head.headers, "user-agent")->value,
                  "aps-health/9.9");
  CAF_CHECK_EQUAL(find_header(head.headers, "host")->value, "origin:3000");
}

CAF_TEST(an_agent_leaves_after_fall_and_comes_back_after_rise) {
  checker_script it{one_mapping()};
  it.agents({first});
  it.next_answers(200);
  it.next_answers(500);
  it.next_answers(503);
  CAF_CHECK(!it.rests(first));
  it.fail_next(outcome::origin_refused);
  CAF_CHECK(it.rests(first));
  CAF_REQUIRE_EQUAL(it.told(event_kind::target_down).size(), 1u);
  CAF_CHECK(it.told(event_kind::target_down)[0].starts_with(
    "the target http://origin:3000/app of mapping 0 failed 3 checks in a row"));
  it.next_answers(200);
  CAF_CHECK(it.rests(first));
  it.next_answers(302);
  CAF_CHECK(!it.rests(first));
  CAF_CHECK_EQUAL(it.told(event_kind::target_up).size(), 1u);
  CAF_CHECK_EQUAL(it.counted("good"), 3);
  CAF_CHECK_EQUAL(it.counted("bad"), 3);
}

CAF_TEST(each_agent_is_judged_by_itself_and_asked_once_an_interval) {
  checker_script it{one_mapping()};
  it.agents({first, second});
  std::map<session_id, int> asked;
  const auto end = it.now() + 5s * 4;
  while (it.now() < end) {
    it.pass(100ms);
    while (it.checks() > 0) {
      const auto check = it.next();
      ++asked[*check.session];
      it.answer(check, check.session == first ? 500 : 200);
    }
  }
  CAF_CHECK_EQUAL(asked[first], 4);
  CAF_CHECK_EQUAL(asked[second], 4);
  CAF_CHECK(it.rests(first));
  CAF_CHECK(!it.rests(second));
}

CAF_TEST(first_checks_are_spread_over_the_interval) {
  checker_script it{one_mapping()};
  std::vector<session_id> many;
  for (uint8_t i = 0; i < 200; ++i)
    many.push_back({i, 1});
  it.agents(many);
  CAF_CHECK_EQUAL(it.checks(), 0u);
  size_t before = 0;
  for (int i = 0; i < 10; ++i) {
    it.pass(500ms);
    CAF_CHECK(it.checks() - before < 60); // 20 on average
    before = it.checks();
  }
  CAF_CHECK_EQUAL(it.checks(), 200u);
}

CAF_TEST(a_check_without_an_answer_is_cut_and_bad) {
  checker_script it{one_mapping()};
  it.agents({first});
  for (int i = 0; i < 3; ++i) {
    const auto check = it.next();
    it.pass(1900ms);
    CAF_CHECK(!check.exchange->over());
    it.pass(200ms);
    CAF_CHECK(check.exchange->over());
    CAF_CHECK_EQUAL(it.checks(), 0u); // one at a time
  }
  CAF_CHECK(it.rests(first));
  CAF_CHECK_EQUAL(it.counted("bad"), 3);
}

CAF_TEST(an_answer_that_never_ends_is_cut_by_time_or_size) {
  checker_script it{one_mapping()};
  it.agents({first});
  const auto slow = it.next();
  it.answer(slow, 200, false);
  it.body(slow, 0, 10);
  it.pass(2100ms);
  CAF_CHECK(slow.exchange->over());
  CAF_CHECK_EQUAL(it.counted("bad"), 1);
  // A few KiB are enough to judge a page by its status.
  const auto large = it.next();
  it.answer(large, 200, false);
  it.body(large, 0, 10000);
  CAF_CHECK(!large.exchange->over());
  it.body(large, 10000, 10000);
  CAF_CHECK(large.exchange->over());
  CAF_CHECK_EQUAL(it.counted("good"), 1);
}

CAF_TEST(what_is_skipped_says_nothing) {
  checker_script it{one_mapping()};
  it.agents({first});
  it.next_answers(500);
  it.next_answers(500);
  for (const auto how : {outcome::pool_exhausted, outcome::cut,
                         outcome::no_connection, outcome::draining})
    it.fail_next(how);
  CAF_CHECK(!it.rests(first));
  CAF_CHECK_EQUAL(it.counted("skipped"), 4);
  it.next_answers(500); // nor does it end the row
  CAF_CHECK(it.rests(first));
}

CAF_TEST(a_reload_changes_and_ends_checks) {
  auto mappings = one_mapping();
  mappings[0].health->fall = 1;
  checker_script it{mappings};
  it.agents({first});
  it.next_answers(404);
  CAF_CHECK(it.rests(first));
  // 404 is right from now on, once, and asked for more often.
  mappings[0].health->expect = {{404, 404}};
  mappings[0].health->interval = config::seconds{0.5};
  mappings[0].health->rise = 1;
  mappings[0].health->path = "/other";
  it.send(reconfigure_checks{shared(mappings)});
  it.pass(600ms);
  CAF_REQUIRE_EQUAL(it.checks(), 1u);
  const auto check = it.next();
  CAF_CHECK_EQUAL(check.exchange->head()->path, "/other");
  it.answer(check, 404);
  CAF_CHECK(!it.rests(first));
  it.next_answers(200);
  CAF_CHECK(it.rests(first));
  // Without `health` nobody is down, and nobody is asked.
  const auto running = it.next();
  mappings[0].health.reset();
  it.send(reconfigure_checks{shared(mappings)});
  CAF_CHECK(!it.rests(first));
  CAF_CHECK(running.exchange->over());
  CAF_CHECK_EQUAL(it.told(event_kind::target_up).size(), 2u);
  it.pass(20s);
  CAF_CHECK_EQUAL(it.checks(), 0u);
  // And back.
  it.send(reconfigure_checks{shared(one_mapping())});
  it.next_answers(200);
}

CAF_TEST(a_mapping_that_moves_keeps_what_is_known_of_it) {
  auto mappings = one_mapping();
  mappings[0].health->fall = 1;
  checker_script it{mappings};
  it.agents({first});
  it.next_answers(404);
  CAF_CHECK(it.rests(first));
  // Another one takes its place in the file, and has no checks.
  mappings.insert(mappings.begin(), mappings[0]);
  mappings[0].from.host = "other";
  mappings[0].health.reset();
  it.send(reconfigure_checks{shared(mappings)});
  CAF_CHECK(it.rests(first));
  CAF_CHECK(it.told(event_kind::target_up).empty());
  it.next_answers(404);
  CAF_CHECK(it.rests(first));
  // Then it is gone.
  mappings.pop_back();
  it.send(reconfigure_checks{shared(mappings)});
  CAF_CHECK(!it.rests(first));
  const auto up = it.told(event_kind::target_up);
  CAF_REQUIRE_EQUAL(up.size(), 1u);
  CAF_CHECK(up[0].find("of mapping 1 is checked no longer")
            != std::string::npos);
}

CAF_TEST(checks_end_with_their_agent_and_with_a_drain) {
  checker_script it{one_mapping()};
  it.agents({first});
  const auto running = it.next();
  it.agents({});
  CAF_CHECK(running.exchange->over());
  it.pass(20s);
  CAF_CHECK_EQUAL(it.checks(), 0u);
  it.agents({second});
  const auto other = it.next();
  it.send(drain{});
  CAF_CHECK(other.exchange->over());
  it.pass(20s);
  CAF_CHECK_EQUAL(it.checks(), 0u);
  it.send(reconfigure_checks{shared(one_mapping())});
  it.agents({first});
  it.pass(20s);
  CAF_CHECK_EQUAL(it.checks(), 0u);
}

CAF_TEST(only_endpoints_and_tunnels_of_the_mapping_are_checked) {
  auto mappings = one_mapping();
  mappings[0].endpoints = {"other"};
  mappings.push_back(one_mapping()[0]);
  mappings[1].tunnels = {"u"};
  checker_script it{mappings};
  it.agents({first});
  it.pass(20s);
  CAF_CHECK_EQUAL(it.checks(), 0u);
  CAF_CHECK(health_checker_state::wanted("t", mappings));
  CAF_CHECK(!health_checker_state::wanted("v", mappings));
}
