#define CAF_SUITE event_message

#include "actors/admin/grpc/event_message.hpp"
#include "actors/watch/event_text.hpp"
#include "tests/support/test.hpp"

#include <nlohmann/json.hpp>

using namespace aps;
using namespace aps::admin;

namespace {

v1::Event read(const std::string& bytes) {
  v1::Event out;
  CAF_CHECK(out.ParseFromString(bytes));
  return out;
}

event full_event(event_kind kind) {
  event out{kind, "tunnel", "endpoint", "grpc", "connection", "detail", 7};
  out.reason = "reason";
  out.session = "session";
  out.request_id = "request";
  out.time_ms = 1700000000000;
  out.serial = 42;
  out.peer = "192.0.2.1";
  out.mapping = "http://a";
  return out;
}

} // namespace

// By the names of the fields, so that none of JSON's is left out here.
CAF_TEST(an_occurrence_says_what_the_json_api_says) {
  for (const auto& row : event_table) {
    const auto event = full_event(row.kind);
    const auto out = read(event_message("node", event)).occurrence();
    CAF_CHECK_EQUAL(out.id(), "node-42");
    const auto& fields = *out.GetDescriptor();
    const auto& values = *out.GetReflection();
    const auto shown = aps::show(event);
    for (const auto& [name, value] : shown.items()) {
      const auto* field = fields.FindFieldByName(name);
      CAF_REQUIRE(field != nullptr);
      if (value.is_string())
        CAF_CHECK_EQUAL(values.GetString(out, field), value.get<std::string>());
      else if (name == "time_ms")
        CAF_CHECK_EQUAL(out.time_ms(), value.get<int64_t>());
      else
        CAF_CHECK_EQUAL(values.GetUInt64(out, field), value.get<uint64_t>());
    }
    CAF_CHECK_EQUAL(static_cast<size_t>(fields.field_count()),
                    shown.size() + 1); // and the id
  }
}

CAF_TEST(a_gap_says_how_large_it_is) {
  const auto out = read(missed_message(5));
  CAF_CHECK_EQUAL(out.missed().count(), 5u);
  CAF_CHECK(!out.has_occurrence());
}

CAF_TEST(a_snapshot_before_a_replay_is_no_place_to_go_on_from) {
  const auto snapshot = [] {
    v1::Snapshot out;
    out.set_serial(99);
    out.set_id("other");
    out.mutable_node()->set_id("node");
    return out;
  };
  auto out = read(snapshot_message(snapshot(), "node", 3, false)).snapshot();
  CAF_CHECK_EQUAL(out.id(), "node-3");
  CAF_CHECK_EQUAL(out.serial(), 3u);
  CAF_CHECK_EQUAL(out.node().id(), "node");
  out = read(snapshot_message(snapshot(), "node", 3, true)).snapshot();
  CAF_CHECK_EQUAL(out.id(), "");
  CAF_CHECK_EQUAL(out.serial(), 3u);
}
