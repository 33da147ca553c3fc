#include "tools/host.hpp"

#include <caf/actor_system_config.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <csignal>
#include <sys/resource.h>

namespace aps::host {

namespace {

sigset_t stop_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGINT);
  sigaddset(&result, SIGTERM);
  return result;
}

} // namespace

void prepare_process() {
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A shell starts background jobs with SIGINT ignored.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string wait_for_stop() {
  const auto signals = stop_signals();
  int received = 0;
  while (sigwait(&signals, &received) != 0)
    ;
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return received == SIGINT ? "SIGINT" : "SIGTERM";
}

std::shared_ptr<spdlog::logger> make_log(const std::string& level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto result = std::make_shared<spdlog::logger>("aps", std::move(sink));
  result->set_pattern("%Y-%m-%d %H:%M:%S.%e [%l] %v");
  result->set_level(spdlog::level::from_str(level));
  return result;
}

void configure(caf::actor_system_config& config) {
  // The actors of the request path run on the I/O units; CAF's own threads
  // only carry timers and messages from elsewhere.
  config.set("caf.scheduler.policy", "sharing");
  config.set("caf.scheduler.max-threads", size_t{2});
}

} // namespace aps::host
