#pragma once

#include "config/config.hpp"
#include "transports/seam/exchange/exchange.hpp"
#include "transports/seam/limits/byte_budget.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace aps {

/// How a copy ends, for counters.
enum class copy_end : uint8_t {
  answered,  ///< by whatever status
  failed,    ///< nobody could be asked, it took too long, or went in a circle
  too_large, ///< more of a body than is kept; nothing was sent
  cut,       ///< the visitor left before all of its request was there
  busy,      ///< too many were under way or kept; nothing was sent
};

std::string_view to_string(copy_end end) noexcept;

/// Memory for copies of all mappings together, bytes.
inline constexpr size_t most_copied_bytes = 64u << 20;

/// One request once more, for somebody whose answer nobody waits for: gathers
/// the body while the original goes its way, then becomes an exchange of its
/// own, of which it is the visitor. On the unit of the original.
class request_copy final : public visitor,
                           public body_tap,
                           public std::enable_shared_from_this<request_copy> {
 public:
  /// Makes the exchange and has it carried; null = too many are under way.
  using starter = std::function<exchange_ptr(request_head_ptr head,
                                             std::shared_ptr<visitor> by)>;

  /// Of an answer, before its end is not waited for. Who answers with less is
  /// spared another connection for the next copy.
  static constexpr size_t most_of_answer = 16 * 1024;

  /// Called once.
  using end_handler = std::function<void(copy_end)>;

  /// `share` has room for what `size_of` says of the head.
  request_copy(request_head_ptr head, size_t most_bytes, byte_share share,
               starter start, end_handler over)
      : head_(std::move(head)), most_bytes_(most_bytes),
        share_(std::move(share)), start_(std::move(start)),
        over_(std::move(over)) {}

  ~request_copy() override { finish(copy_end::cut); }

  /// What `original` asks, as `to` is asked it: marked, with its own Host.
  static request_head_ptr head_of(const request_head& original,
                                  const config::url& to);

  /// Memory for a copy without its body, about.
  static size_t size_of(const request_head& original);

  /// Without a body.
  void begin();

  /// It took too long.
  void expire();

  // -- body_tap: the original ------------------------------------------------

  void on_body(const slice& bytes) override;
  void on_body_end(const header_list& trailers) override;

  // -- visitor: of the copy --------------------------------------------------

  void on_head(const response_head_ptr& head) override;
  void on_data(slice bytes) override;
  void on_end(const header_list&) override { finish(end_of_answer()); }
  void on_failed(outcome, const std::string&) override {
    finish(copy_end::failed);
  }
  void on_writable() override { pump(); }

 private:
  void pump();
  void finish(copy_end end);
  copy_end end_of_answer() const noexcept;

  request_head_ptr head_; ///< null = it is over
  const size_t most_bytes_;
  byte_share share_;
  starter start_;
  end_handler over_;     ///< null = it is over
  std::string gathered_; ///< of the body, until it is whole
  slice rest_;           ///< of the body, to be sent
  header_list trailers_;
  uint16_t status_ = 0;
  size_t received_ = 0;   ///< of the answer's body
  exchange_ptr exchange_; ///< null = not begun, or over
};

} // namespace aps
