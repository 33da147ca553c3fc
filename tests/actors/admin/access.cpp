#define CAF_SUITE access

#include "actors/admin/access.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

constexpr auto peer = "192.0.2.1";
const header json_type{"Content-Type", "application/json"};
const header from_page{"Origin", "http://127.0.0.1:9090"};

struct question {
  std::string method = "GET";
  std::string path = "/.api/stats";
  std::string host = "127.0.0.1:9090";
  header_list headers = {};
};

/// A listener for operators that answers nobody by itself.
struct entrance {
  explicit entrance(std::string token = {}) {
    at = std::make_shared<admin::desk>(admin::desk{
      *system, nullptr, "admin",
      [token = std::move(token)] { return token; },
      [this](limit kind, std::string_view, std::string_view) {
        limits.push_back(kind);
      },
      [this](const admin::refused_request&) { ++refused; }});
  }

  /// The status of the refusal; 0 = may enter.
  unsigned ask(question what, admin::access who = admin::access::token) {
    auto head = std::make_shared<request_head>();
    head->method = std::move(what.method);
    head->path = std::move(what.path);
    head->headers = std::move(what.headers);
    const auto served = std::make_shared<served_exchange>(unit, 1, head, 65536);
    exchange_facts facts{peer, "id", nullptr};
    facts.host = std::move(what.host);
    const auto link = std::make_shared<sim_link>(unit);
    unit.run_inside([&] { served->attach(link, nullptr); });
    const bool entered
      = admin::may_enter({at, served, std::move(facts), ""}, who);
    unit.run_all();
    answer.reset();
    for (const auto& sent : link->out)
      if (const auto* found = std::get_if<response_frame>(&sent.body))
        answer = found->head;
    CAF_CHECK_EQUAL(entered, answer == nullptr);
    return answer ? answer->status : 0;
  }

  unsigned ask_with(header_list headers, const std::string& method = "GET") {
    return ask({method, "/.api/stats", "127.0.0.1:9090", std::move(headers)});
  }

  std::string_view answered(std::string_view field) const {
    const auto* found = find_header(answer->headers, field);
    return found ? std::string_view{found->value} : "";
  }

  script_system system;
  manual_unit unit;
  admin::desk_ptr at;
  response_head_ptr answer;
  std::vector<limit> limits;
  int refused = 0;
};

header bearer(const std::string& token) {
  return {"Authorization", "Bearer " + token};
}

} // namespace

CAF_TEST(who shows the token is known before anything is read) {
  const auto with = [](std::string value) {
    return header_list{{"Authorization", std::move(value)}};
  };
  CAF_CHECK(admin::shows_token(with("Bearer secret"), "secret"));
  CAF_CHECK(admin::shows_token(with("bearer secret"), "secret"));
  CAF_CHECK(!admin::shows_token(with("Bearer secre"), "secret"));
  CAF_CHECK(!admin::shows_token(with("Basic secret"), "secret"));
  CAF_CHECK(!admin::shows_token({}, "secret"));
  CAF_CHECK(admin::shows_token({}, ""));
}

CAF_TEST(only_the_right_token_opens) {
  entrance uut{"secret"};
  CAF_CHECK_EQUAL(uut.ask_with({bearer("secret")}), 0u);
  CAF_CHECK_EQUAL(uut.ask_with({{"authorization", "bEARER secret"}}), 0u);
  CAF_CHECK_EQUAL(uut.ask_with({}), 401u);
  CAF_CHECK_EQUAL(uut.answered("WWW-Authenticate"), "Bearer");
  for (const char* wrong : {"Bearer secre", "Bearer secret2"})
    CAF_CHECK_EQUAL(uut.ask_with({{"Authorization", wrong}}), 401u);
  CAF_CHECK_EQUAL(uut.refused, 3);
  CAF_CHECK(uut.limits.empty());
}

CAF_TEST(a_word_that_is_no_bearer_token_opens_nothing) {
  for (const char* wrong : {"secret", "Basic secret", "Bearer", "Bearer ",
                            "Bearersecret"}) {
    entrance uut{"secret"};
    CAF_CHECK_EQUAL(uut.ask_with({{"Authorization", wrong}}), 401u);
  }
}

CAF_TEST(what_is_open_needs_no_token_and_no_local_name) {
  entrance uut{"secret"};
  CAF_CHECK_EQUAL(uut.ask({"GET", "/", "elsewhere.example"},
                          admin::access::open),
                  0u);
  CAF_CHECK_EQUAL(uut.ask({"GET", "/", "127.0.0.1",
                           {{"Sec-Fetch-Site", "cross-site"}}},
                          admin::access::open),
                  0u);
}

CAF_TEST(guesses_are_slowed_and_then_the_right_token_waits_too) {
  entrance uut{"secret"};
  for (uint32_t i = 0; i < login_limit::burst; ++i)
    CAF_CHECK_EQUAL(uut.ask_with({bearer("guess")}), 401u);
  CAF_CHECK(uut.at->logins->limit.wait(peer, clock_type::now()) > 0s);
  // Far from the end of the pause, however slow this machine is.
  for (uint32_t i = 0; i < login_limit::burst; ++i)
    uut.at->logins->limit.on_failure(peer, clock_type::now() + 24h);
  for (const char* token : {"guess", "secret"}) {
    CAF_CHECK_EQUAL(uut.ask_with({bearer(token)}), 429u);
    CAF_CHECK_GREATER(std::stoi(std::string{uut.answered("Retry-After")}),
                      3600);
  }
  CAF_CHECK(uut.limits == std::vector(2, limit::login_rate));
  // Without a guess nobody is slowed.
  CAF_CHECK_EQUAL(uut.ask_with({}), 401u);
}

CAF_TEST(the_right_token_forgives_the_guesses_before) {
  entrance uut{"secret"};
  for (uint32_t i = 0; i < 3 * login_limit::burst; ++i) {
    CAF_CHECK_EQUAL(uut.ask_with({bearer("guess")}), 401u);
    if (i % 2 == 1)
      CAF_CHECK_EQUAL(uut.ask_with({bearer("secret")}), 0u);
  }
}

CAF_TEST(without_a_token_only_names_that_nobody_can_point_here) {
  entrance uut;
  for (const char* host : {"127.0.0.1", "127.0.0.1:9090", "localhost",
                           "LocalHost:1", "[::1]", "[::1]:9090", "10.0.0.9"})
    CAF_CHECK_EQUAL(uut.ask({"GET", "/", host}), 0u);
  for (const char* host : {"", "evil.example", "evil.example:9090",
                           "127.0.0.1.evil.example", "localhost.evil.example",
                           "1a", "/0"})
    CAF_CHECK_EQUAL(uut.ask({"GET", "/", host}), 403u);
  entrance with_token{"secret"};
  CAF_CHECK_EQUAL(with_token.ask({"GET", "/", "node.example",
                                  {bearer("secret")}}),
                  0u);
}

CAF_TEST(pages_of_other_sites_see_nothing) {
  entrance uut;
  for (const char* site : {"same-origin", "none"})
    CAF_CHECK_EQUAL(uut.ask_with({{"Sec-Fetch-Site", site}}), 0u);
  for (const char* site : {"cross-site", "same-site"})
    CAF_CHECK_EQUAL(uut.ask_with({{"Sec-Fetch-Site", site}}), 403u);
  CAF_CHECK_EQUAL(uut.ask_with({from_page}), 0u);
  for (const char* origin : {"null", "http://127.0.0.1", "http://a.example",
                             "http://127.0.0.1:9090.a.example"})
    CAF_CHECK_EQUAL(uut.ask_with({{"Origin", origin}}), 403u);
}

CAF_TEST(a_followed_link_shows_one_answer_and_no_stream) {
  entrance uut;
  const header_list followed{{"Sec-Fetch-Site", "cross-site"},
                             {"Sec-Fetch-Mode", "navigate"},
                             {"Sec-Fetch-Dest", "document"}};
  CAF_CHECK_EQUAL(uut.ask_with(followed), 0u);
  CAF_CHECK_EQUAL(uut.ask({"GET", "/.api/events?tunnels=0", "127.0.0.1",
                           followed}),
                  403u);
  CAF_CHECK_EQUAL(uut.ask_with({followed[0], followed[1],
                                {"Sec-Fetch-Dest", "iframe"}}),
                  403u);
  CAF_CHECK_EQUAL(uut.ask_with({followed[0], {"Sec-Fetch-Mode", "no-cors"},
                                followed[2]}),
                  403u);
  CAF_CHECK_EQUAL(uut.ask_with({followed[0], followed[1], followed[2],
                                json_type},
                               "POST"),
                  403u);
}

CAF_TEST(what_changes_something_is_json_from_here) {
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    entrance uut;
    CAF_CHECK_EQUAL(uut.ask_with({json_type}, method), 0u);
    CAF_CHECK_EQUAL(
      uut.ask_with({{"Content-Type", "Application/JSON; charset=utf-8"}},
                   method),
      0u);
    CAF_CHECK_EQUAL(uut.ask_with({}, method), 415u);
    CAF_CHECK_EQUAL(uut.ask_with({{"Content-Type", "text/plain"}}, method),
                    415u);
    CAF_CHECK_EQUAL(uut.ask_with({json_type, {"Origin", "http://a.example"}},
                                 method),
                    403u);
  }
  entrance uut;
  CAF_CHECK_EQUAL(uut.ask_with({}, "HEAD"), 0u);
}
