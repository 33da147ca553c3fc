/// What the parts of a request cost, each by itself (Google Benchmark): the
/// codec, the parser, the windows, the choices, the routes, the hops between
/// actors. Built with -DAPS_BENCH=ON; `tools/bench/suite` runs it where it
/// lies beside the programs.

#include "actors/base/unit_context.hpp"
#include "actors/policy/balance.hpp"
#include "config/routing/routes.hpp"
#include "transports/http/parser.hpp"
#include "transports/seam/exchange/windows.hpp"
#include "transports/wire/codec.hpp"

#include <benchmark/benchmark.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <cstdlib>
#include <deque>

using namespace aps;

namespace {

/// What a browser sends, more or less.
constexpr std::string_view head_text
  = "GET /articles/7?page=2 HTTP/1.1\r\nHost: example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html\r\n"
    "Accept-Language: en\r\nAccept-Encoding: gzip, br\r\n"
    "Cookie: session=0123456789abcdef\r\nConnection: keep-alive\r\n\r\n";

header_list fields() {
  return {{"Host", "example.com"},
          {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"},
          {"Accept", "text/html"},
          {"Accept-Language", "en"},
          {"Accept-Encoding", "gzip, br"},
          {"Cookie", "session=0123456789abcdef"},
          {"X-Forwarded-For", "192.0.2.7"},
          {"X-Request-Id", "0123456789abcdef"}};
}

/// The head of a request and a body of so many bytes.
frame_batch request_of(size_t bytes) {
  auto head = std::make_shared<request_head>();
  head->method = "POST";
  head->authority = "localhost:3000";
  head->path = "/articles/7?page=2";
  head->headers = fields();
  head->last = false;
  head->content_length = bytes;
  return {{7, request_frame{1, default_window, std::move(head)}},
          {7, data_frame{0, slice::adopt(std::string(bytes, 'x')), true}}};
}

slice message_of(const frame_batch& frames) {
  batch_encoder encoder;
  std::string out;
  for (const auto& part : encoder.encode(frames))
    out += part.view();
  return slice::adopt(std::move(out));
}

void encode_request(benchmark::State& state) {
  const auto frames = request_of(static_cast<size_t>(state.range(0)));
  batch_encoder encoder;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.encode(frames).data());
    encoder.clear();
  }
}
BENCHMARK(encode_request)->Arg(100)->Arg(16 * 1024);

void decode_request(benchmark::State& state) {
  const auto message
    = message_of(request_of(static_cast<size_t>(state.range(0))));
  frame_batch out;
  for (auto _ : state) {
    out.clear();
    if (!(decode(message, message.size(), out) == codec_error::none))
      state.SkipWithError("the message is not taken");
  }
}
BENCHMARK(decode_request)->Arg(100)->Arg(16 * 1024);

void parse_head(benchmark::State& state) {
  const auto bytes = slice::copy(head_text);
  request_parser parser;
  for (auto _ : state) {
    parser.reset();
    parser.feed(bytes.owner(), bytes.view(), 65536, 4096);
    if (!parser.done())
      state.SkipWithError("the head is not taken");
  }
}
BENCHMARK(parse_head);

/// A block from the producer to its acknowledgement.
void window_block(benchmark::State& state) {
  const auto block
    = slice::adopt(std::string(static_cast<size_t>(state.range(0)), 'x'));
  send_window window{default_window};
  for (auto _ : state) {
    window.push(block);
    while (auto frame = window.next())
      benchmark::DoNotOptimize(frame);
    if (!window.ack(window.sent(), default_window))
      state.SkipWithError("the ack is not taken");
  }
}
BENCHMARK(window_block)->Arg(100)->Arg(65536);

/// Among so many connections of two agents.
void choose_connection(benchmark::State& state) {
  std::vector<member_view> members(static_cast<size_t>(state.range(0)));
  for (size_t i = 0; i < members.size(); ++i) {
    members[i].leases = static_cast<uint32_t>(i * 7 % 5);
    members[i].session = 1 + i % 2;
  }
  uint64_t turn = 0;
  for (auto _ : state) {
    ++turn;
    benchmark::DoNotOptimize(
      choose_member(members, 64, request_view{}, turn, mix(turn)));
  }
}
BENCHMARK(choose_connection)->Arg(5)->Arg(50);

/// Among so many endpoints.
void choose_endpoint(benchmark::State& state) {
  std::vector<choice_view> choices(static_cast<size_t>(state.range(0)));
  for (size_t i = 0; i < choices.size(); ++i) {
    choices[i].key = i + 1;
    choices[i].load = static_cast<uint32_t>(i * 7 % 5);
  }
  uint64_t turn = 0;
  for (auto _ : state) {
    ++turn;
    benchmark::DoNotOptimize(
      choose_one(config::balance::least_loaded, choices, turn, mix(turn), 0));
  }
}
BENCHMARK(choose_endpoint)->Arg(2)->Arg(20);

config::url url_of(const std::string& text, bool prefix) {
  std::string error;
  if (auto parsed = config::parse_url(text, prefix, error))
    return *parsed;
  std::abort();
}

/// In a table of so many mappings of 500 hosts.
void find_mapping(benchmark::State& state) {
  config::mapping rule;
  rule.to = url_of("http://localhost:3000", false);
  route_table::mapping_list mappings;
  for (int64_t i = 0; i < state.range(0); ++i) {
    rule.from = url_of("http://host" + std::to_string(i % 500) + ".test/p"
                         + std::to_string(i),
                       true);
    mappings.push_back(rule);
  }
  const route_table routes{mappings};
  for (auto _ : state)
    if (!find_route(routes, {"http", "host0.test", 0, "/p0/articles?page=2"}))
      state.SkipWithError("no mapping is found");
}
BENCHMARK(find_mapping)->Arg(1)->Arg(1000);

/// A unit whose posts run when they are asked to.
class bench_unit final : public executor {
 public:
  void post(std::function<void()> work) override {
    work_.push_back(std::move(work));
  }
  bool on_thread() const noexcept override { return true; }
  time_point now() const noexcept override { return clock_type::now(); }
  size_t index() const noexcept override { return 0; }

  void run_all() {
    while (!work_.empty()) {
      auto work = std::move(work_.front());
      work_.pop_front();
      work();
    }
  }

 private:
  std::deque<std::function<void()>> work_;
};

/// One message through so many actors of a unit, from outside.
void actor_hops(benchmark::State& state) {
  caf::actor_system_config settings;
  settings.set("caf.scheduler.max-threads", 1u);
  caf::actor_system system{settings};
  bench_unit unit;
  const auto context = std::make_shared<unit_context>(system, unit);
  int64_t arrived = 0;
  auto next = system.spawn<caf::lazy_init>(
    [&arrived]() -> caf::behavior { return {[&arrived](int) { ++arrived; }}; });
  for (int64_t i = 1; i < state.range(0); ++i)
    next = system.spawn<caf::lazy_init>(
      [next](caf::event_based_actor* self) -> caf::behavior {
        return {[self, next](int value) { self->send(next, value); }};
      });
  for (auto _ : state) {
    compat::enqueue(context.get(), next, 1);
    unit.run_all();
  }
  if (arrived != state.iterations())
    state.SkipWithError("messages are missing");
}
BENCHMARK(actor_hops)->Arg(1)->Arg(3);

} // namespace

int main(int count, char** words) {
  caf::core::init_global_meta_objects();
  benchmark::Initialize(&count, words);
  if (benchmark::ReportUnrecognizedArguments(count, words))
    return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
