#define CAF_SUITE grpc_door

#include "actors/compat.hpp"
#include "monitored_node.hpp"
#include "tests/support/test.hpp"

#include <filesystem>
#include <fstream>
#include <set>

using namespace aps;
using namespace aps::test;

namespace {

// The names of this process's threads that are gRPC's.
size_t grpc_threads() {
  size_t count = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream{task.path() / "comm"}, name);
    count += name.starts_with("grpc") || name.starts_with("default-executo")
             || name.starts_with("resolver-execut")
             || name.starts_with("event_engine");
  }
  return count;
}

} // namespace

CAF_TEST(without_it_there_is_no_port_and_no_thread) {
  host app;
  const auto node
    = spawn_node(app.system, node_config(), app.net, silent(), speaking_grpc());
  CAF_CHECK_EQUAL(node->grpc_port(), 0u);
  CAF_CHECK_EQUAL(grpc_threads(), 0u);
}

CAF_TEST(a_program_without_grpc_refuses_the_key) {
  host app;
  auto config = node_config();
  config.admin->grpc.emplace().port = 0;
  try {
    spawn_node(app.system, config, app.net, silent());
    CAF_FAIL("it started");
  } catch (const std::runtime_error& error) {
    CAF_CHECK_EQUAL(std::string{error.what()},
                    "$.admin.grpc: this program speaks no gRPC");
  }
}

CAF_TEST(a_port_in_use_ends_the_start_and_leaves_nothing) {
  monitored_node first;
  host app;
  auto config = node_config();
  config.admin->grpc.emplace().port = first.node->grpc_port();
  for (int i = 0; i < 2; ++i) {
    try {
      spawn_node(app.system, config, app.net, silent(), speaking_grpc());
      CAF_FAIL("it started");
    } catch (const std::runtime_error& error) {
      CAF_CHECK_NOT_EQUAL(std::string{error.what()}.find("$.admin.grpc: cannot "
                                                         "listen on "),
                          std::string::npos);
    }
  }
}

CAF_TEST(watchers_are_told_that_the_node_stops) {
  monitored_node where;
  reader watcher{where, {}};
  CAF_REQUIRE(eventually([&] { return watcher.begun(); }));
  where.node->stop(std::chrono::milliseconds(0));
  CAF_REQUIRE(eventually([&] { return watcher.status().has_value(); }));
  CAF_CHECK(watcher.status()->error_code() == grpc::StatusCode::UNAVAILABLE);
  CAF_CHECK_EQUAL(watcher.status()->error_message(), "the node stops");
  const auto events = watcher.events();
  std::set<std::string> kinds;
  for (const auto& event : events)
    kinds.insert(event.occurrence().kind());
  CAF_CHECK(kinds.contains("node-draining"));
}

// One that does not even look at its connection: only the deadline ends it.
CAF_TEST(a_reader_that_stalls_does_not_hold_up_the_stop) {
  monitored_node where;
  grpc::CompletionQueue queue;
  const auto stub = where.stub();
  call_context context;
  const auto stream = stub->AsyncWatch(&context, {}, &queue, nullptr);
  void* tag = nullptr;
  bool ok = false;
  CAF_REQUIRE(queue.Next(&tag, &ok));
  for (int i = 0; i < 20'000; ++i) {
    event next{event_kind::tunnel_changed, "t"};
    next.detail = std::string(1000, 'x');
    compat::enqueue(nullptr, where.node->monitor(), next);
  }
  const auto start = std::chrono::steady_clock::now();
  where.node->stop(std::chrono::milliseconds(0));
  CAF_CHECK(std::chrono::steady_clock::now() - start
            < std::chrono::seconds(30));
  context.TryCancel();
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}
