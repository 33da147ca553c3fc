#include "tools/agent/link_watch.hpp"

#include "actors/policy/limits/complaints.hpp"
#include "tools/cli/cli.hpp"
#include "tools/host.hpp"

#include <chrono>
#include <iostream>
#include <mutex>
#include <optional>
#include <utility>

namespace aps {

using steady = std::chrono::steady_clock;

// Of what waits for a stdout that takes nothing.
constexpr size_t max_lines = 64 * 1024;

struct link_watch::state {
  state(const link_wishes& all, std::string names)
      : wishes(all), nodes(std::move(names)) {}

  void on_report(const agent_report& report) {
    std::lock_guard guard{mutex};
    switch (report.kind) {
      case agent_report::news::connected:
        ++connected;
        was_connected = true;
        break;
      case agent_report::news::lost:
        if (--connected == 0 && wishes.once)
          finish(cli::exit_unconnected, "the connection is lost (-once)");
        break;
      case agent_report::news::refused:
        if (wishes.exit_on_refusal)
          finish(cli::exit_refused, report.text);
        [[fallthrough]];
      case agent_report::news::failed: trouble = report.text; break;
      case agent_report::news::published:
        if (lines.size() < max_lines)
          lines += report.url + " -> " + report.target + "\n";
        break;
      case agent_report::news::unpublished: break;
    }
    host::wake();
  }

  void finish(int code, std::string why) {
    if (!over)
      over = end{code, std::move(why)};
  }

  const link_wishes wishes;
  const std::string nodes;
  std::mutex mutex;  ///< of all below
  int connected = 0; ///< nodes
  bool was_connected = false;
  std::string trouble; ///< the last one
  std::optional<end> over = {};
  std::string lines; ///< for stdout, which may block
};

link_watch::link_watch(const link_wishes& wishes, std::string nodes)
    : state_(std::make_shared<state>(wishes, std::move(nodes))) {}

std::function<void(const agent_report&)> link_watch::listener() const {
  return
    [state = state_](const agent_report& report) { state->on_report(report); };
}

link_watch::end link_watch::wait() const {
  const std::chrono::duration<double> patience{state_->wishes.wait};
  std::optional<steady::time_point> deadline;
  if (patience.count() > 0)
    deadline = steady::now() + std::chrono::duration_cast<duration>(patience);
  for (;;) {
    if (auto name = host::wait_for_stop({}, deadline); !name.empty())
      return {cli::exit_ok, std::move(name)};
    std::unique_lock guard{state_->mutex};
    if (const auto lines = std::exchange(state_->lines, {}); !lines.empty()) {
      guard.unlock();
      std::cout << lines << std::flush;
      guard.lock();
    }
    if (state_->over)
      return *state_->over;
    if (state_->was_connected)
      deadline.reset();
    if (deadline && steady::now() >= *deadline)
      return {cli::exit_unconnected,
              "not connected within "
                + in_words(std::chrono::duration_cast<duration>(patience))
                + " (-wait): "
                + (state_->trouble.empty() ? "no answer from " + state_->nodes
                                           : state_->trouble)};
  }
}

} // namespace aps
