#define CAF_SUITE answer

#include "actors/admin/grpc/answer.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::admin;

namespace {

document said(uint16_t status, std::string_view body) {
  return {status, "application/json", {}, {}, slice::copy(body), {}};
}

} // namespace

CAF_TEST(a_status_of_http_has_its_name_here) {
  using enum grpc::StatusCode;
  const std::vector<std::pair<uint16_t, grpc::StatusCode>> table{
    {200, OK},
    {400, INVALID_ARGUMENT},
    {401, UNAUTHENTICATED},
    {403, PERMISSION_DENIED},
    {404, NOT_FOUND},
    {413, INVALID_ARGUMENT},
    {429, RESOURCE_EXHAUSTED},
    {500, INTERNAL},
    {503, UNAVAILABLE}};
  for (const auto& [http, code] : table)
    CAF_CHECK(status_of(http, "why").error_code() == code);
}

CAF_TEST(a_refusal_tells_why_and_what_there_is) {
  wire::OperateResult out;
  const auto status = read_answer(
    said(404,
         R"({"error": "there is no tunnel \"x\"", "allowed": ["a", "b"]})"),
    out);
  CAF_CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
  CAF_CHECK_EQUAL(status.error_message(),
                  "there is no tunnel \"x\"; there are: a, b");
  CAF_CHECK_EQUAL(read_answer(said(503, "busy"), out).error_message(),
                  "the node gave no reason");
}

CAF_TEST(fields_go_to_those_of_their_name) {
  wire::Snapshot out;
  const auto status = read_answer(said(200, R"({
    "events": {"serial": 12, "counts": {"tunnel-added": 1}, "subscribers": 2},
    "node": {"id": "n", "started_ms": 1700000000000, "draining": true},
    "exchanges": {"started": 5, "live": 1},
    "unheard_of": {"x": [1]},
    "limits": {"send-rate": 3},
    "tunnels": {"t": {"enabled": true, "endpoints": [{"name": "e",
      "fallback": {"state": "primary", "next_probe_seconds": null},
      "pools": [{"transport": "grpc", "sizing": {"utilization": 0.5}}]}]}}})"),
                                  out);
  CAF_CHECK(status.ok());
  CAF_CHECK_EQUAL(out.id(), "n-12");
  CAF_CHECK_EQUAL(out.serial(), 12u);
  CAF_CHECK_EQUAL(out.node().started_ms(), 1700000000000);
  CAF_CHECK(out.node().draining());
  CAF_CHECK_EQUAL(out.exchanges().started(), 5u);
  CAF_CHECK_EQUAL(out.limits().at("send-rate"), 3u);
  const auto& endpoint = out.tunnels().at("t").endpoints(0);
  CAF_CHECK_EQUAL(endpoint.name(), "e");
  CAF_CHECK(!endpoint.fallback().has_next_probe_seconds());
  CAF_CHECK_EQUAL(endpoint.pools(0).sizing().utilization(), 0.5);
}

CAF_TEST(one_exchange_is_the_newest_that_was_found) {
  wire::Exchange out;
  CAF_CHECK(read_answer(said(200, R"({"live": [{"id": "9", "status": null,
    "tls": null, "first_byte_ms": null, "acquired_ms": 0.5}],
    "finished": [{"id": "8"}]})"),
                        out)
              .ok());
  CAF_CHECK_EQUAL(out.id(), "9");
  CAF_CHECK_EQUAL(out.status(), 0u);
  CAF_CHECK(!out.has_tls());
  CAF_CHECK(!out.has_first_byte_ms());
  CAF_CHECK(out.has_acquired_ms());
  CAF_CHECK(
    read_answer(said(200, R"({"finished": [{"id": "8"}, {"id": "7"}]})"), out)
      .ok());
  CAF_CHECK_EQUAL(out.id(), "8");
  CAF_CHECK(
    read_answer(said(200, R"({"live": [], "finished": []})"), out).error_code()
    == grpc::StatusCode::NOT_FOUND);
}

CAF_TEST(an_explanation_tells_how_many_mappings_there_are) {
  wire::Explanation out;
  CAF_CHECK(read_answer(said(200, R"({"mapping": null, "candidates": [
    {"index": 0, "wins": true, "why": "the only match"}, {"index": 1}]})"),
                        out)
              .ok());
  CAF_CHECK(!out.has_mapping());
  CAF_CHECK_EQUAL(out.candidates_total(), 2u);
  CAF_CHECK(out.candidates(0).wins());
}

CAF_TEST(what_cannot_be_read_is_no_answer) {
  wire::ExchangeList out;
  for (const auto* bad : {"", "{", "[]", R"({"live": 5})"})
    CAF_CHECK(read_answer(said(200, bad), out).error_code()
              == grpc::StatusCode::INTERNAL);
}
