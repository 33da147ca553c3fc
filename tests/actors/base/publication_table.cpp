#define CAF_SUITE publication_table

#include "actors/base/publication_table.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

constexpr int64_t noon = 1'795'867'200; // 2026-11-28 12:00:00 UTC

session_id session(uint8_t number) {
  session_id out{};
  out[0] = number;
  return out;
}

config::url url_of(const std::string& text) {
  std::string error;
  return config::parse_url(text, false, error).value();
}

config::mapping mapping(const std::string& from) {
  config::mapping out;
  out.from = url_of(from);
  out.to = url_of("http://of.file");
  return out;
}

/// A table beside a file with one mapping, and who wants what.
struct table_script {
  std::string take(const std::string& host, const std::string& path, uint8_t by,
                   const std::string& credential = "c",
                   const std::string& endpoint = "e",
                   const std::string& target = "http://local:1",
                   uint64_t started = 1) {
    auto result = uut.take({{host, path, 0},
                            url_of(target),
                            {"t", credential, endpoint},
                            session(by),
                            started,
                            noon});
    if (auto* why = std::get_if<std::string>(&result))
      return "! " + *why;
    last = std::get<publication_table::grant>(result);
    return last.url;
  }

  bool give_up(const std::string& host, const std::string& path, uint8_t by) {
    return uut.give_up({host, path, 0}, session(by));
  }

  std::string target(const std::string& host, const std::string& path,
                     const std::string& scheme = "http", uint16_t port = 0) {
    const auto found = uut.find(
      {.scheme = scheme, .host = host, .port = port, .path = path});
    return found ? found->rule.to.origin() + found->target_path(path) : "";
  }

  static config::node file() {
    config::node out;
    out.mappings = {mapping("http://file.test/taken"), mapping("http://w.test")};
    out.mappings.back().from.host = "*.wild.test";
    out.tunnels["t"].exchange_window = 65536;
    return out;
  }

  config::node config = file();
  publication_table uut{config};
  publication_table::grant last;
};

} // namespace

CAF_TEST(a name leads to its target over http and https) {
  table_script uut;
  CAF_CHECK(!uut.uut.any());
  CAF_CHECK_EQUAL(uut.take("a.test", "", 1), "http://a.test/");
  CAF_CHECK(uut.last.is_new);
  CAF_CHECK(uut.uut.any());
  CAF_CHECK_EQUAL(uut.target("a.test", "/x?y"), "http://local:1/x?y");
  CAF_CHECK_EQUAL(uut.target("A.Test.", "/"), "http://local:1/");
  CAF_CHECK_EQUAL(uut.target("a.test", "/", "https"), "http://local:1/");
  CAF_CHECK_EQUAL(uut.target("a.test", "/", "http", 8080), "http://local:1/");
  CAF_CHECK_EQUAL(uut.target("b.test", "/"), "");
  const auto found = uut.uut.find({.scheme = "http", .host = "a.test", .path = "/"});
  CAF_CHECK(found->declared);
  CAF_CHECK_EQUAL(found->window, 65536u);
  CAF_CHECK(found->rule.tunnels == std::vector<std::string>{"t"});
  CAF_CHECK(found->rule.endpoints == std::vector<std::string>{"e"});
  CAF_CHECK(uut.give_up("a.test", "", 1));
  CAF_CHECK_EQUAL(uut.target("a.test", "/"), "");
  CAF_CHECK(!uut.uut.any());
}

CAF_TEST(paths of a host are apart and the longest wins) {
  table_script uut;
  uut.take("a.test", "/x", 1);
  uut.take("a.test", "/x/y", 2, "c", "f", "http://local:2/z");
  CAF_CHECK_EQUAL(uut.target("a.test", "/x/1"), "http://local:1/1");
  CAF_CHECK_EQUAL(uut.target("a.test", "/x/y/1"), "http://local:2/z/1");
  CAF_CHECK_EQUAL(uut.target("a.test", "/"), "");
  // What targets would read as a path of the other is nobody's.
  CAF_CHECK_EQUAL(uut.target("a.test", "/x//y"), "");
  CAF_CHECK_EQUAL(uut.target("a.test", "/x/%2e%2e/z"), "");
  CAF_CHECK(uut.give_up("a.test", "/x/y", 2));
  CAF_CHECK_EQUAL(uut.target("a.test", "/x/y/1"), "http://local:1/y/1");
}

CAF_TEST(mappings of the file win) {
  table_script uut;
  CAF_CHECK_EQUAL(uut.take("file.test", "/taken", 1),
                  "! is answered by the node's own mappings[0]");
  CAF_CHECK_EQUAL(uut.take("file.test", "/taken/x", 1),
                  "! is answered by the node's own mappings[0]");
  CAF_CHECK_EQUAL(uut.take("file.test", "/other", 1), "http://file.test/other");
}

CAF_TEST(wildcards of the file lose to names) {
  table_script uut;
  CAF_CHECK_EQUAL(uut.take("a.wild.test", "/x", 1), "http://a.wild.test/x");
  const route_table routes{uut.config.mappings};
  const auto target = [&](std::string_view host, std::string_view path) {
    const auto found = find_in_effect(
      routes, &uut.uut, {.scheme = "http", .host = host, .path = path});
    return found ? found->rule.to.host : "";
  };
  CAF_CHECK_EQUAL(target("a.wild.test", "/x/y"), "local");
  CAF_CHECK_EQUAL(target("a.wild.test", "/"), "of.file");
  CAF_CHECK_EQUAL(target("b.wild.test", "/x"), "of.file");
  CAF_CHECK_EQUAL(target("file.test", "/taken"), "of.file");
  CAF_CHECK_EQUAL(target("file.test", "/"), "");
}

CAF_TEST(others are told who has a name since when) {
  table_script uut;
  uut.take("a.test", "", 1);
  CAF_CHECK_EQUAL(uut.take("a.test", "", 2, "d", "f"),
                  "! is taken by endpoint e of tunnel t (credential c) since "
                  "2026-11-28 12:00:00 UTC");
  CAF_CHECK_EQUAL(uut.take("a.test", "", 2, "", "f"),
                  "! is taken by endpoint e of tunnel t (credential c) since "
                  "2026-11-28 12:00:00 UTC");
  CAF_CHECK(!uut.give_up("a.test", "", 2));
  CAF_CHECK_EQUAL(uut.target("a.test", "/"), "http://local:1/");
}

CAF_TEST(all names of a host are of one credential and have a limit) {
  table_script uut;
  uut.take("a.test", "/x", 1);
  for (const auto* path : {"", "/x/y", "/z"})
    CAF_CHECK(uut.take("a.test", path, 2, "d", "f")
                .starts_with("! is taken by endpoint e of tunnel t"));
  for (int i = 0; i < 199; ++i)
    CAF_CHECK_EQUAL(uut.take("a.test", "/n" + std::to_string(i), 1),
                    "http://a.test/n" + std::to_string(i));
  CAF_CHECK_EQUAL(uut.take("a.test", "/more", 1),
                  "! is of a host that has 200 names already");
  uut.give_up("a.test", "/x", 1);
  CAF_CHECK_EQUAL(uut.take("a.test", "/more", 1), "http://a.test/more");
}

CAF_TEST(sessions of an endpoint share a name) {
  table_script uut;
  uut.take("a.test", "", 1);
  CAF_CHECK_EQUAL(uut.take("a.test", "", 2), "http://a.test/");
  CAF_CHECK(!uut.last.is_new);
  CAF_CHECK_EQUAL(uut.uut.list().front().agents, 2u);
  CAF_CHECK(!uut.give_up("a.test", "", 1));
  CAF_CHECK_EQUAL(uut.uut.list().front().agents, 1u);
  CAF_CHECK(uut.give_up("a.test", "", 2));
}

CAF_TEST(the later agent of a credential takes a name over) {
  table_script uut;
  uut.take("a.test", "", 1, "c", "e", "http://local:1", 10);
  CAF_CHECK_EQUAL(uut.take("a.test", "", 2, "c", "f", "http://local:2", 20),
                  "http://a.test/");
  CAF_CHECK(uut.last.is_new);
  CAF_CHECK(uut.last.displaced == std::vector<session_id>{session(1)});
  CAF_CHECK_EQUAL(uut.target("a.test", "/"), "http://local:2/");
  CAF_CHECK(uut.take("a.test", "", 1, "c", "e", "http://local:1", 10)
              .starts_with("! is taken by endpoint f of tunnel t (credential "
                           "c), an agent that started later"));
  // Its own name it may change whenever it likes.
  CAF_CHECK_EQUAL(uut.take("a.test", "", 2, "c", "f", "http://local:3", 20),
                  "http://a.test/");
  CAF_CHECK_EQUAL(uut.target("a.test", "/"), "http://local:3/");
}

CAF_TEST(URLs are those of the servers) {
  table_script uut;
  uut.uut.use({{false, 8080}, {true, 8443}});
  CAF_CHECK_EQUAL(uut.take("a.test", "/x", 1), "https://a.test:8443/x");
  uut.uut.use({{false, 8080}});
  CAF_CHECK_EQUAL(uut.take("a.test", "/x", 1), "http://a.test:8080/x");
  uut.uut.use({{true, 443}});
  CAF_CHECK_EQUAL(uut.take("a.test", "", 1), "https://a.test/");
}

CAF_TEST(names are for https alone where a server sends visitors there) {
  config::node file;
  file.servers["plain"].redirect_https = 443;
  publication_table uut{file};
  uut.take({{"a.test", "", 0},
            url_of("http://local:1"),
            {"t", "c", "e"},
            session(1),
            1,
            noon});
  CAF_CHECK(!uut.find({.scheme = "http", .host = "a.test", .path = "/"}));
  CAF_CHECK(uut.find({.scheme = "https", .host = "a.test", .path = "/"}));
}

CAF_TEST(ports are opened for names and closed behind them) {
  table_script uut;
  uut.config.mappings.emplace_back().from = url_of("http://a");
  uut.config.mappings.back().from.scheme = "tcp";
  uut.config.mappings.back().from.port = 25;
  uut.uut.use(std::make_shared<const configuration>(uut.config, nullptr));
  const auto take = [&](uint16_t port, uint8_t by) {
    const auto result = uut.uut.take({{"", "", port},
                                      url_of("tcp://local:22"),
                                      {"t", "c", "e"},
                                      session(by),
                                      1,
                                      noon});
    const auto* why = std::get_if<std::string>(&result);
    return why ? "! " + *why : std::get<publication_table::grant>(result).url;
  };
  CAF_CHECK_EQUAL(take(2222, 1), "! is a port, and this node opens none");
  CAF_CHECK(!uut.uut.any());
  std::vector<std::string> told;
  uut.uut.use(publication_table::port_keeper{
    [&](const config::mapping& rule) {
      told.push_back("open " + rule.from.str());
      return rule.from.port == 13 ? "it is in use" : "";
    },
    [&](const config::mapping& rule) {
      told.push_back("close " + rule.from.str());
    }});
  CAF_CHECK_EQUAL(take(2222, 1), "tcp://:2222");
  CAF_CHECK_EQUAL(take(2222, 2), "tcp://:2222");
  CAF_CHECK_EQUAL(take(13, 1),
                  "! is a port that cannot be opened: it is in use");
  CAF_CHECK_EQUAL(take(25, 1), "! is answered by the node's own mappings[2]");
  const auto found
    = uut.uut.find({.scheme = "tcp", .host = "", .port = 2222, .path = ""});
  CAF_REQUIRE(found);
  CAF_CHECK_EQUAL(found->rule.to.str(), "tcp://local:22");
  CAF_CHECK(!uut.uut.give_up({"", "", 2222}, session(1)));
  CAF_CHECK(uut.uut.give_up({"", "", 2222}, session(2)));
  CAF_CHECK(told
            == (std::vector<std::string>{"open tcp://:2222", "open tcp://:13",
                                         "close tcp://:2222"}));
  CAF_CHECK(!uut.uut.any());
}

CAF_TEST(ten thousand names come and go) {
  table_script uut;
  constexpr int count = 10'000;
  const auto host = [](int i) { return "n" + std::to_string(i) + ".test"; };
  for (int i = 0; i < count; ++i)
    uut.take(host(i), "", 1);
  CAF_CHECK_EQUAL(uut.uut.list().size(), size_t{count});
  CAF_CHECK_EQUAL(uut.target(host(9'999), "/x"), "http://local:1/x");
  for (int i = 0; i < count; ++i)
    uut.give_up(host(i), "", 1);
  CAF_CHECK(!uut.uut.any());
  CAF_CHECK(uut.uut.list().empty());
}
