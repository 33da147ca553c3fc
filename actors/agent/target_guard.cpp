#include "actors/agent/target_guard.hpp"

#include "actors/watch/metric_text.hpp"
#include "config/host.hpp"
#include "transports/seam/foreign_text.hpp"

namespace aps {

namespace {

// What nodes say may be long.
constexpr size_t max_shown_target = 200;

} // namespace

target_guard::target_guard(const std::vector<std::string>& patterns,
                           caf::telemetry::metric_registry& registry,
                           const names& of, component_log log)
    : rules_(patterns), log_(std::move(log), "Target refused"),
      forbidden_(registry.counter_instance(
        "aps", "agent-targets-forbidden",
        {{"tunnel", view(of.tunnel)}, {"endpoint", view(of.endpoint)}},
        "Requests for targets that the agent may not ask.", "1", true)) {}

bool target_guard::admits(const origin_destination& to) const {
  return rules_.allows(to.host, to.ip, to.port);
}

void target_guard::on_forbidden(const origin_destination& to) {
  {
    const std::lock_guard guard{mutex_};
    if (!forbidden_)
      return;
    forbidden_->inc();
  }
  const bool socket = to.host.starts_with(unix_prefix);
  const auto target = foreign_text(socket ? std::string{to.host}
                                          : config::authority(to.host, to.port),
                                   max_shown_target);
  log_.write(target,
             target
               + (socket || to.ip == to.host
                    ? ""
                    : " is " + std::string(to.ip) + ", which")
               + (rules_.empty()
                    ? socket ? " is a Unix socket, and takes -allow-target"
                             : " is of the link or a cloud's own, and takes "
                               "-allow-target"
                    : " is none of -allow-target"));
}

void target_guard::close() {
  const std::lock_guard guard{mutex_};
  forbidden_ = nullptr;
}

origin_options guarded(origin_options options, target_guard_ptr guard) {
  options.admits
    = [guard](const origin_destination& to) { return guard->admits(to); };
  options.on_forbidden
    = [guard = std::move(guard)](const origin_destination& to) {
        guard->on_forbidden(to);
      };
  return options;
}

} // namespace aps
