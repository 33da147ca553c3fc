#include "tools/host.hpp"

#include "config/access/publishing.hpp"
#include "tools/cli/standard_streams.hpp"
#include "tools/log_sink.hpp"
#include "tools/spare_memory.hpp"

#include <caf/actor_system_config.hpp>
#include <spdlog/logger.h>
#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace aps::host {

namespace {

/// What `wake` sends to this process; blocked for ever. One that waits in a
/// queue, so that none from outside takes its place.
const int wake_signal = SIGRTMIN;

bool ignores_hangups = false;

sigset_t stop_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGINT);
  sigaddset(&result, SIGTERM);
  sigaddset(&result, SIGHUP);
  return result;
}

constexpr int max_slots = 1000;

// Of the logger of no component.
constexpr auto general_name = "aps";

// Takes an abstract socket address (unix(7)): the kernel frees it when the
// process ends, however it ends. The descriptor stays open on purpose.
bool take(const std::string& slot) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto size = std::min(slot.size(), sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path + 1, slot.data(), size);
  const auto fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return false;
  const auto length = offsetof(sockaddr_un, sun_path) + 1 + size;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address),
             static_cast<socklen_t>(length))
      == 0)
    return true;
  ::close(fd);
  return false;
}

// One shape for all lines: time (RFC 3339), level, component, text, the rest. A
// line that is an object has the last three (`log_object`); of any other the
// component is the logger's, or else what the tag says.
class json_formatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& line,
              spdlog::memory_buf_t& to) override {
    spdlog::memory_buf_t time;
    clock_.format(line, time);
    const auto level = spdlog::level::to_string_view(line.level);
    std::string_view text{line.payload.data(), line.payload.size()};
    std::string out = "{\"time\":\"" + std::string(time.data(), time.size())
                      + "\",\"level\":\"" + std::string(level.data(), level.size())
                      + "\",";
    if (text.starts_with("{\"")) {
      out += text.substr(1);
    } else {
      std::string component{line.logger_name.data(), line.logger_name.size()};
      if (const auto end = text.find("] ");
          text.starts_with('[') && end != text.npos) {
        const auto tag = text.substr(1, end - 1);
        text.remove_prefix(end + 2);
        if (component == general_name) {
          component = tag;
          std::transform(tag.begin(), tag.end(), component.begin(),
                         [](unsigned char c) { return std::tolower(c); });
        }
      }
      const nlohmann::ordered_json rest{{"component", component},
                                        {"text", text}};
      out += rest
               .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
               .substr(1);
    }
    out += '\n';
    to.append(out.data(), out.data() + out.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }

 private:
  spdlog::pattern_formatter clock_{"%Y-%m-%dT%H:%M:%S.%e%z",
                                   spdlog::pattern_time_type::local, ""};
};

/// The lowest free slot of those of this machine who do the same: a hash and a
/// number; empty = there is no way to know.
std::string take_slot(const std::string& prefix, const std::string& text) {
  std::ifstream machine{"/etc/machine-id"};
  std::string seed{std::istreambuf_iterator<char>{machine}, {}};
  // Containers may share the rest, but then not their network.
  struct stat space{};
  if (::stat("/proc/self/ns/net", &space) != 0)
    return {};
  seed += text + "#" + std::to_string(space.st_ino);
  const auto hash = std::to_string(std::hash<std::string>{}(seed));
  for (int i = 0; i < max_slots; ++i) {
    auto name = hash + "-" + std::to_string(i);
    if (take(prefix + name))
      return name;
  }
  return {};
}

std::string host_name() {
  char host[65]{};
  ::gethostname(host, sizeof(host) - 1);
  return host;
}

} // namespace

std::string instance_name(const std::string& text) {
  const auto found = take_slot("aps-agent-", text);
  return found.empty() ? "" : host_name() + "-" + found;
}

std::string label_name(const std::string& text) {
  constexpr size_t longest_host = 50;
  const auto found = take_slot("aps-label-", text);
  char digits[8];
  std::snprintf(digits, sizeof(digits), "%04x",
                static_cast<unsigned>(std::hash<std::string>{}(found)&0xffff));
  return config::label_of(host_name().substr(0, longest_host)) + "-" + digits;
}

void prepare_process() {
  cli::hold_standard_streams();
  auto signals = stop_signals();
  sigaddset(&signals, wake_signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A shell starts background jobs with SIGINT ignored.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  // Others reopen their logs then, for which nobody shall end us.
  std::signal(SIGUSR1, SIG_IGN);
  std::signal(SIGUSR2, SIG_IGN);
  // What is blocked is received even if it is ignored.
  struct sigaction hangup{};
  ignores_hangups = ::sigaction(SIGHUP, nullptr, &hangup) == 0
                    && hangup.sa_handler == SIG_IGN;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::string
wait_for_stop(const std::function<void()>& reload,
              std::optional<std::chrono::steady_clock::time_point> deadline) {
  using namespace std::chrono;
  auto signals = stop_signals();
  sigaddset(&signals, wake_signal);
  static spare_memory spare; // some come here many times
  for (;;) {
    siginfo_t from{};
    const auto until
      = deadline ? std::min(*deadline, spare.next()) : spare.next();
    const auto rest
      = std::max(until - steady_clock::now(), steady_clock::duration::zero());
    const auto whole = duration_cast<seconds>(rest);
    const timespec time{whole.count(), nanoseconds(rest - whole).count()};
    const auto received = sigtimedwait(&signals, &from, &time);
    if (received == wake_signal && from.si_pid == ::getpid())
      return {};
    if (received < 0 && errno == EAGAIN) {
      if (deadline && steady_clock::now() >= *deadline)
        return {};
      if (steady_clock::now() >= spare.next())
        spare.look();
      continue;
    }
    if (received == wake_signal)
      continue;
    if (received == SIGHUP && reload)
      reload();
    if (received < 0 || (received == SIGHUP && (reload || ignores_hangups)))
      continue;
    sigdelset(&signals, wake_signal);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    return received == SIGINT   ? "SIGINT"
           : received == SIGHUP ? "SIGHUP" : "SIGTERM";
  }
}

void wake() {
  ::sigqueue(::getpid(), wake_signal, {});
}

component_log make_log(log_component from, const std::string& level,
                       bool json) {
  auto sink = std::make_shared<log_sink>(STDERR_FILENO, from);
  auto result = std::make_shared<spdlog::logger>(general_name, std::move(sink));
  if (json)
    result->set_formatter(std::make_unique<json_formatter>());
  else
    result->set_pattern("%Y-%m-%d %H:%M:%S.%e%z [%l] %v");
  result->set_level(spdlog::level::from_str(level));
  return {from, std::move(result)};
}

uint64_t dropped_lines(const spdlog::logger& log) {
  uint64_t sum = 0;
  for (const auto& sink : log.sinks())
    if (const auto* ours = dynamic_cast<const log_sink*>(sink.get()))
      sum += ours->dropped();
  return sum;
}

void configure(caf::actor_system_config& config, bool actor_metrics) {
  if (actor_metrics)
    config.set("caf.metrics-filters.actors.includes",
               std::vector<std::string>{"aps.*"});
  // The actors of the request path run on the I/O units; CAF's own threads
  // only carry timers and messages from elsewhere.
  config.set("caf.scheduler.policy", "sharing");
  config.set("caf.scheduler.max-threads", size_t{2});
}

} // namespace aps::host
