#define CAF_SUITE visitor_access

#include "actors/base/access/visitor_access.hpp"

#include "config/syntax/base64.hpp"
#include "tests/support/test.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <future>
#include <thread>

using namespace aps;
using namespace std::chrono_literals;

namespace {

config::node configuration() {
  const auto parsed = config::parse(R"({
    "auth": {
      "users": {"alice": {"password": "right"}, "carol": {"password_hash":
        "$scrypt$ln=15,r=8,p=3$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5a2V5aw"}},
      "tokens": {"ci": {"token": "token-of-the-builds"}}},
    "servers": {"s": 1},
    "mappings": [
      {"from": "http://a", "to": "http://t", "require": {}},
      {"from": "http://b", "to": "http://t", "quota": {"requests": 2,
       "period": 100, "concurrent_requests": 1}},
      {"from": "http://c", "to": "http://t"}]})");
  return std::get<config::node>(parsed);
}

struct fixture {
  fixture() { uut.use(configuration()); }

  access_answer ask(size_t mapping, const std::string& field = "",
                    bool proxied = false) {
    route via;
    via.index = mapping;
    header_list headers;
    if (!field.empty())
      headers.push_back(
        {proxied ? "Proxy-Authorization" : "Authorization", field});
    visitor_request request;
    request.server = "s";
    request.visitor_address = address;
    request.headers = &headers;
    request.proxied = proxied;
    request.known = connection;
    return uut.admit(request, &via, clock_type::now());
  }

  access_answer prove(const access_answer& claimed) {
    std::promise<access_answer> out;
    uut.prove(std::get<visitor_pass_ptr>(claimed),
              [&](access_answer answer) { out.set_value(std::move(answer)); });
    return out.get_future().get();
  }

  static std::string basic(const std::string& user,
                           const std::string& password) {
    return "Basic " + config::to_base64(user + ":" + password);
  }

  static const denial& refused(const access_answer& answer) {
    CAF_REQUIRE(std::holds_alternative<access_refusal>(answer));
    return std::get<access_refusal>(answer).answer;
  }

  static visitor_pass_ptr passed(const access_answer& answer) {
    CAF_REQUIRE(std::holds_alternative<visitor_pass_ptr>(answer));
    return std::get<visitor_pass_ptr>(answer);
  }

  static std::string field_of(const denial& denied, std::string_view name) {
    const auto* found = find_header(denied.headers, name);
    return found ? found->value : "";
  }

  visitor_access uut;
  std::string address = "192.0.2.1";
  known_visitor_ptr* connection = nullptr; ///< that they come over
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(visitor_access_tests, fixture)

CAF_TEST(where nobody asks there is no pass) {
  CAF_CHECK(uut.active());
  CAF_CHECK(passed(ask(2)) == nullptr);
  visitor_access fresh;
  CAF_CHECK(!fresh.active());
}

CAF_TEST(a password is proved once and then known) {
  const auto field = basic("alice", "right");
  const auto first = ask(0, field);
  CAF_REQUIRE(passed(first)->claim);
  CAF_CHECK_EQUAL(passed(first)->user, "alice");
  CAF_CHECK(passed(first)->drop_authorization);
  const auto proved = prove(first);
  CAF_CHECK(!passed(proved)->claim);
  CAF_CHECK_EQUAL(passed(proved)->reason,
                  "alice by password, mappings[0].require");
  CAF_CHECK(!passed(ask(0, field))->claim);
  // Another one has to be looked at, and so has every one after a reload.
  CAF_CHECK(passed(ask(0, basic("alice", "other")))->claim);
  uut.use(configuration());
  CAF_CHECK(passed(ask(0, field))->claim);
}

CAF_TEST(a wrong password and a name that nobody has are told alike) {
  const auto wrong = prove(ask(0, basic("alice", "wrong")));
  const auto nobody = prove(ask(0, basic("nobody", "wrong")));
  CAF_CHECK_EQUAL(refused(wrong).cause, outcome::unauthorized);
  CAF_CHECK_EQUAL(refused(nobody).cause, outcome::unauthorized);
  CAF_CHECK_EQUAL(field_of(refused(wrong), "www-authenticate"),
                  field_of(refused(nobody), "www-authenticate"));
  CAF_CHECK_EQUAL(refused(wrong).detail + refused(nobody).detail, "");
  CAF_CHECK_EQUAL(refused(wrong).reason, "wrong password of alice");
  CAF_CHECK_EQUAL(refused(nobody).reason, "no such user");
  CAF_CHECK_EQUAL(refused(nobody).user, "");
}

CAF_TEST(a proxy asks in its own words) {
  const auto none = ask(0, "", true);
  CAF_CHECK_EQUAL(refused(none).cause, outcome::proxy_auth_required);
  CAF_CHECK_NOT_EQUAL(field_of(refused(none), "proxy-authenticate"), "");
  const auto claimed = ask(0, basic("alice", "right"), true);
  CAF_CHECK(!passed(claimed)->drop_authorization);
  const auto wrong = prove(ask(0, basic("alice", "wrong"), true));
  CAF_CHECK_EQUAL(refused(wrong).cause, outcome::proxy_auth_required);
}

CAF_TEST(guesses are slowed and who was in before is not ) {
  const auto right = basic("alice", "right");
  CAF_REQUIRE(passed(prove(ask(0, right))));
  for (uint32_t i = 0; i < login_limit::burst; ++i)
    refused(prove(ask(0, basic("alice", std::to_string(i)))));
  const auto again = ask(0, basic("alice", "one more"));
  CAF_CHECK(passed(again)->refused);
  // The name is slow from elsewhere, too; another address with another name
  // is not, and neither is a token.
  address = "192.0.2.2";
  const auto there = ask(0, basic("alice", "from elsewhere"));
  const auto other = ask(0, basic("bob", "x"));
  // Else who guesses would be told at once that it is right.
  const auto stolen = ask(0, right);
  address = "192.0.2.1";
  const auto began = clock_type::now();
  const auto slowed = prove(again);
  CAF_CHECK(clock_type::now() - began >= 900ms);
  CAF_CHECK_EQUAL(refused(slowed).cause, outcome::rate_limited);
  CAF_CHECK_EQUAL(std::get<access_refusal>(slowed).reached, limit::login_rate);
  CAF_CHECK_NOT_EQUAL(field_of(refused(slowed), "retry-after"), "");
  CAF_CHECK(!passed(ask(0, right))->claim);
  // Nor does a reload hold up who was in: it only has the password looked at.
  uut.use(configuration());
  CAF_CHECK(passed(prove(ask(0, right))));
  CAF_CHECK_EQUAL(refused(prove(there)).cause, outcome::rate_limited);
  CAF_CHECK_EQUAL(refused(prove(stolen)).cause, outcome::rate_limited);
  CAF_CHECK_EQUAL(refused(prove(other)).cause, outcome::unauthorized);
  CAF_CHECK(passed(ask(0, "Bearer token-of-the-builds")));
}

CAF_TEST(within a pause an address that was in finds out no password) {
  const auto right = basic("alice", "right");
  CAF_REQUIRE(passed(prove(ask(0, right))));
  known_visitor_ptr own;
  connection = &own;
  CAF_REQUIRE(!passed(ask(0, right))->claim);
  connection = nullptr;
  for (uint32_t i = 0; i < login_limit::burst; ++i)
    refused(prove(ask(0, basic("alice", std::to_string(i)))));
  CAF_CHECK(!passed(ask(0, right))->refused);
  for (int i = 0; i < 100; ++i)
    CAF_CHECK(
      passed(ask(0, basic("alice", "guess " + std::to_string(i))))->refused);
  // Else one of those guesses would have been told that it is right.
  CAF_CHECK(passed(ask(0, right))->refused);
  // Who is on a connection stays, until somebody guesses over it as well.
  connection = &own;
  CAF_CHECK(!passed(ask(0, right))->refused);
  CAF_CHECK(passed(ask(0, basic("alice", "guess")))->refused);
  CAF_CHECK(passed(ask(0, right))->refused);
}

CAF_TEST(a connection is known as long as all is as it was) {
  const auto right = basic("alice", "right");
  CAF_REQUIRE(passed(prove(ask(0, right))));
  known_visitor_ptr own;
  connection = &own;
  const auto first = passed(ask(0, right));
  CAF_REQUIRE(own);
  CAF_CHECK_EQUAL(passed(ask(0, right)), first);
  CAF_CHECK_EQUAL(first->user, "alice");
  const auto changes = [&](auto change) {
    CAF_REQUIRE(passed(ask(0, right)));
    const auto before = own;
    CAF_REQUIRE(before);
    change();
    CAF_CHECK_NOT_EQUAL(own, before);
    address = "192.0.2.1";
  };
  changes([&] { refused(ask(0)); });
  changes([&] { CAF_CHECK(passed(ask(0, right, true))); });
  changes([&] { CAF_CHECK(passed(ask(0, basic("alice", "Right")))->claim); });
  changes([&] { passed(ask(1, right)); });
  changes([&] {
    address = "192.0.2.7";
    passed(ask(0, right));
  });
  changes([&] {
    header_list twice{{"Authorization", right}, {"authorization", right}};
    route via;
    visitor_request request;
    request.server = "s";
    request.visitor_address = address;
    request.headers = &twice;
    request.known = connection;
    refused(uut.admit(request, &via, clock_type::now()));
  });
}

CAF_TEST(new rules hold for a connection that is known) {
  const auto right = basic("alice", "right");
  CAF_REQUIRE(passed(prove(ask(0, right))));
  known_visitor_ptr own;
  connection = &own;
  CAF_REQUIRE(!passed(ask(0, right))->claim);
  CAF_REQUIRE(passed(ask(0, "Bearer token-of-the-builds")));
  auto changed = configuration();
  changed.auth.tokens.clear();
  changed.auth.users["alice"].password = "another";
  uut.use(changed);
  refused(ask(0, "Bearer token-of-the-builds"));
  CAF_CHECK_EQUAL(refused(prove(ask(0, right))).cause, outcome::unauthorized);
}

CAF_TEST(a token expires on a connection that is known) {
  auto changed = configuration();
  auto& token = changed.auth.tokens["ci"];
  token.expires_at = wall_clock_ms() / 1000 + 1;
  uut.use(changed);
  known_visitor_ptr own;
  connection = &own;
  const auto field = "Bearer token-of-the-builds";
  CAF_REQUIRE(passed(ask(0, field)));
  CAF_REQUIRE(own);
  while (wall_clock_ms() / 1000 < token.expires_at)
    std::this_thread::sleep_for(10ms);
  CAF_CHECK_EQUAL(refused(ask(0, field)).cause, outcome::unauthorized);
  CAF_CHECK(!own);
}

CAF_TEST(quotas count on a connection that is known) {
  known_visitor_ptr own;
  connection = &own;
  {
    const auto first = passed(ask(1));
    CAF_REQUIRE(own);
    CAF_CHECK(first->places);
    CAF_CHECK_EQUAL(std::get<access_refusal>(ask(1)).reached,
                    limit::concurrent_requests);
  }
  CAF_CHECK(passed(ask(1)));
  CAF_CHECK_EQUAL(std::get<access_refusal>(ask(1)).reached,
                  limit::request_rate);
}

CAF_TEST(guesses at tokens are slowed) {
  for (uint32_t i = 0; i < login_limit::burst; ++i)
    CAF_CHECK_EQUAL(refused(ask(0, "Bearer x")).cause, outcome::unauthorized);
  const auto slowed = prove(ask(0, "Bearer x"));
  CAF_CHECK_EQUAL(refused(slowed).cause, outcome::rate_limited);
  CAF_CHECK(passed(ask(0, "Bearer token-of-the-builds")));
}

CAF_TEST(many requests with one password have it looked at once) {
  // Looking at a hash takes longer than asking 50 times.
  const auto claimed = ask(0, basic("carol", "wrong"));
  std::vector<std::promise<access_answer>> answers(50);
  for (auto& each : answers)
    uut.prove(passed(claimed), [&each](access_answer answer) {
      each.set_value(std::move(answer));
    });
  for (auto& each : answers)
    CAF_CHECK_EQUAL(refused(each.get_future().get()).cause,
                    outcome::unauthorized);
  // Counted 50 times, these would have been slowed.
  CAF_CHECK_EQUAL(refused(prove(ask(0, basic("carol", "next")))).cause,
                  outcome::unauthorized);
}

CAF_TEST(quotas hold and come back with the pass) {
  auto first = passed(ask(1));
  CAF_REQUIRE(first && first->places);
  const auto crowded = ask(1);
  CAF_CHECK_EQUAL(refused(crowded).cause, outcome::rate_limited);
  CAF_CHECK_EQUAL(std::get<access_refusal>(crowded).reached,
                  limit::concurrent_requests);
  first = nullptr;
  passed(ask(1));
  const auto often = ask(1);
  CAF_CHECK_EQUAL(std::get<access_refusal>(often).reached, limit::request_rate);
  CAF_CHECK_EQUAL(refused(often).reason, "mappings[1].quota");
  CAF_CHECK_EQUAL(field_of(refused(often), "retry-after"), "50");
  // What was counted stays over a reload.
  uut.use(configuration());
  CAF_CHECK_EQUAL(refused(ask(1)).cause, outcome::rate_limited);
}

CAF_TEST(an explanation counts nothing) {
  route via;
  via.index = 1;
  visitor_access::question asked;
  asked.server = "s";
  for (int i = 0; i < 5; ++i)
    CAF_CHECK_EQUAL(uut.explain(asked, &via, clock_type::now()).result,
                    outcome::ok);
  via.index = 0;
  CAF_CHECK_EQUAL(uut.explain(asked, &via, clock_type::now()).result,
                  outcome::unauthorized);
  asked.user = "alice";
  const auto told = uut.explain(asked, &via, clock_type::now());
  CAF_CHECK_EQUAL(told.result, outcome::ok);
  CAF_CHECK_EQUAL(told.user, "alice");
  CAF_CHECK(uut.knows("ci"));
  CAF_CHECK(!uut.knows("bob"));
}

CAF_TEST(a header that an operator chose is named in each pass) {
  auto config = configuration();
  config.auth.user_header = "X-User";
  config.auth.pass_authorization = true;
  uut.use(config);
  const auto pass = passed(ask(2));
  CAF_REQUIRE(pass);
  CAF_CHECK_EQUAL(pass->user_field, "X-User");
  CAF_CHECK_EQUAL(pass->user_variable, "x-user");
  CAF_CHECK_EQUAL(pass->user, "");
  CAF_CHECK(!passed(ask(0, "Bearer token-of-the-builds"))->drop_authorization);
}

CAF_TEST(after the end nobody is let in) {
  const auto claimed = ask(0, basic("alice", "right"));
  uut.stop();
  bool called = false;
  uut.prove(passed(claimed), [&](const access_answer& answer) {
    called = true;
    CAF_CHECK(std::holds_alternative<access_refusal>(answer));
  });
  CAF_CHECK(called);
}

CAF_TEST_FIXTURE_SCOPE_END()
