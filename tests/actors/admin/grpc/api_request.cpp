#define CAF_SUITE api_request

#include "actors/admin/grpc/api_request.hpp"
#include "actors/admin/resource_table.hpp"
#include "actors/admin/router.hpp"
#include "tests/support/test.hpp"

#include <functional>

using namespace aps::admin;

namespace {

wire::OperateRequest
operate(const std::function<void(wire::OperateRequest&)>& fill) {
  wire::OperateRequest out;
  fill(out);
  return out;
}

std::string path_of(const api_call& call) {
  const auto* found = std::get_if<api_request>(&call);
  return found ? found->path : std::get<bad_call>(call).why;
}

std::string body_of(const api_call& call) {
  return std::get<api_request>(call).body;
}

// Whether the JSON API has such a resource.
bool is_known(const api_request& wanted) {
  const auto path = wanted.path.substr(0, wanted.path.find('?'));
  std::vector<std::string> names;
  for (const auto& one : resources())
    if (one.method == wanted.method && matches(one.pattern, path, names))
      return true;
  return false;
}

} // namespace

CAF_TEST(numbers_have_a_default_and_a_limit) {
  CAF_CHECK_EQUAL(limited(0, 500), 100u);
  CAF_CHECK_EQUAL(limited(7, 500), 7u);
  CAF_CHECK_EQUAL(limited(UINT32_MAX, 500), 500u);
}

CAF_TEST(questions_become_paths) {
  CAF_CHECK_EQUAL(to_api(wire::SnapshotRequest{}).path,
                  "/.api/stats?connections=0&limit=100");
  wire::SnapshotRequest all;
  all.set_tunnel("a b&c");
  all.set_endpoint("e");
  all.set_search("x/y");
  all.set_limit(5000);
  all.set_each(3);
  all.set_connections(true);
  CAF_CHECK_EQUAL(to_api(all).path,
                  "/.api/stats?connections=1&limit=1000&tunnel=a%20b%26c"
                  "&endpoint=e&search=x%2Fy&each=3");
  wire::WatchRequest watch;
  watch.mutable_filter()->set_tunnel("t");
  watch.set_endpoints(9999);
  CAF_CHECK_EQUAL(to_api(watch).path,
                  "/.api/stats?connections=0&limit=500&tunnel=t");
  wire::GetExchangeRequest one;
  CAF_CHECK_EQUAL(path_of(to_api(one)), "id is missing");
  one.set_id("7?");
  CAF_CHECK_EQUAL(path_of(to_api(one)), "/.api/exchanges?id=7%3F&limit=1");
  wire::ListExchangesRequest list;
  list.set_outcome("origin");
  CAF_CHECK_EQUAL(to_api(list).path,
                  "/.api/exchanges?limit=100&outcome=origin");
  wire::ExplainRequest explain;
  explain.set_url("http://a/b?c=d");
  CAF_CHECK_EQUAL(to_api(explain).path,
                  "/.api/explain?url=http%3A%2F%2Fa%2Fb%3Fc%3Dd");
}

CAF_TEST(each_action_is_a_resource_of_the_json_api) {
  const auto drain = operate([](auto& to) {
    auto& endpoint = *to.mutable_drain()->mutable_endpoint();
    endpoint.set_tunnel("t/1");
    endpoint.set_name("e e");
  });
  CAF_CHECK_EQUAL(path_of(to_api(drain)), "/.api/endpoints/t%2F1/e%20e/drain");
  const auto undrain
    = operate([](auto& to) { to.mutable_undrain()->set_session("ff"); });
  CAF_CHECK_EQUAL(path_of(to_api(undrain)), "/.api/sessions/ff/undrain");
  const auto reconnect
    = operate([](auto& to) { to.mutable_reconnect()->set_connection("ws-1"); });
  CAF_CHECK_EQUAL(path_of(to_api(reconnect)),
                  "/.api/connections/ws-1/reconnect");
  const auto close
    = operate([](auto& to) { to.mutable_close()->set_connection(".."); });
  CAF_CHECK_EQUAL(path_of(to_api(close)), "/.api/connections/../close");
  const auto fallback = operate([](auto& to) {
    to.mutable_fallback()->set_tunnel("t");
    to.mutable_fallback()->set_mode("grpc");
  });
  CAF_CHECK_EQUAL(path_of(to_api(fallback)), "/.api/tunnels/t/fallback");
  CAF_CHECK_EQUAL(body_of(to_api(fallback)), R"({"mode":"grpc"})");
  const auto log = operate([](auto& to) {
    to.mutable_log()->set_level("debug");
    to.mutable_log()->set_component("pool");
  });
  CAF_CHECK_EQUAL(body_of(to_api(log)),
                  R"({"component":"pool","level":"debug"})");
  const auto revoke = operate([](auto& to) {
    to.mutable_revoke()->set_tunnel("t");
    to.mutable_revoke()->set_name("a/b");
  });
  CAF_CHECK_EQUAL(path_of(to_api(revoke)), "/.api/credentials/t/a%2Fb/revoke");
  const auto restore = operate([](auto& to) {
    to.mutable_restore()->set_tunnel("t");
    to.mutable_restore()->set_name("a");
  });
  CAF_CHECK_EQUAL(path_of(to_api(restore)), "/.api/credentials/t/a/restore");
  for (const auto& call :
       {drain, undrain, reconnect, close, fallback, log, revoke, restore}) {
    const auto wanted = std::get<api_request>(to_api(call));
    CAF_CHECK_EQUAL(wanted.method, "POST");
    CAF_CHECK(is_known(wanted));
  }
}

CAF_TEST(a_fault_has_seconds_where_they_make_sense) {
  const auto fault = [](const std::string& kind, double seconds) {
    return body_of(to_api(operate([&](auto& to) {
      to.mutable_fault()->set_connection("c");
      to.mutable_fault()->set_kind(kind);
      to.mutable_fault()->set_seconds(seconds);
    })));
  };
  CAF_CHECK_EQUAL(fault("cut", 0), R"({"kind":"cut"})");
  CAF_CHECK_EQUAL(fault("cut", 1), R"({"kind":"cut","seconds":1.0})");
  CAF_CHECK_EQUAL(fault("delay", 0), R"({"kind":"delay","seconds":0.0})");
}

CAF_TEST(what_is_missing_is_told) {
  const auto why = [](const std::function<void(wire::OperateRequest&)>& fill) {
    return path_of(to_api(operate(fill)));
  };
  CAF_CHECK_EQUAL(why([](auto&) {}), "an action is missing");
  for (const auto& fill :
       std::vector<std::function<void(wire::OperateRequest&)>>{
         [](auto& to) { to.mutable_drain(); },
         [](auto& to) { to.mutable_drain()->set_session(""); },
         [](auto& to) { to.mutable_drain()->set_connection(""); },
         [](auto& to) {
           to.mutable_drain()->mutable_endpoint()->set_name("e");
         }})
    CAF_CHECK_EQUAL(why(fill),
                    "drain needs the name of a connection, a session, "
                    "or an endpoint with its tunnel");
  CAF_CHECK_EQUAL(
    why([](auto& to) { to.mutable_undrain()->set_connection("c"); }),
    "a connection cannot be undrained; its session or endpoint can");
  CAF_CHECK_EQUAL(why([](auto& to) { to.mutable_fault()->set_kind("cut"); }),
                  "a fault needs the name of a connection");
  CAF_CHECK_EQUAL(
    why([](auto& to) { to.mutable_fallback()->set_mode("grpc"); }),
    "fallback needs the name of a tunnel");
}
