#define CAF_SUITE config.answer_sections

#include "tests/support/test.hpp"

#include "config/answers/answer_sections.hpp"

#include "config/show.hpp"
#include "tests/config/good.hpp"
#include "tests/config/pretended.hpp"
#include "tests/config/problems.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using config::good;
using config::wrong;

namespace {

std::string with_keys(const std::string& keys, const std::string& server = "") {
  return R"({"servers": {"s": {"port": 1)" + server
         + R"(}}, "mappings": [{"from": "http://a", "to": "http://t", )" + keys
         + "}]}";
}

std::string page(const std::string& text) {
  return with_keys(R"("error_pages": )" + text);
}

std::string compress(const std::string& text) {
  return with_keys(R"("compress": )" + text);
}

} // namespace

CAF_TEST(pages are read and shown in one form) {
  const auto text = R"({
    "502": {"body": "<p>{status}</p>", "content_type": "text/html", "status": 503},
    "5xx": {"file": "down.html", "content_type": "text/html; charset=utf-8",
            "of_target": true},
    "no-endpoint": {"body": "x", "content_type": "text/plain"}})";
  const auto all = good(page(text));
  CAF_CHECK(config::show(all.mappings[0]).at("error_pages")
            == nlohmann::json::parse(text));
  const auto server = good(
    with_keys(R"("hsts": 0)", std::string{R"(, "error_pages": )"} + text));
  CAF_CHECK(config::show(server).at("servers").at("s").at("error_pages")
            == nlohmann::json::parse(text));
}

CAF_TEST(the type of a page follows from what it is) {
  const std::pair<const char*, const char*> rows[]
    = {{R"("a.html")", "text/html; charset=utf-8"},
       {R"("a")", "text/html; charset=utf-8"},
       {R"("a.json")", "application/json"},
       {R"("a.txt")", "text/plain; charset=utf-8"},
       {R"({"body": "<p>"})", "text/html; charset=utf-8"},
       {R"({"body": "gone"})", "text/plain; charset=utf-8"},
       {R"({"body": "{}", "content_type": "application/json"})",
        "application/json"}};
  for (const auto& [text, type] : rows)
    CAF_CHECK_EQUAL(good(page(std::string{R"({"404": )"} + text + "}"))
                      .mappings[0]
                      .error_pages->front()
                      .content_type,
                    type);
}

CAF_TEST(pages that could never be shown are refused) {
  for (const auto* text :
       {"5", "{}", "[]", R"({"200": "a"})", R"({"600": "a"})", R"({"4x": "a"})",
        R"({"no-endpont": "a"})", R"({"ok": "a"})", R"({"404": 5})",
        R"({"404": {}})", R"({"404": {"body": "a", "file": "b"}})",
        R"({"404": {"body": "a", "status": 204}})",
        R"({"404": {"body": "a", "status": 100}})",
        R"({"404": {"body": "a", "content_type": "html"}})",
        R"({"404": {"body": "a", "content_type": "a/b\r\nX: 1"}})",
        R"({"no-endpoint": {"body": "a", "of_target": true}})",
        R"({"404": {"body": "a", "more": 1}})", R"({"404": ""})"}) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(wrong(page(text)).size(), 1u);
  }
  const auto problem = wrong(page(R"({"no-endpont": "a"})")).front();
  CAF_CHECK_EQUAL(problem.path, "$.mappings[0].error_pages.no-endpont");
  CAF_CHECK_EQUAL(problem.hint, "no-endpoint");
}

CAF_TEST(pages come from files beside the configuration) {
  config::pretended files;
  files.files["/etc/aps.json"] = page(R"({"404": "p/404.html"})");
  files.files["/etc/p/404.html"] = "<p>{path}</p>";
  const auto read = config::load("/etc/aps.json", files);
  CAF_REQUIRE(std::holds_alternative<config::node>(read));
  const auto& found
    = std::get<config::node>(read).mappings[0].error_pages->front();
  CAF_CHECK_EQUAL(found.body, "<p>{path}</p>");
  CAF_CHECK_EQUAL(found.file, "/etc/p/404.html");
  files.files.erase("/etc/p/404.html");
  const auto lost = config::load("/etc/aps.json", files);
  CAF_REQUIRE(std::holds_alternative<config::problems>(lost));
  const auto& problem = std::get<config::problems>(lost).front();
  CAF_CHECK_EQUAL(problem.path, "/etc/aps.json: $.mappings[0].error_pages.404");
  CAF_CHECK_EQUAL(problem.found, "/etc/p/404.html (not there)");
}

CAF_TEST(compression is read and shown in one form) {
  CAF_CHECK(!good(with_keys(R"("hsts": 0)")).mappings[0].compress);
  const auto on = good(compress("true")).mappings[0].compress;
  CAF_REQUIRE(on);
  CAF_CHECK(*on == config::compression{});
  const auto off = good(compress("false"));
  CAF_CHECK(off.mappings[0].compress->encodings.empty());
  CAF_CHECK(config::show(off.mappings[0]).at("compress") == false);
  const auto text
    = R"({"encodings": ["gzip", "br"], "types": ["text/*"], "min_length": 5})";
  CAF_CHECK(config::show(good(compress(text)).mappings[0]).at("compress")
            == nlohmann::json::parse(text));
}

CAF_TEST(compression that could not be is refused) {
  for (const auto* text :
       {"5", R"("gzip")", R"({"encodings": "deflate"})", R"({"encodings": []})",
        R"({"types": []})", R"({"types": "html"})", R"({"types": "text/"})",
        R"({"min_length": -1})", R"({"level": 1})"}) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(wrong(compress(text)).size(), 1u);
  }
}
