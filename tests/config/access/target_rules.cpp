#define CAF_SUITE config.target_rules

#include "tests/support/test.hpp"

#include "config/access/target_rules.hpp"

#include <stdexcept>

using namespace aps::config;

namespace {

using patterns = std::vector<std::string>;

/// A target as it is asked for, the address that it is about to be asked at,
/// and whether that happens.
struct target_row {
  const char* host;
  const char* ip;
  uint16_t port;
  bool allowed;
};

void check_rows(const patterns& allowed, const std::vector<target_row>& rows) {
  const target_rules uut{allowed};
  for (const auto& row : rows) {
    CAF_MESSAGE(row.host << " = " << row.ip << ":" << row.port);
    CAF_CHECK_EQUAL(uut.allows(row.host, row.ip, row.port), row.allowed);
  }
}

std::string why_not(std::string_view text) {
  std::string error;
  CAF_CHECK(!parse_target_rule(text, error));
  return error;
}

} // namespace

CAF_TEST(without patterns everything but guarded addresses is allowed) {
  check_rows(
    {},
    {
      {"app.test", "192.0.2.1", 80, true},
      {"localhost", "127.0.0.1", 3000, true},
      {"10.1.2.3", "10.1.2.3", 65535, true},
      {"2001:db8::1", "2001:db8::1", 443, true},
      {"0.0.0.0", "0.0.0.0", 80, true}, // this machine
      {"::", "::", 80, true},
      {"fd00::1", "fd00::1", 80, true},
      // Of the link, whatever it is called.
      {"169.254.169.254", "169.254.169.254", 80, false},
      {"169.254.0.0", "169.254.0.0", 80, false},
      {"169.254.255.255", "169.254.255.255", 80, false},
      {"169.253.255.255", "169.253.255.255", 80, true},
      {"169.255.0.0", "169.255.0.0", 80, true},
      {"metadata.google.internal", "169.254.169.254", 80, false},
      {"2852039166", "169.254.169.254", 80, false},
      {"0xa9.0xfe.0xa9.0xfe", "169.254.169.254", 80, false},
      {"0251.0376.0251.0376", "169.254.169.254", 80, false},
      {"169.254.169.254.", "169.254.169.254", 80, false},
      {"fe80::1", "fe80::1", 80, false},
      {"febf::1", "febf::1", 80, false},
      {"fec0::1", "fec0::1", 80, true},
      // Of clouds.
      {"100.100.100.200", "100.100.100.200", 80, false},
      {"100.100.100.201", "100.100.100.201", 80, true},
      {"168.63.129.16", "168.63.129.16", 80, false},
      {"192.0.0.192", "192.0.0.192", 80, false},
      {"fd00:ec2::254", "fd00:ec2::254", 80, false},
      {"fd00:ec2::23", "fd00:ec2::23", 80, false},
      {"fd00:ec3::254", "fd00:ec3::254", 80, true},
      {"fd20:ce::254", "fd20:ce::254", 80, false},
      {"fd00:c1::a9fe:a9fe", "fd00:c1::a9fe:a9fe", 80, false},
      {"fd00:42::42", "fd00:42::42", 80, false},
      {"fd00:a9fe:a9fe::1", "fd00:a9fe:a9fe::1", 80, false},
      {"fd00:100::100:200", "fd00:100::100:200", 80, false},
      // The same inside others.
      {"::ffff:169.254.169.254", "::ffff:169.254.169.254", 80, false},
      {"::ffff:a9fe:a9fe", "::ffff:a9fe:a9fe", 80, false},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1", 80, true},
      {"::169.254.169.254", "::169.254.169.254", 80, false},
      {"::ffff:0:169.254.169.254", "::ffff:0:169.254.169.254", 80, false},
      {"64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe", 80, false},
      {"64:ff9b::808:808", "64:ff9b::808:808", 80, true},
      {"64:ff9b:1::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", 80, false},
      {"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9fe:a9:fe00::", 80, false},
      {"64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:a9:fe:a9fe::", 80, false},
      {"64:ff9b:1:0:a9:fea9:fe00:0", "64:ff9b:1:0:a9:fea9:fe00:0", 80, false},
      {"2002:a9fe:a9fe::1", "2002:a9fe:a9fe::1", 80, false},
      {"2002:808:808::1", "2002:808:808::1", 80, true},
      {"2001:0:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", 80, false},
      {"2001:0:808:808::5601:5601", "2001:0:808:808::5601:5601", 80, false},
      {"2001:0:808:808::f7f7:f7f7", "2001:0:808:808::f7f7:f7f7", 80, true},
      {"2001:db8::5efe:a9fe:a9fe", "2001:db8::5efe:a9fe:a9fe", 80, false},
      {"2001:db8::200:5efe:a9fe:a9fe", "2001:db8::200:5efe:a9fe:a9fe", 80,
       false},
      {"2001:db8::5efe:808:808", "2001:db8::5efe:808:808", 80, true},
      // What is no address is none that could be looked at.
      {"app.test", "", 80, false},
      {"app.test", "fe80::1%eth0", 80, false},
      {"app.test", "10.1", 80, false},
    });
}

CAF_TEST(a pattern of a name holds for that name whatever it stands for) {
  check_rows({"app.test", "Sub.App.test.", "localhost", "ports.test:80-90"},
             {{"app.test", "192.0.2.1", 80, true},
              {"app.test", "127.0.0.1", 1, true},
              {"APP.Test", "192.0.2.1", 80, true},
              {"app.test.", "192.0.2.1", 80, true},
              {"sub.app.test", "192.0.2.1", 80, true},
              {"localhost", "::1", 80, true},
              {"localhost", "127.0.0.1", 80, true},
              {"other.app.test", "192.0.2.1", 80, false},
              {"xapp.test", "192.0.2.1", 80, false},
              {"app.test.evil", "192.0.2.1", 80, false},
              {"app.test..", "192.0.2.1", 80, false},
              {"test", "192.0.2.1", 80, false},
              {"", "192.0.2.1", 80, false},
              // Its addresses by themselves are others.
              {"192.0.2.1", "192.0.2.1", 80, false},
              {"127.0.0.1", "127.0.0.1", 80, false},
              // Rebound to what is guarded.
              {"app.test", "169.254.169.254", 80, false},
              {"app.test", "fd00:ec2::254", 80, false},
              {"app.test", "64:ff9b::a9fe:a9fe", 80, false},
              {"ports.test", "192.0.2.1", 79, false},
              {"ports.test", "192.0.2.1", 80, true},
              {"ports.test", "192.0.2.1", 90, true},
              {"ports.test", "192.0.2.1", 91, false}});
}

CAF_TEST(a pattern of names below one holds at any depth but not for itself) {
  const std::string zero{"evil\0.app.test", 14};
  check_rows({"*.app.test"}, {{"a.app.test", "192.0.2.1", 80, true},
                              {"a.b.app.test", "192.0.2.1", 80, true},
                              {"A.APP.test.", "192.0.2.1", 80, true},
                              {"app.test", "192.0.2.1", 80, false},
                              {".app.test", "192.0.2.1", 80, false},
                              {"xapp.test", "192.0.2.1", 80, false},
                              {"a app.test", "192.0.2.1", 80, false},
                              {"evil/.app.test", "192.0.2.1", 80, false},
                              {"a%.app.test", "192.0.2.1", 80, false},
                              {"a.app.test", "169.254.1.1", 80, false}});
  // A resolver would ask for what is in front of it.
  CAF_CHECK(!target_rules{{"*.app.test"}}.allows(zero, "192.0.2.1", 80));
}

CAF_TEST(a pattern of addresses holds for what a name stands for just now) {
  check_rows(
    {"10.0.0.0/8", "192.0.2.7:443", "[2001:db8::/32]:8000-8099", "::1"},
    {{"10.1.2.3", "10.1.2.3", 80, true},
     {"app.test", "10.1.2.3", 80, true},
     {"app.test", "11.1.2.3", 80, false}, // rebound
     {"app.test", "127.0.0.1", 80, false},
     {"::ffff:10.1.2.3", "::ffff:10.1.2.3", 80, true},
     {"64:ff9b::a01:203", "64:ff9b::a01:203", 80, false},
     {"2002:a01:203::1", "2002:a01:203::1", 80, false},
     {"192.0.2.7", "192.0.2.7", 443, true},
     {"192.0.2.7", "192.0.2.7", 80, false},
     {"192.0.2.8", "192.0.2.8", 443, false},
     {"2001:db8::1", "2001:db8::1", 8000, true},
     {"app.test", "2001:db8:ffff::1", 8099, true},
     {"2001:db8::1", "2001:db8::1", 7999, false},
     {"2001:db8::1", "2001:db8::1", 8100, false},
     {"2001:db9::1", "2001:db9::1", 8000, false},
     {"::1", "::1", 80, true},
     {"::", "::", 80, true}, // reaches the same
     {"0.0.0.0", "0.0.0.0", 80, false},
     {"167838211", "10.1.2.3", 80, true},
     {"012.1.2.3", "10.1.2.3", 80, true},
     {"0x0a010203", "10.1.2.3", 80, true},
     {"0x0a010203", "127.0.0.1", 80, false}});
}

CAF_TEST(blocks of one family say nothing about the other) {
  check_rows({"::/0"},
             {{"2001:db8::1", "2001:db8::1", 80, true},
              {"::1", "::1", 80, true},
              {"10.1.2.3", "10.1.2.3", 80, false},
              {"::ffff:10.1.2.3", "::ffff:10.1.2.3", 80, false},
              {"fe80::1", "fe80::1", 80, false},
              {"64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe", 80, false}});
  check_rows({"0.0.0.0/0"}, {{"10.1.2.3", "10.1.2.3", 80, true},
                             {"0.0.0.0", "0.0.0.0", 80, true},
                             {"169.254.169.254", "169.254.169.254", 80, false},
                             {"2001:db8::1", "2001:db8::1", 80, false}});
  check_rows({"::ffff:10.0.0.0/104"}, {{"10.1.2.3", "10.1.2.3", 80, true},
                                       {"11.1.2.3", "11.1.2.3", 80, false}});
}

CAF_TEST(this machine is one address however it is written) {
  check_rows({"127.0.0.1"}, {{"0.0.0.0", "0.0.0.0", 80, true},
                             {"::ffff:0.0.0.0", "::ffff:0.0.0.0", 80, true},
                             {"127.0.0.2", "127.0.0.2", 80, false},
                             {"::1", "::1", 80, false}});
  check_rows({"0.0.0.0", "::"}, {{"127.0.0.1", "127.0.0.1", 80, true},
                                 {"::1", "::1", 80, true},
                                 {"127.0.0.2", "127.0.0.2", 80, false}});
}

CAF_TEST(guarded addresses have to be named) {
  check_rows({"*"}, {{"app.test", "10.1.2.3", 80, true},
                     {"10.1.2.3", "10.1.2.3", 80, true},
                     {"2001:db8::1", "2001:db8::1", 80, true},
                     {"app.test", "169.254.169.254", 80, false}});
  check_rows({"*:443"}, {{"app.test", "10.1.2.3", 443, true},
                         {"app.test", "10.1.2.3", 80, false}});
  check_rows({"169.254.169.254:80", "fd00:ec2::/64", "64:ff9b::a9fe:a9fe"},
             {{"169.254.169.254", "169.254.169.254", 80, true},
              {"meta.test", "169.254.169.254", 80, true},
              {"169.254.169.254", "169.254.169.254", 443, false},
              {"169.254.169.253", "169.254.169.253", 80, false},
              {"fd00:ec2::254", "fd00:ec2::254", 80, true},
              {"fd00:ec2:1::254", "fd00:ec2:1::254", 80, false},
              {"64:ff9b::a9fe:a9fe", "64:ff9b::a9fe:a9fe", 80, true},
              {"2002:a9fe:a9fe::", "2002:a9fe:a9fe::", 80, false}});
  check_rows({"169.254.0.0/16"}, {{"a.test", "169.254.1.2", 80, true}});
  check_rows({"169.0.0.0/8"}, {{"a.test", "169.254.1.2", 80, false},
                               {"a.test", "169.1.1.2", 80, true}});
}

CAF_TEST(Unix sockets have to be named) {
  for (const patterns& none : {patterns{}, patterns{"*"}, patterns{"a.test"},
                               patterns{"0.0.0.0/0", "::/0"}})
    check_rows(none, {{"unix:/run/app.sock", "", 0, false}});
  check_rows({"unix:/run/app.sock"}, {{"unix:/run/app.sock", "", 0, true},
                                      {"unix:/run/app.sock2", "", 0, false},
                                      {"unix:/run", "", 0, false},
                                      {"app.sock", "127.0.0.1", 80, false}});
  check_rows({"unix:/run/x/*"}, {{"unix:/run/x/a", "", 0, true},
                                 {"unix:/run/x/b/c", "", 0, true},
                                 {"unix:/run/x/../y", "", 0, false},
                                 {"unix:/run/x/..", "", 0, false},
                                 {"unix:/run/y", "", 0, false}});
  for (const auto* text : {"unix:", "unix:app.sock", "unix:/a/../b"})
    CAF_CHECK_EQUAL(why_not(text), "has no absolute path behind unix:");
}

CAF_TEST(what is no pattern is refused) {
  for (const auto* text : {"",
                           ":80",
                           "*.",
                           "*.*",
                           "a.*.test",
                           "*a.test",
                           "app..test",
                           "app.test..",
                           "-a.test",
                           "a b",
                           "10.0.0.1/8",
                           "10.0.0.0/33",
                           "10.0.0.0/",
                           "2001:db8::/129",
                           "[10.0.0.1]:80",
                           "[app.test]:80",
                           "[::1",
                           "[::1]80",
                           "[*]:80",
                           "::1%eth0",
                           "2130706433",
                           "0177.0.0.1",
                           "0x7f.1",
                           "0x7f000001",
                           "*.1",
                           "127.1",
                           "app.test/x",
                           "app.test,b.test"}) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(why_not(text).substr(0, 10), "is no name");
  }
  for (const auto* text :
       {"app.test:", "app.test:0", "app.test:65536", "app.test:x",
        "app.test:90-80", "app.test:80-", "app.test:-80", "[::1]:", "*:0",
        "10.0.0.0/8:+1", "http://app.test"}) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(why_not(text).substr(0, 11), "has no port");
  }
  std::string thrown;
  try {
    const target_rules uut{{"a.test", "b:0"}};
  } catch (const std::runtime_error& error) {
    thrown = error.what();
  }
  CAF_CHECK_EQUAL(thrown.substr(0, 17), "\"b:0\" has no port");
}

CAF_TEST(a pattern is read as it is written) {
  std::string error;
  const auto read = [&](std::string_view text) {
    return parse_target_rule(text, error).value();
  };
  CAF_CHECK(read("*") == target_rule{});
  CAF_CHECK(read("App.test:443")
            == (target_rule{"app.test", false, {}, 443, 443}));
  CAF_CHECK(read("*.app.test:1-65535")
            == (target_rule{"app.test", true, {}, 1, 65535}));
  CAF_CHECK(read("10.0.0.0/8:80-90")
            == (target_rule{"", false, parse_network("10.0.0.0/8"), 80, 90}));
  CAF_CHECK(read("[::1]:80")
            == (target_rule{"", false, parse_network("::1"), 80, 80}));
  CAF_CHECK(read("2001:db8::/32") == read("[2001:db8::/32]"));
}
