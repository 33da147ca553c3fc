#define CAF_SUITE balance

#include "actors/policy/balance.hpp"

#include "tests/support/test.hpp"

#include <map>

using namespace aps;
using namespace std::chrono_literals;
using config::balance;

namespace {

choice_view choice(uint64_t key, uint32_t load, duration latency = 1ms,
                   double penalty = 1) {
  return {key, load, latency, penalty, true};
}

using choices = std::vector<choice_view>;

member_view member(uint64_t session, uint32_t leases, duration rtt = 1ms) {
  member_view out;
  out.session = session;
  out.leases = leases;
  out.rtt = rtt;
  return out;
}

using members = std::vector<member_view>;

size_t choose(balance how, const choices& all, uint64_t turn = 0,
              uint64_t random = 0, uint64_t visitor = 0) {
  return choose_one(how, all, turn, random, visitor);
}

} // namespace

CAF_TEST(least_loaded_weighs_load_latency_and_penalty) {
  struct row {
    choices all;
    size_t best;
  };
  const row table[]{
    {{choice(1, 5), choice(2, 3)}, 1},
    {{choice(1, 1, 10ms), choice(2, 3, 2ms)}, 1},
    {{choice(1, 1, 2ms), choice(2, 3, 2ms)}, 0},
    {{choice(1, 0, 5ms, 4), choice(2, 3, 4ms)}, 1},
    // Below a millisecond a latency is noise.
    {{choice(1, 1, 20us), choice(2, 0, 900us)}, 1},
  };
  for (const auto& one : table)
    for (uint64_t turn = 0; turn < 4; ++turn)
      CAF_CHECK_EQUAL(choose(balance::least_loaded, one.all, turn), one.best);
}

CAF_TEST(equal_choices_take_turns) {
  const choices all{choice(1, 0), choice(2, 0), choice(3, 0)};
  for (const auto how : {balance::least_loaded, balance::latency,
                         balance::round_robin})
    for (uint64_t turn = 0; turn < 9; ++turn)
      CAF_CHECK_EQUAL(choose(how, all, turn), turn % 3);
}

CAF_TEST(round_robin_and_random_ignore_load) {
  const choices all{choice(1, 900, 1s, 9), choice(2, 0)};
  CAF_CHECK_EQUAL(choose(balance::round_robin, all, 0), 0u);
  CAF_CHECK_EQUAL(choose(balance::round_robin, all, 1), 1u);
  CAF_CHECK_EQUAL(choose(balance::random, all, 0, 2), 0u);
  CAF_CHECK_EQUAL(choose(balance::random, all, 0, 3), 1u);
}

CAF_TEST(latency_ignores_load_but_not_health) {
  const choices all{choice(1, 900, 2ms), choice(2, 0, 3ms),
                    choice(3, 0, 2ms, 5)};
  CAF_CHECK_EQUAL(choose(balance::latency, all), 0u);
}

CAF_TEST(nobody_usable_is_nobody) {
  auto one = choice(1, 0);
  one.usable = false;
  for (const auto how :
       {balance::least_loaded, balance::latency, balance::round_robin,
        balance::random, balance::sticky}) {
    CAF_CHECK_EQUAL(choose(how, {one, one}), no_member);
    CAF_CHECK_EQUAL(choose(how, {}), no_member);
    CAF_CHECK_EQUAL(choose(how, {one, choice(2, 9)}, 7, 7, 7), 1u);
  }
}

CAF_TEST(sticky_keeps_a_visitor_whatever_comes_and_goes) {
  choices all;
  for (uint64_t key = 1; key <= 8; ++key)
    all.push_back(choice(mix(key), 0));
  std::map<uint64_t, int> shares;
  for (uint64_t visitor = 0; visitor < 4000; ++visitor) {
    const auto before = choose(balance::sticky, all, visitor, visitor * 3,
                               hash_of(std::to_string(visitor)));
    ++shares[before];
    auto fewer = all;
    const auto gone = (before + 1) % all.size();
    fewer[gone].usable = false;
    CAF_CHECK_EQUAL(choose(balance::sticky, fewer, 0, 0,
                           hash_of(std::to_string(visitor))),
                    before);
  }
  for (const auto& [which, count] : shares)
    CAF_CHECK(count > 350 && count < 650);
}

CAF_TEST(few exchanges share one connection of their agent) {
  const auto sick = [](uint32_t leases) {
    auto out = member(1, leases);
    out.penalty = 4;
    return out;
  };
  struct row {
    members some;
    uint32_t max_leases;
    size_t best;
  };
  const row table[]{
    {{member(1, 0), member(1, 0)}, 64, 0},
    {{member(1, 0), member(1, 1)}, 64, 1},
    {{member(1, 3), member(1, 15), member(1, 0)}, 64, 1},
    // Sixteen are company enough.
    {{member(1, 16), member(1, 15), member(1, 0)}, 64, 1},
    {{member(1, 16), member(1, 16), member(1, 0)}, 64, 2},
    {{member(1, 16), member(1, 31), member(1, 32)}, 64, 1},
    // Or a quarter of what a connection carries.
    {{member(1, 4), member(1, 3)}, 16, 1},
    {{member(1, 1), member(1, 0)}, 4, 1},
    {{member(1, 3), member(1, 1), member(1, 4)}, 4, 1},
    {{member(1, 1), member(1, 0)}, 1, 1},
    // A little slower is noise, much slower is not.
    {{member(1, 0, 40ms), member(1, 5, 48ms)}, 64, 1},
    {{member(1, 0, 40ms), member(1, 5, 60ms)}, 64, 0},
    {{member(1, 16, 40ms), member(1, 0, 60ms)}, 64, 1},
    {{member(1, 16, 40ms), member(1, 0, 90ms)}, 64, 0},
    {{member(1, 1, 20us), member(1, 0, 900us)}, 64, 0},
    {{sick(9), member(1, 0)}, 64, 1},
    {{sick(0), member(1, 16)}, 64, 1},
    {{sick(0), member(1, 47)}, 64, 1},
    {{sick(0), member(1, 64)}, 64, 0}, // full
  };
  for (const auto& [some, max_leases, best] : table)
    for (uint64_t random = 0; random < 4; ++random)
      CAF_CHECK_EQUAL(choose_member(some, max_leases, {}, random, random << 16),
                      best);
}

CAF_TEST(company does not outgrow its connections) {
  members some(4, member(1, 0));
  for (int i = 0; i < 256; ++i)
    ++some[choose_member(some, 64, {}, 0, 0)].leases;
  for (const auto& one : some)
    CAF_CHECK_EQUAL(one.leases, 64u);
  CAF_CHECK_EQUAL(choose_member(some, 64, {}, 0, 0), no_member);
}

CAF_TEST(full_draining_and_ejected_members_get_nothing) {
  members some{member(1, 4), member(1, 4), member(1, 0), member(1, 0)};
  some[2].draining = true;
  some[3].ejected = true;
  for (const auto how :
       {balance::least_loaded, balance::latency, balance::round_robin,
        balance::random, balance::sticky})
    for (uint64_t random = 0; random < 16; ++random) {
      CAF_CHECK_EQUAL(choose_member(some, 4, {how, 1}, random, random),
                      no_member);
      CAF_CHECK_EQUAL(choose_member({}, 4, {how, 1}, random, random),
                      no_member);
    }
  some.push_back(member(1, 3));
  for (uint64_t random = 0; random < 16; ++random)
    CAF_CHECK_EQUAL(choose_member(some, 4, {}, 0, random << 30), 4u);
}

CAF_TEST(policies_choose_the_agent_before_the_member) {
  // Agent 1 has three connections, agent 2 has one.
  const members some{member(1, 2), member(1, 3), member(1, 1),
                     member(2, 9, 5ms)};
  const auto how = [&](balance policy, uint64_t turn) {
    return choose_member(some, 64, {policy, 0}, turn, turn);
  };
  CAF_CHECK_EQUAL(how(balance::round_robin, 0), 1u);
  CAF_CHECK_EQUAL(how(balance::round_robin, 1), 3u);
  CAF_CHECK_EQUAL(how(balance::random, 0), 1u);
  CAF_CHECK_EQUAL(how(balance::random, 1), 3u);
  CAF_CHECK_EQUAL(how(balance::latency, 1), 1u);
  CAF_CHECK_EQUAL(how(balance::least_loaded, 1), 1u);
}

CAF_TEST(an_agent_with_few_connections_gets_its_share) {
  // Nothing in flight anywhere: agents take turns, not connections.
  const members some{member(1, 0), member(1, 0), member(1, 0), member(2, 0)};
  int second = 0;
  for (uint64_t turn = 0; turn < 100; ++turn)
    second += choose_member(some, 64, {}, turn, mix(turn)) == 3;
  CAF_CHECK_EQUAL(second, 50);
}

CAF_TEST(what_moves_stays_in_its_session_and_may_pass_the_cap) {
  members some{member(1, 0), member(2, 4), member(2, 5), member(2, 0)};
  some[3].draining = true;
  CAF_CHECK_EQUAL(choose_in_session(some, 4, 2, false), no_member);
  CAF_CHECK_EQUAL(choose_in_session(some, 4, 2, true), 1u);
  CAF_CHECK_EQUAL(choose_in_session(some, 8, 2, false), 2u);
  CAF_CHECK_EQUAL(choose_in_session(some, 4, 3, true), no_member);
}

// A visitor stays with its agent over versions of this program, too.
CAF_TEST(hashes_are_those_of_their_authors) {
  CAF_CHECK_EQUAL(mix(0), 0xe220a8397b1dcdafu); // the first of splitmix64
  CAF_CHECK_EQUAL(hash_of(""), mix(0xcbf29ce484222325u));
  CAF_CHECK_EQUAL(hash_of("a"), mix(0xaf63dc4c8601ec8cu));
  CAF_CHECK_EQUAL(hash_of("foobar"), mix(0x85944171f73967e8u));
}
