#pragma once

#include "actors/watch/component_log.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace caf {
class actor_system_config;
} // namespace caf

/// What a program does for the library that runs in it: signals, limits, the
/// log's sink and the settings of the actor system.
namespace aps::host {

/// Blocks SIGINT, SIGTERM and SIGHUP for this and all later threads, ignores
/// SIGPIPE, SIGUSR1 and SIGUSR2, holds the standard streams and raises the
/// limit of open files. Call before any thread starts.
void prepare_process();

/// Waits for SIGINT or SIGTERM and returns its name. From then on a second one
/// ends the process at once. Until then SIGHUP calls `reload`; without one it
/// stops as well, unless the process was started to ignore it (nohup). Returns
/// "" when `wake` was called, or at `deadline`; then it may be called again.
/// While it waits it gives spare memory back (`spare_memory`).
/// Call on the main thread.
std::string
wait_for_stop(const std::function<void()>& reload = {},
              std::optional<std::chrono::steady_clock::time_point> deadline
              = {});

/// Ends the `wait_for_stop` that runs, or the next one. Thread: any.
void wake();

/// A log of a program to stderr, each line with time and level in front, or a
/// JSON object per line. `level` is one of `cli::log_levels()`. Logging never
/// blocks: what stderr does not take in time is dropped and counted.
component_log make_log(log_component from, const std::string& level,
                       bool json = false);

/// How many lines of a log of `make_log` are lost.
uint64_t dropped_lines(const spdlog::logger& log);

/// A name for what this process does (`text`), the same after a restart of the
/// process and different for each process of this machine that does the same:
/// host, a hash, and the lowest free slot, which stays taken until the process
/// ends. Empty when the machine gives no way to find one.
std::string instance_name(const std::string& text);

/// A label of DNS for it, as stable and as much its own: host and four
/// hexadecimal digits. Never empty.
std::string label_name(const std::string& text);

/// The settings our programs give their actor system: what it runs is timers and
/// messages from elsewhere, actors run on the I/O units.
void configure(caf::actor_system_config& config, bool actor_metrics = false);

} // namespace aps::host
