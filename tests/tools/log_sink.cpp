#define CAF_SUITE tools.log_sink

#include "tests/support/test.hpp"

#include "tools/log_sink.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

using namespace aps;
using aps::host::log_sink;

namespace {

/// A pipe and a logger that writes to it.
struct piped {
  piped() {
    CAF_REQUIRE_EQUAL(::pipe(ends), 0);
    sink = std::make_shared<log_sink>(ends[1], log_component::agent);
    log = std::make_shared<spdlog::logger>("aps", sink);
    log->set_pattern("%v");
  }

  // Its writing end stays open, as for the sink's thread it has to.
  ~piped() { ::close(ends[0]); }

  /// The next line that was written, without its end.
  std::string line() {
    size_t end = 0;
    while ((end = rest.find('\n')) == rest.npos) {
      char bytes[4096];
      const auto n = ::read(ends[0], bytes, sizeof bytes);
      if (n <= 0)
        return "(end)";
      rest.append(bytes, static_cast<size_t>(n));
    }
    auto out = rest.substr(0, end);
    rest.erase(0, end + 1);
    return out;
  }

  int ends[2];
  std::shared_ptr<log_sink> sink;
  std::shared_ptr<spdlog::logger> log;
  std::string rest;
};

} // namespace

CAF_TEST(lines are written in their order) {
  piped to;
  for (int i = 0; i < 1000; ++i)
    to.log->info("line {}", i);
  for (int i = 0; i < 1000; ++i)
    CAF_REQUIRE_EQUAL(to.line(), "line " + std::to_string(i));
  CAF_CHECK_EQUAL(to.sink->dropped(), 0u);
}

CAF_TEST(whoever logs never waits and what is lost is told in its place) {
  piped to;
  constexpr int count = 100;
  const std::string text(40'000, 'x');
  for (int i = 0; i < count; ++i) // nobody reads: this returns all the same
    to.log->info(text);
  const auto lost = to.sink->dropped();
  CAF_CHECK(lost > 0);
  CAF_CHECK(lost < count);
  int whole = 0;
  std::string told;
  for (uint64_t n = 0; n < count - lost + 1; ++n) {
    const auto line = to.line();
    if (line == text)
      ++whole;
    else
      told = line;
  }
  CAF_CHECK_EQUAL(static_cast<uint64_t>(whole), count - lost);
  CAF_CHECK_EQUAL(told, "[AGENT] " + std::to_string(lost)
                          + " lines are missing here, they could not be "
                            "written");
  to.log->info("again");
  CAF_CHECK_EQUAL(to.line(), "again"); // and told once
}

CAF_TEST(what cannot be written is lost) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  CAF_REQUIRE(full >= 0);
  const auto sink = std::make_shared<log_sink>(full);
  spdlog::logger log{"aps", sink};
  log.info("one");
  log.info("two\nand more");
  while (sink->dropped() < 3) {
  }
  CAF_CHECK_EQUAL(sink->dropped(), 3u);
}

CAF_TEST(a reader that is stuck holds up no end) {
  auto to = std::make_unique<piped>();
  to->log->info(std::string(200'000, 'x')); // more than the pipe takes
  to->log.reset();
  to->sink.reset(); // returns
  CAF_CHECK_EQUAL(to->line(), std::string(200'000, 'x'));
}

CAF_TEST(somebody else may have made the descriptor non blocking) {
  piped to;
  ::fcntl(to.ends[1], F_SETFL, ::fcntl(to.ends[1], F_GETFL) | O_NONBLOCK);
  to.log->info(std::string(300'000, 'x'));
  to.log->info("behind");
  CAF_CHECK_EQUAL(to.line(), std::string(300'000, 'x'));
  CAF_CHECK_EQUAL(to.line(), "behind");
  CAF_CHECK_EQUAL(to.sink->dropped(), 0u);
}
