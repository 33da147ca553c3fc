#define CAF_SUITE log_set

#include "actors/watch/log_set.hpp"

#include "actors/events.hpp"
#include "tests/support/test.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

using namespace aps;
using nlohmann::json;
using level = spdlog::level::level_enum;

namespace {

struct fixture {
  explicit fixture(bool as_json = false)
      : logs(
        [this] {
          auto general = std::make_shared<spdlog::logger>(
            "aps", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
          general->set_pattern("%l %v");
          general->set_level(level::info);
          return general;
        }(),
        as_json) {}

  /// What was written since the last call.
  std::string written() {
    auto text = out.str();
    out.str("");
    return text;
  }

  std::ostringstream out;
  log_set logs;
};

using levels = std::map<std::string, std::string>;

} // namespace

CAF_TEST(the general level is that of all who have none of their own) {
  fixture uut;
  CAF_CHECK_EQUAL(uut.logs.level(), "info");
  CAF_CHECK_EQUAL(uut.logs.levels(), levels{});
  CAF_CHECK(uut.logs.set_level("tunnel", level::debug));
  CAF_CHECK_EQUAL(uut.logs.levels(), (levels{{"tunnel", "debug"}}));
  uut.logs.set_level(level::err);
  CAF_CHECK_EQUAL(uut.logs.level(), "error");
  CAF_CHECK_EQUAL(uut.logs.levels(), (levels{{"tunnel", "debug"}}));
  CAF_CHECK(uut.logs.of(log_component::tunnel).logger()->level()
            == level::debug);
  CAF_CHECK(uut.logs.of(log_component::auth).logger()->level() == level::err);
}

CAF_TEST(a group sets its members and an unknown name nobody) {
  fixture uut;
  CAF_CHECK(uut.logs.set_level("pool", level::trace));
  CAF_CHECK_EQUAL(uut.logs.levels(), (levels{{"grpc-pool", "trace"},
                                             {"poll-pool", "trace"},
                                             {"ws-pool", "trace"}}));
  CAF_CHECK(!uut.logs.set_level("pools", level::off));
  CAF_CHECK(!uut.logs.set_level("", level::off));
  CAF_CHECK(!uut.logs.set_level("agent", level::off)); // another program
  CAF_CHECK_EQUAL(uut.logs.levels().size(), 3u);
}

CAF_TEST(an event is a line of its component at its level) {
  fixture uut;
  event lost{event_kind::connection_lost};
  lost.tunnel = "t";
  lost.endpoint = "e";
  lost.transport = "grpc";
  lost.connection = "c-1";
  lost.reason = "stalled";
  uut.logs.write(lost);
  const auto line = uut.written();
  CAF_CHECK(line.starts_with("warning [GRPC-POOL] "));
  CAF_CHECK(line.find("c-1") != line.npos);
  uut.logs.set_level("grpc-pool", level::err);
  uut.logs.write(lost);
  CAF_CHECK_EQUAL(uut.written(), "");
}

CAF_TEST(an event in JSON has what it says and no more) {
  fixture uut{true};
  event lost{event_kind::connection_lost};
  lost.tunnel = "t";
  lost.transport = "grpc";
  lost.serial = 7;
  uut.logs.write(lost);
  auto text = uut.written();
  text.erase(0, text.find('{'));
  const auto line = json::parse(text);
  CAF_CHECK_EQUAL(line["component"].get<std::string>(), "grpc-pool");
  CAF_CHECK_EQUAL(line["kind"].get<std::string>(), "connection-lost");
  CAF_CHECK_EQUAL(line["tunnel"].get<std::string>(), "t");
  CAF_CHECK(line["serial"] == 7);
  for (const auto* absent : {"endpoint", "number", "reason", "peer"})
    CAF_CHECK(!line.contains(absent));
  lost.number = 3;
  uut.logs.write(lost);
  text = uut.written();
  CAF_CHECK(json::parse(text.substr(text.find('{')))["number"] == 3);
}

CAF_TEST(a line that is no event names its endpoint in JSON alone) {
  fixture plain;
  plain.logs.write(log_component::limit, level::warn, "too many", "t", "e");
  CAF_CHECK_EQUAL(plain.written(), "warning [LIMIT] too many\n");
  plain.logs.write(log_component::limit, level::debug, "unseen", "t", "e");
  CAF_CHECK_EQUAL(plain.written(), "");
  fixture as_json{true};
  as_json.logs.write(log_component::limit, level::warn, "too many", "t", "");
  CAF_CHECK_EQUAL(as_json.written(),
                  "warning {\"component\":\"limit\",\"text\":\"too many\","
                  "\"tunnel\":\"t\"}\n");
}

CAF_TEST(an object leaves out what says nothing) {
  CAF_CHECK_EQUAL(
    log_object(log_component::auth, "a\xff",
               {{"none", nullptr}, {"empty", ""}, {"zero", 0}, {"no", false}}),
    "{\"component\":\"auth\",\"text\":\"a\xef\xbf\xbd\","
    "\"zero\":0,\"no\":false}");
}

CAF_TEST(levels are called as in the configuration) {
  const std::pair<level, std::string_view> rows[]
    = {{level::trace, "trace"},  {level::debug, "debug"}, {level::info, "info"},
       {level::warn, "warning"}, {level::err, "error"},   {level::off, "off"}};
  for (const auto& [value, name] : rows)
    CAF_CHECK_EQUAL(level_name(value), name);
}
