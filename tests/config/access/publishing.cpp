#define CAF_SUITE config.publishing

#include "config/access/publishing.hpp"

#include "tests/support/test.hpp"

#include "tests/config/problems.hpp"

using namespace aps::config;

namespace {

struct name_row {
  const char* asked;
  const char* expected; ///< the name, or a part of why there is none
};

void check_names(const publishing& allowed, const std::vector<name_row>& rows,
                 bool raw = false) {
  for (const auto& [asked, expected] : rows) {
    CAF_MESSAGE(asked << " -> " << expected);
    const auto found = resolve_name(allowed, asked, "Team.Web 1", raw);
    if (const auto* name = std::get_if<public_name>(&found))
      CAF_CHECK_EQUAL(name->str(), expected);
    else
      CAF_CHECK(std::get<std::string>(found).find(expected)
                != std::string::npos);
  }
}

const publishing below{{"*.apps.example.com"}, {}, {}, 100};

} // namespace

CAF_TEST(a label is put under the first pattern) {
  check_names(below,
              {
                {"", "team-web-1.apps.example.com"},
                {"app1", "app1.apps.example.com"},
                {"App1", "app1.apps.example.com"},
                {"app1.apps.example.com", "app1.apps.example.com"},
                {"APP1.apps.Example.com.", "app1.apps.example.com"},
                {"a.b.apps.example.com", "a.b.apps.example.com"},
                {"app1/", "app1.apps.example.com"},
                {"app1/x", "app1.apps.example.com/x"},
                {"apps.example.com", "not among the hosts"},
                {"app1.example.com", "not among the hosts"},
                {"app1.apps.example.com.evil.test", "not among the hosts"},
                {"xapps.example.com", "not among the hosts"},
                {"*.apps.example.com", "no host"},
                {"app1:8080", "no host"},
                {"app1@b", "no host"},
                {"app1?x", "no host"},
                {"app1#x", "no host"},
                {"app 1", "no host"},
                {"http://app1.apps.example.com", "no host"},
                {"[::1]", "no host"},
                {"app1/..", "read in more than one way"},
                {"app1/%2e%2e/x", "read in more than one way"},
                {"app1//x", "read in more than one way"},
                {"app1/a;b", "read in more than one way"},
                {"app1/%00", "read in more than one way"},
                {":2222", "only raw TCP"},
              });
  const std::string long_label(64, 'x');
  check_names(below, {{long_label.c_str(), "no host"}});
}

CAF_TEST(whole hosts and all hosts) {
  check_names(publishing{{"show.test", "*.test"}, {}, {}, 100},
              {
                {"", "team-web-1.test"},
                {"show.test", "show.test"},
                {"app1", "app1.test"},
                {"/x", "show.test/x"},
                {"other.example", "not among the hosts"},
              });
  check_names(publishing{{"show.test"}, {}, {}, 100},
              {
                {"", "show.test"},
                {"/x", "show.test/x"},
                {"app1", "no pattern to put it under"},
              });
  check_names(publishing{{"*"}, {}, {}, 100}, {
                                                {"app1", "app1"},
                                                {"any.example", "any.example"},
                                                {"", "team-web-1"},
                                              });
  check_names(publishing{{"localhost"}, {}, {}, 100},
              {{"localhost", "localhost"}});
}

CAF_TEST(paths are held against their list) {
  check_names(publishing{{"show.test"}, {"/x/*", "/y"}, {}, 100},
              {
                {"/x", "show.test/x"},
                {"/x/a", "show.test/x/a"},
                {"/y", "show.test/y"},
                {"/y/a", "a path that may not be published"},
                {"/xa", "a path that may not be published"},
                {"show.test", "a path that may not be published"},
                {"", "a path that may not be published"},
                {"/x/%zz", "no host"},
              });
}

CAF_TEST(raw TCP has ports) {
  const publishing ports{{}, {}, {{20000, 20100}, {2222, 2222}}, 100};
  check_names(
    ports,
    {
      {":20000", ":20000"},
      {":20100", ":20100"},
      {":2222", ":2222"},
      {":2223", "not among the ports that may be published: 20000-20100, "
                "2222"},
      {":0", "no port from 1 to 65535"},
      {":70000", "no port from 1 to 65535"},
      {":x", "no port from 1 to 65535"},
      {":", "no port from 1 to 65535"},
      {"app1", "no port, which raw TCP takes"},
      {"", "no port, which raw TCP takes"},
    },
    true);
  check_names(below, {{":2222", "none may be published here"}}, true);
}

CAF_TEST(nothing is published unless something is allowed) {
  check_names(publishing{}, {{"app1", "nothing may"}});
}

CAF_TEST(any text makes a label) {
  CAF_CHECK_EQUAL(label_of("Web 1"), "web-1");
  CAF_CHECK_EQUAL(label_of("--a..b--"), "a-b");
  CAF_CHECK_EQUAL(label_of("\xc3\xa4"), "app");
  CAF_CHECK_EQUAL(label_of(""), "app");
  CAF_CHECK_EQUAL(label_of(std::string(100, 'x')).size(), 63u);
}

CAF_TEST(what a credential may publish is read) {
  const auto read = [](const std::string& text) {
    return std::get<node>(
             parse(with(R"("tunnels": {"t": {"password": "p", "publish": )"
                        + text + "}}")))
      .tunnels.at("t")
      .publish;
  };
  CAF_CHECK(read(R"({"hosts": "*.A.test"})")
            == (publishing{{"*.a.test"}, {}, {}, 100}));
  CAF_CHECK(
    read(
      R"({"hosts": ["a.test"], "paths": "/x/*", "tcp_ports": "20000-20100",
          "max_names": 3})")
    == (publishing{{"a.test"}, {"/x/*"}, {{20000, 20100}}, 3}));
  CAF_CHECK(read(R"({"tcp_ports": ["2222", "3000-3001"]})").tcp_ports.size()
            == 2);
  CAF_CHECK(read(R"({"tcp_ports": 2222})")
            == (publishing{{}, {}, {{2222, 2222}}, 100}));
}

CAF_TEST(wrong rules for publishing are named) {
  const auto text = [](const std::string& publish) {
    return with(R"("tunnels": {"t": {"password": "p", "publish": )" + publish
                + "}}");
  };
  const std::string at = "$.tunnels.t.publish";
  const auto hosts = "a host, \"*.\" and a host for all below it, or \"*\"";
  const auto paths = "a path, with /* at its end for all below it";
  const auto ports = "ports such as \"20000-20100\", or a list of these";
  check({
    {text("{}"),
     {at,
      "neither hosts nor tcp_ports",
      "at least one of them; without `publish` nothing is published",
      {}}},
    {text(R"({"hosts": ["a.test", "b/c"]})"),
     {at + ".hosts[1]", "\"b/c\"", hosts, {}}},
    {text(R"({"hosts": "10.0.0.1"})"),
     {at + ".hosts", "\"10.0.0.1\"", hosts, {}}},
    {text(R"({"hosts": "a.*.test"})"),
     {at + ".hosts", "\"a.*.test\"", hosts, {}}},
    {text(R"({"hosts": "a.test", "paths": ["x"]})"),
     {at + ".paths[0]", "\"x\"", paths, {}}},
    {text(R"({"tcp_ports": "1-70000"})"),
     {at + ".tcp_ports", "\"1-70000\"", ports, {}}},
    {text(R"({"tcp_ports": "30-20"})"),
     {at + ".tcp_ports", "\"30-20\"", ports, {}}},
    {text(R"({"tcp_ports": 0})"), {at + ".tcp_ports", "\"0\"", ports, {}}},
  });
}
