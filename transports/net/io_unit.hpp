#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/process/exception_watch.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aps {

class resolver;

/// Has deadlines that its unit checks several times a second.
class watched {
 public:
  virtual ~watched() = default;

  /// Looks at its deadlines. Thread: the unit's.
  virtual void on_tick(time_point now) = 0;

  /// A handler of it, or `on_tick`, let an exception out: lets go of its
  /// connection. Thread: the unit's.
  virtual void on_exception(const std::string& text) {
    static_cast<void>(text);
  }
};

/// One I/O unit: one single-threaded io_context and the thread that runs it.
/// There is one timer for all deadlines of the unit, not one per socket. No
/// exception ends the loop: what is not caught by a `guarded` handler ends
/// here, is counted and told.
class io_unit final : public executor {
 public:
  explicit io_unit(size_t index, std::shared_ptr<exception_watch> watch = {});

  /// Stops the loop and joins the thread. Not from the unit's own thread.
  ~io_unit() override;

  io_unit(const io_unit&) = delete;
  io_unit& operator=(const io_unit&) = delete;

  /// Starts the thread.
  void start();

  /// Ends the loop and joins the thread. Idempotent.
  void stop();

  /// Drops whatever still waits in the loop, which stopped; that may belong to
  /// other units too, so all of a network let go before the first one is
  /// destroyed. Thread: that of the destructor.
  void let_go();

  /// Waits until it ran what was posted so far, and what that posted. Not from
  /// the unit's own thread.
  void run_dry();

  void post(std::function<void()> work) override;
  bool on_thread() const noexcept override;
  time_point now() const noexcept override;
  size_t index() const noexcept override { return index_; }

  boost::asio::io_context& context() noexcept { return context_; }

  /// Who knows the addresses of targets, and of nodes: the names of targets may
  /// come from anybody, and shall not keep an agent from its node.
  /// Thread: the unit's.
  resolver& target_names();
  resolver& node_names();

  /// Names are asked of these DNS servers instead of the system
  /// (transports/net/names/name_service.hpp). Before `start`.
  void use_dns(std::vector<std::string> servers) { dns_ = std::move(servers); }

  /// Calls `client->on_tick` every `tick_interval` until it is destroyed.
  /// Thread: the unit's.
  void watch(std::weak_ptr<watched> client);

  /// Counts and tells the exception that is being handled; its text.
  /// Thread: any. Precondition: inside of a `catch`.
  std::string on_exception() noexcept;

  static constexpr std::chrono::milliseconds tick_interval{100};

 private:
  /// What waits can be dropped before the loop is destroyed.
  struct loop : boost::asio::io_context {
    using io_context::io_context;
    using io_context::shutdown;
  };

  std::shared_ptr<resolver> make_resolver(size_t threads);
  void run();
  void run_posted();
  void arm_tick();
  void run_tick();
  void tick(watched& client, time_point now);

  const size_t index_;
  const std::shared_ptr<exception_watch> exceptions_;
  loop context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type>
    work_;
  boost::asio::steady_timer tick_;
  std::mutex mutex_;                          ///< of `posted_`
  std::vector<std::function<void()>> posted_; ///< in order; not empty = the
                                              ///< context knows of it
  std::vector<std::function<void()>> turn_;   ///< what runs now
  std::vector<std::weak_ptr<watched>> watched_;
  std::vector<std::string> dns_;
  std::shared_ptr<resolver> target_names_;
  std::shared_ptr<resolver> node_names_;
  bool ticking_ = false;
  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;
};

/// The io_unit behind an executor of the real network.
inline io_unit& as_io_unit(executor& unit) {
  return static_cast<io_unit&>(unit);
}

} // namespace aps
