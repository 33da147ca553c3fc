#define CAF_SUITE resource_table

#include "actors/admin/resource_table.hpp"
#include "tests/actors/admin/asking.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;
using admin::access;
using admin::request;

namespace {

using texts = std::vector<std::string>;

/// The open parts of a path, or "no".
texts parts(std::string_view pattern, std::string_view path) {
  texts names;
  return admin::matches(pattern, path, names) ? names : texts{"no"};
}

/// Who was served what, as the table says it.
struct served {
  explicit served(const asked& reader) {
    const std::vector<admin::resource_of<request>> table{
      {"GET",
       "/a",
       access::open,
       note("get a"),
       {{"q"}, {"word", "noun", words}}},
      {"POST", "/a", access::open, note("post a")},
      {"GET", "/b/*/c", access::open, note("get b")},
      {"POST", "/secret", access::token, note("post secret")},
    };
    admin::serve_from<request>(table, reader.from, note("unknown"));
  }

  static texts words(const request&) { return {"one", "two"}; }

  std::function<void(const request&)> note(std::string what) {
    return [this, what](const request& of) {
      calls.push_back(what);
      names = of.names;
    };
  }

  texts calls;
  texts names;
};

} // namespace

CAF_TEST(a_star_is_one_part_of_a_path) {
  CAF_CHECK_EQUAL(parts("/a/b", "/a/b"), texts{});
  CAF_CHECK_EQUAL(parts("/a/*", "/a/b"), texts{"b"});
  CAF_CHECK_EQUAL(parts("/a/*/c/*", "/a/b/c/d"), (texts{"b", "d"}));
  CAF_CHECK_EQUAL(parts("/a/*", "/a/b%2Fc%20d"), texts{"b/c d"});
  for (const auto* path :
       {"/a", "/a/", "/a/b/", "/a/b/c", "/A/b", "/x/b", "", "a/b"})
    CAF_CHECK_EQUAL(parts("/a/*", path), texts{"no"});
  CAF_CHECK_EQUAL(parts("/", "/"), texts{});
  CAF_CHECK_EQUAL(parts("/", "/a"), texts{"no"});
}

CAF_TEST(two_stars_are_all_that_follows) {
  CAF_CHECK_EQUAL(parts("/p/**", "/p/"), texts{""});
  CAF_CHECK_EQUAL(parts("/p/**", "/p/a/b%20"), texts{"a/b "});
  CAF_CHECK_EQUAL(parts("/p/**", "/p"), texts{"no"});
  CAF_CHECK_EQUAL(parts("/p/**", "/px"), texts{"no"});
}

CAF_TEST(a_request_is_served_by_path_and_method) {
  operator_desk desk;
  CAF_CHECK_EQUAL(served(desk.ask("/a")).calls, texts{"get a"});
  CAF_CHECK_EQUAL(served(desk.ask("/a?q=1")).calls, texts{"get a"});
  CAF_CHECK_EQUAL(served(desk.ask("/a", {}, {}, "HEAD")).calls, texts{"get a"});
  const header_list json{{"Content-Type", "application/json"}};
  CAF_CHECK_EQUAL(served(desk.ask("/a", json, {}, "POST")).calls,
                  texts{"post a"});
  const served b{desk.ask("/b/x/c")};
  CAF_CHECK_EQUAL(b.calls, texts{"get b"});
  CAF_CHECK_EQUAL(b.names, texts{"x"});
  CAF_CHECK_EQUAL(served(desk.ask("/none")).calls, texts{"unknown"});
}

CAF_TEST(another_method_hears_which_there_are) {
  operator_desk desk;
  const auto reader = desk.ask("/a", {}, {}, "DELETE");
  CAF_CHECK_EQUAL(served(reader).calls, texts{});
  desk.run();
  CAF_CHECK_EQUAL(reader.answer().status, 405u);
  CAF_CHECK_EQUAL(reader.answer()["Allow"], "GET, HEAD, POST");
}

CAF_TEST(who_may_not_enter_is_not_served) {
  operator_desk desk;
  // A page of somebody else.
  const auto reader = desk.ask(
    "/secret",
    {{"Content-Type", "application/json"}, {"Sec-Fetch-Site", "cross-site"}},
    {}, "POST");
  CAF_CHECK_EQUAL(served(reader).calls, texts{});
  desk.run();
  CAF_CHECK_EQUAL(reader.answer().status, 403u);
}

CAF_TEST(a_value_is_one_word_or_a_list_of_them) {
  const auto unknown = [](std::string_view value, bool list) {
    return admin::unknown_word(value, list, {"a", "b"}).value_or("-");
  };
  CAF_CHECK_EQUAL(unknown("a", false), "-");
  CAF_CHECK_EQUAL(unknown("c", false), "c");
  CAF_CHECK_EQUAL(unknown("", false), "");
  CAF_CHECK_EQUAL(unknown("a,b", false), "a,b");
  CAF_CHECK_EQUAL(unknown("all", false), "all");
  CAF_CHECK_EQUAL(unknown("a,b", true), "-");
  CAF_CHECK_EQUAL(unknown("a,c,d", true), "c");
  CAF_CHECK_EQUAL(unknown("all,b,", true), "-");
  CAF_CHECK_EQUAL(unknown("", true), "-");
  CAF_CHECK_EQUAL(unknown("b,A", true), "A");
}

CAF_TEST(only_declared_parameters_and_known_words_are_taken) {
  operator_desk desk;
  for (const auto* path :
       {"/a?x=1", "/a?q=1&q=2", "/a?word=three", "/a?word"}) {
    const auto reader = desk.ask(path);
    CAF_CHECK_EQUAL(served(reader).calls, texts{});
    desk.run();
    CAF_CHECK_EQUAL(reader.answer().status, 400u);
  }
  CAF_CHECK_EQUAL(served(desk.ask("/a?word=two&q=x")).calls, texts{"get a"});
}
