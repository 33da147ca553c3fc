#define CAF_SUITE tools.host

#include "tests/support/test.hpp"

#include "tools/host.hpp"

#include <caf/actor_system_config.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace aps;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

/// What `work` has a log write to stderr. Nothing is checked meanwhile: that
/// would be written there, too.
template <class Work>
std::vector<std::string> logged(const std::string& level, bool json,
                                Work work) {
  int ends[2];
  CAF_REQUIRE_EQUAL(::pipe(ends), 0);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  std::string text;
  uint64_t dropped = 0;
  {
    const auto log
      = host::make_log(log_component::agent, level, json).logger();
    work(*log);
    log->critical("(last)");
    ssize_t n = 1;
    while (n > 0
           && (text.find("(last)") == text.npos || text.back() != '\n')) {
      char bytes[4096];
      n = ::read(ends[0], bytes, sizeof bytes);
      text.append(bytes, static_cast<size_t>(std::max<ssize_t>(n, 0)));
    }
    dropped = host::dropped_lines(*log);
  }
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  ::close(ends[0]);
  CAF_CHECK_EQUAL(dropped, 0u);
  CAF_REQUIRE(text.find("(last)") != text.npos);
  std::vector<std::string> lines;
  for (size_t from = 0, end; (end = text.find('\n', from)) != text.npos;
       from = end + 1)
    lines.push_back(text.substr(from, end - from));
  lines.pop_back();
  return lines;
}

struct fixture {
  fixture() { host::prepare_process(); }
  static void raise(int signal) { ::kill(::getpid(), signal); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(host_tests, fixture)

CAF_TEST(a process may open as many files as it is allowed to) {
  rlimit limit{};
  CAF_REQUIRE_EQUAL(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  CAF_CHECK_EQUAL(limit.rlim_cur, limit.rlim_max);
  struct sigaction pipe {};
  ::sigaction(SIGPIPE, nullptr, &pipe);
  CAF_CHECK(pipe.sa_handler == SIG_IGN);
}

CAF_TEST(waiting ends by a call or at its deadline) {
  host::wake(); // before it waits
  CAF_CHECK_EQUAL(host::wait_for_stop(), "");
  CAF_CHECK_EQUAL(host::wait_for_stop({}, clock_type::now()), "");
  CAF_CHECK_EQUAL(host::wait_for_stop({}, clock_type::now() - 1h), "");
  CAF_CHECK_EQUAL(host::wait_for_stop({}, clock_type::now() + 10ms), "");
}

CAF_TEST(signals for other programs neither wake nor end anybody) {
  raise(SIGUSR1);
  raise(SIGUSR2);
  const auto me = ::getpid();
  const auto child = ::fork();
  if (child == 0) {
    ::kill(me, SIGRTMIN); // what wakes, but from somebody else
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  raise(SIGTERM);
  CAF_CHECK_EQUAL(host::wait_for_stop(), "SIGTERM");
  host::prepare_process();
}

CAF_TEST(a hangup reloads and a program without files stops) {
  int reloads = 0;
  raise(SIGHUP);
  CAF_CHECK_EQUAL(host::wait_for_stop([&] {
                    ++reloads;
                    host::wake();
                  }),
                  "");
  CAF_CHECK_EQUAL(reloads, 1);
  raise(SIGHUP);
  CAF_CHECK_EQUAL(host::wait_for_stop(), "SIGHUP");
}

CAF_TEST(a hangup that was ignored from the start stays so) {
  std::signal(SIGHUP, SIG_IGN);
  host::prepare_process();
  std::signal(SIGHUP, SIG_DFL); // so that it arrives; who decides asked before
  raise(SIGHUP);
  CAF_CHECK_EQUAL(host::wait_for_stop({}, clock_type::now() + 10ms), "");
  host::prepare_process();
}

CAF_TEST(who stops it is named) {
  raise(SIGINT);
  CAF_CHECK_EQUAL(host::wait_for_stop(), "SIGINT");
  host::prepare_process();
  raise(SIGTERM);
  CAF_CHECK_EQUAL(host::wait_for_stop(), "SIGTERM");
}

CAF_TEST(processes that do the same have names of their own) {
  const auto first = host::instance_name("tunnel t endpoint e");
  const auto second = host::instance_name("tunnel t endpoint e");
  const auto other = host::instance_name("tunnel t endpoint f");
  CAF_REQUIRE(first.ends_with("-0"));
  CAF_REQUIRE(second.ends_with("-1"));
  CAF_REQUIRE(other.ends_with("-0"));
  const auto base
    = [](const std::string& name) { return name.substr(0, name.rfind('-')); };
  CAF_CHECK_EQUAL(base(first), base(second));
  CAF_CHECK_NOT_EQUAL(base(first), base(other));
  char machine[65]{};
  ::gethostname(machine, sizeof machine - 1);
  CAF_CHECK(first.starts_with(std::string{machine} + "-"));
}

CAF_TEST(a line has time and level in front) {
  const auto lines = logged("info", false, [](spdlog::logger& log) {
    log.debug("too low");
    log.warn("[TUNNEL] down");
  });
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  CAF_CHECK(lines[0].ends_with(" [warning] [TUNNEL] down"));
  CAF_CHECK_EQUAL(lines[0][4], '-');
  CAF_CHECK_EQUAL(lines[0][13], ':');
}

CAF_TEST(a line in JSON has the same members in the same order) {
  const auto lines = logged("debug", true, [](spdlog::logger& log) {
    log.debug("[GRPC-POOL] \"quoted\"\n\xff");
    log.info("no tag");
    log.info("[no end");
    log.error("{\"component\":\"limit\",\"text\":\"t\",\"more\":1}");
  });
  CAF_REQUIRE_EQUAL(lines.size(), 4u);
  const auto at = [&](size_t i) {
    auto line = nlohmann::ordered_json::parse(lines[i]);
    const auto time = line.begin();
    CAF_CHECK_EQUAL(time.key(), "time");
    CAF_CHECK_EQUAL(time.value().get<std::string>()[10], 'T');
    line.erase("time");
    return line.dump();
  };
  CAF_CHECK_EQUAL(at(0), "{\"level\":\"debug\",\"component\":\"grpc-pool\","
                         "\"text\":\"\\\"quoted\\\"\\n\xef\xbf\xbd\"}");
  CAF_CHECK_EQUAL(at(1), "{\"level\":\"info\",\"component\":\"aps\","
                         "\"text\":\"no tag\"}");
  CAF_CHECK_EQUAL(at(2), "{\"level\":\"info\",\"component\":\"aps\","
                         "\"text\":\"[no end\"}");
  CAF_CHECK_EQUAL(at(3), "{\"level\":\"error\",\"component\":\"limit\","
                         "\"text\":\"t\",\"more\":1}");
}

CAF_TEST(actors run where they are sent to) {
  caf::actor_system_config plain;
  host::configure(plain);
  CAF_CHECK_EQUAL(caf::get_or(plain, "caf.scheduler.policy", ""), "sharing");
  CAF_CHECK_EQUAL(caf::get_or(plain, "caf.scheduler.max-threads", size_t{0}),
                  2u);
  const auto counted = [](const caf::actor_system_config& of) {
    return caf::get_or(of, "caf.metrics-filters.actors.includes",
                       std::vector<std::string>{});
  };
  CAF_CHECK(counted(plain).empty());
  caf::actor_system_config counting;
  host::configure(counting, true);
  CAF_CHECK_EQUAL(counted(counting), std::vector<std::string>{"aps.*"});
}

CAF_TEST_FIXTURE_SCOPE_END()
