#define CAF_SUITE request

#include "actors/admin/encoding.hpp"
#include "actors/admin/shared_answers.hpp"
#include "tests/actors/admin/asking.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;
using nlohmann::json;

CAF_TEST(percents_are_decoded_where_they_mean_a_byte) {
  using admin::decoded;
  CAF_CHECK_EQUAL(decoded("a%20b%2Fc%2f"), "a b/c/");
  CAF_CHECK_EQUAL(decoded("%C3%A4"), "\xc3\xa4");
  CAF_CHECK_EQUAL(decoded("%00"), std::string(1, '\0'));
  CAF_CHECK_EQUAL(decoded("%2"), "%2");
  CAF_CHECK_EQUAL(decoded("%"), "%");
  CAF_CHECK_EQUAL(decoded("%zz%4g%:0"), "%zz%4g%:0");
  CAF_CHECK_EQUAL(decoded("%2520"), "%20"); // once
  CAF_CHECK_EQUAL(decoded("a+b"), "a+b");
  CAF_CHECK_EQUAL(decoded("a+b%2B", true), "a b+");
}

CAF_TEST(what_is_encoded_is_decoded_as_it_was) {
  using admin::encoded;
  CAF_CHECK_EQUAL(encoded("aZ09-._~"), "aZ09-._~");
  CAF_CHECK_EQUAL(encoded("a b/c?d&e=f%+"), "a%20b%2Fc%3Fd%26e%3Df%25%2B");
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  CAF_CHECK_EQUAL(admin::decoded(encoded(all)), all);
  CAF_CHECK_EQUAL(admin::decoded(encoded(all), true), all);
}

CAF_TEST(who_takes_an_answer_gets_it_in_place_of_the_exchange) {
  operator_desk desk;
  auto asked = desk.ask("/p");
  std::vector<std::string> taken;
  asked.from.answer_to([&](const admin::document& answer) {
    taken.push_back(std::to_string(answer.status) + " "
                    + std::string{answer.plain.view()});
  });
  asked.from.problem(404, "nothing");
  desk.run();
  CAF_CHECK_EQUAL(taken.size(), 1u);
  CAF_CHECK_EQUAL(taken.front(), "404 {\n  \"error\": \"nothing\"\n}\n");
  CAF_CHECK_EQUAL(asked.answer().status, 0u);
}

CAF_TEST(a_path_ends_at_its_query) {
  operator_desk desk;
  CAF_CHECK_EQUAL(desk.ask("/a/b?c=d?e").from.path(), "/a/b");
  CAF_CHECK_EQUAL(desk.ask("/a/b").from.path(), "/a/b");
  CAF_CHECK_EQUAL(desk.ask("?").from.path(), "");
}

CAF_TEST(a_parameter_is_found_by_its_whole_name) {
  operator_desk desk;
  const auto uut = desk.ask("/p?ab=1&a=x%26y+z&b&c=&a=2&%64=7").from;
  CAF_CHECK(uut.parameter("a") == "x&y z"); // the first
  CAF_CHECK(uut.parameter("ab") == "1");
  CAF_CHECK(uut.parameter("b") == "");
  CAF_CHECK(uut.parameter("c") == "");
  CAF_CHECK(uut.parameter("d") == "7");
  CAF_CHECK(!uut.parameter("e"));
  CAF_CHECK(!desk.ask("/p").from.parameter("p"));
  CAF_CHECK(!desk.ask("/p?").from.parameter("p"));
}

CAF_TEST(a_number_is_whole_or_a_problem_that_names_it) {
  operator_desk desk;
  CAF_CHECK(desk.ask("/p?n=12").from.number("n", 7) == 12u);
  CAF_CHECK(desk.ask("/p").from.number("n", 7) == 7u);
  for (const std::string odd :
       {"", "-1", "1x", "1.5", "%201", "99999999999999999999"}) {
    const auto uut = desk.ask("/p?n=" + odd);
    CAF_CHECK(!uut.from.number("n", 7));
    desk.run();
    CAF_CHECK_EQUAL(uut.answer().status, 400u);
    CAF_CHECK_EQUAL(json::parse(uut.answer().body)["field"].get<std::string>(),
                    "n");
  }
}

CAF_TEST(a_body_is_an_object_or_a_problem) {
  operator_desk desk;
  CAF_CHECK(desk.ask("/p", {}, R"({"a": 1})").from.json_body()
            == json({{"a", 1}}));
  CAF_CHECK(desk.ask("/p").from.json_body() == json::object());
  for (const auto* odd : {"[]", "7", "{", "{} {}", "null"}) {
    const auto uut = desk.ask("/p", {}, odd);
    CAF_CHECK(!uut.from.json_body());
    desk.run();
    CAF_CHECK_EQUAL(uut.answer().status, 400u);
  }
}

CAF_TEST(a_list_may_come_in_several_fields) {
  operator_desk desk;
  const auto uut = desk
                     .ask("/", {{"Accept-Encoding", "br"},
                                {"A", "x"},
                                {"accept-encoding", "gzip"}})
                     .from;
  CAF_CHECK_EQUAL(uut.list("accept-Encoding"), "br, gzip");
  CAF_CHECK_EQUAL(uut.list("none"), "");
  CAF_CHECK_EQUAL(uut.header("Accept-Encoding"), "br");
  CAF_CHECK_EQUAL(uut.header("none"), "");
  CAF_CHECK(uut.wants_gzip());
}

CAF_TEST(an_answer_is_json_that_nobody_keeps) {
  operator_desk desk;
  const auto uut = desk.ask("/");
  uut.from.answer(200, {{"a", "\xff"}}, {{"X-More", "b"}});
  CAF_CHECK_EQUAL(uut.answer().status, 0u); // from any thread: on the unit's
  desk.run();
  const auto told = uut.answer();
  CAF_CHECK_EQUAL(told.status, 200u);
  CAF_CHECK(told.over);
  CAF_CHECK_EQUAL(told.body, "{\n  \"a\": \"\xef\xbf\xbd\"\n}\n");
  CAF_CHECK_EQUAL(told["Content-Type"], "application/json");
  CAF_CHECK_EQUAL(told["Content-Length"], std::to_string(told.body.size()));
  CAF_CHECK_EQUAL(told["Cache-Control"], "no-store");
  CAF_CHECK_EQUAL(told["X-Content-Type-Options"], "nosniff");
  CAF_CHECK_EQUAL(told["X-More"], "b");
  CAF_CHECK_EQUAL(told["ETag"], "(none)");
}

CAF_TEST(a_head_request_hears_of_the_body_alone) {
  operator_desk desk;
  const auto uut = desk.ask("/", {}, {}, "HEAD");
  uut.from.answer_bytes(200, "text/plain", "hello");
  desk.run();
  CAF_CHECK_EQUAL(uut.answer()["Content-Length"], "5");
  CAF_CHECK_EQUAL(uut.answer().body, "");
  CAF_CHECK(uut.answer().over);
}

CAF_TEST(who_has_the_document_is_told_so) {
  operator_desk desk;
  const admin::document all{200,     "text/plain",         {},
                            "\"t\"", slice::copy("hello"), {}};
  const auto again = desk.ask("/", {{"If-None-Match", "\"x\", \"t\""}});
  const auto other = desk.ask("/", {{"If-None-Match", "\"x\""}});
  again.from.answer_document(all);
  other.from.answer_document(all);
  desk.run();
  CAF_CHECK_EQUAL(again.answer().status, 304u);
  CAF_CHECK_EQUAL(again.answer()["ETag"], "\"t\"");
  CAF_CHECK_EQUAL(again.answer()["Content-Length"], "(none)");
  CAF_CHECK_EQUAL(again.answer().body, "");
  CAF_CHECK(again.answer().over);
  CAF_CHECK_EQUAL(other.answer().status, 200u);
  CAF_CHECK_EQUAL(other.answer().body, "hello");
  CAF_CHECK_EQUAL(other.answer()["Vary"], "Accept-Encoding");
}

CAF_TEST(each_reader_gets_the_form_that_it_wants) {
  operator_desk desk;
  const admin::document both{
    200,     "text/plain",         {},
    "\"t\"", slice::copy("plain"), slice::copy("packed")};
  const auto packed = desk.ask("/", {{"Accept-Encoding", "gzip"}});
  const auto plain = desk.ask("/");
  packed.from.answer_document(both);
  plain.from.answer_document(both);
  desk.run();
  CAF_CHECK_EQUAL(packed.answer().body, "packed");
  CAF_CHECK_EQUAL(packed.answer()["Content-Encoding"], "gzip");
  CAF_CHECK_EQUAL(plain.answer().body, "plain");
  CAF_CHECK_EQUAL(plain.answer()["Content-Encoding"], "(none)");
}

CAF_TEST(a_long_text_is_answered_whole) {
  operator_desk desk;
  const auto uut = desk.ask("/");
  admin::long_text text;
  text.text("[");
  text.pieces(1000, [](size_t i, std::string& to) {
    to += (i == 0 ? "" : ",") + std::to_string(i);
  });
  text.text("]");
  uut.from.answer_in_steps(std::move(text));
  desk.run();
  CAF_CHECK_EQUAL(uut.answer().status, 200u);
  const auto all = json::parse(uut.answer().body);
  CAF_CHECK_EQUAL(all.size(), 1000u);
  CAF_CHECK_EQUAL(all[999].get<int>(), 999);
  CAF_CHECK_EQUAL(desk.units->users(), 0u);
}

CAF_TEST(a_problem_says_what_would_be_right) {
  operator_desk desk;
  const auto uut = desk.ask("/");
  uut.from.problem(403, "not you", "who", {"me", "us"});
  desk.run();
  CAF_CHECK_EQUAL(uut.answer().status, 403u);
  CAF_CHECK(
    json::parse(uut.answer().body)
    == json(
      {{"error", "not you"}, {"field", "who"}, {"allowed", {"me", "us"}}}));
  const auto brief = desk.ask("/");
  brief.from.problem(404, "gone");
  desk.run();
  CAF_CHECK(json::parse(brief.answer().body) == json({{"error", "gone"}}));
}

CAF_TEST(limits_are_noted_with_who_reached_them) {
  operator_desk desk;
  desk.ask("/").from.note_limit(limit::send_rate, "slow");
  CAF_CHECK_EQUAL(
    desk.limits,
    std::vector<std::string>{std::to_string(static_cast<int>(limit::send_rate))
                             + " 127.0.0.1 slow"});
}

CAF_TEST(what_was_refused_is_told_clean_and_short) {
  admin::refused_request refused;
  refused.peer = "192.0.2.1";
  refused.why = "no token";
  CAF_CHECK_EQUAL(in_words(refused), "a connection: no token (from 192.0.2.1)");
  refused.method = "GET\n";
  const auto path = "/\x1b" + std::string(500, 'x');
  refused.path = path;
  const auto text = in_words(refused);
  CAF_CHECK(text.starts_with("GET\\x0a /\\x1b"));
  CAF_CHECK(text.ends_with(": no token (from 192.0.2.1)"));
  CAF_CHECK(text.size() < 160);
}

CAF_TEST(what_was_refused_is_counted_by_status) {
  operator_desk desk;
  note_refused(*desk.at, {.status = 401});
  note_refused(*desk.at, {.status = 401});
  note_refused(*desk.at, {});
  CAF_CHECK_EQUAL(desk.refused, 3);
  const auto count = [&](caf::string_view status) {
    return desk.system->metrics()
      .counter_instance("aps", "operator-refused",
                        {{"listener", "admin"}, {"status", status}}, "", "1", true)
      ->value();
  };
  CAF_CHECK_EQUAL(count("401"), 2);
  CAF_CHECK_EQUAL(count("none"), 1);
}
