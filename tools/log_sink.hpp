#pragma once

#include "config/log_components.hpp"

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <memory>
#include <mutex>

namespace aps::host {

/// A sink that never makes whoever logs wait: lines queue, up to a bound, and
/// a thread of its own writes them to `fd`. What does not fit, or cannot be
/// written (disk full, reader gone), is dropped and counted; as soon as
/// something gets through again, a line says how many are missing.
///
/// The thread may be inside a write that never returns (a pipe that nobody
/// reads), so nobody waits for it longer than `flush_time`: it is left behind,
/// and owns what it needs. `fd` must stay open as long as the process.
class log_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  static constexpr size_t max_queued_bytes = 1024 * 1024;
  static constexpr std::chrono::milliseconds flush_time{250};

  /// `from`: whom the line about missing lines is from.
  explicit log_sink(int fd, log_component from = log_component::node);

  /// Waits for what is queued, at most `flush_time`.
  ~log_sink() override;

  /// Lines that are lost.
  uint64_t dropped() const noexcept;

 private:
  struct shared;

  void sink_it_(const spdlog::details::log_msg& line) override;
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override;

  /// As the destructor does.
  void flush_() override;

  static void write_all(const std::shared_ptr<shared>& state);

  const std::shared_ptr<shared> shared_;
};

} // namespace aps::host
