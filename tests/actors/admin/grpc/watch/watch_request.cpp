#define CAF_SUITE watch_request

#include "actors/admin/grpc/watch/watch_request.hpp"
#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::admin;

namespace {

config::node with_tunnel() {
  config::node out;
  out.tunnels["tunnel1"];
  return out;
}

auto read(const wire::WatchRequest& call) {
  return read_watch(call, "node", with_tunnel());
}

} // namespace

CAF_TEST(without_a_filter_it_is_all_but_what_comes_with_each_request) {
  const auto wish = std::get<watch_wish>(read({}));
  CAF_CHECK_EQUAL(wish.filter.kinds, life_cycle_kinds);
  CAF_CHECK_EQUAL(wish.filter.tunnel, "");
  CAF_CHECK(!wish.after);
}

CAF_TEST(kinds_are_words) {
  wire::WatchRequest call;
  call.mutable_filter()->add_kinds("tunnel-added");
  call.mutable_filter()->add_kinds("exchange-finished");
  call.mutable_filter()->set_tunnel("tunnel1");
  const auto wish = std::get<watch_wish>(read(call));
  CAF_CHECK_EQUAL(wish.filter.kinds, set_of(event_kind::tunnel_added)
                                       | set_of(event_kind::exchange_finished));
  CAF_CHECK_EQUAL(wish.filter.tunnel, "tunnel1");
  call.mutable_filter()->add_kinds("all");
  CAF_CHECK_EQUAL(std::get<watch_wish>(read(call)).filter.kinds, all_kinds);
}

CAF_TEST(what_nobody_knows_is_refused_with_what_may_be_meant) {
  wire::WatchRequest call;
  call.mutable_filter()->add_kinds("tunel-added");
  CAF_CHECK_EQUAL(std::get<bad_call>(read(call)).why,
                  "there is no kind of event \"tunel-added\"; do you mean "
                  "tunnel-added?");
  call.mutable_filter()->clear_kinds();
  call.mutable_filter()->set_tunnel("tunnel2");
  CAF_CHECK_EQUAL(std::get<bad_call>(read(call)).why,
                  "there is no tunnel \"tunnel2\"; do you mean tunnel1?");
}

CAF_TEST(after_names_an_event_of_this_life) {
  wire::WatchRequest call;
  call.set_after("node-17");
  CAF_CHECK(std::get<watch_wish>(read(call)).after == 17u);
  call.set_after("other-17");
  CAF_CHECK(std::get<watch_wish>(read(call)).after == 0u);
}
