#pragma once

#include "config/config.hpp"
#include "transports/seam/exchange/exchange.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace aps {

/// How a copy ends, for counters.
enum class copy_end : uint8_t {
  answered,  ///< by whatever status
  failed,    ///< nobody could be asked, or it took too long
  too_large, ///< more of a body than is kept; nothing was sent
  cut,       ///< the visitor left before all of its request was there
  busy,      ///< too many were under way; nothing was sent
};

std::string_view to_string(copy_end end) noexcept;

/// One request once more, for somebody whose answer nobody waits for: gathers
/// the body while the original goes its way, then becomes an exchange of its
/// own, of which it is the visitor. On the unit of the original.
class request_copy final : public visitor,
                           public body_tap,
                           public std::enable_shared_from_this<request_copy> {
 public:
  /// Makes the exchange and has it carried.
  using starter = std::function<exchange_ptr(request_head_ptr head,
                                             std::shared_ptr<visitor> by)>;

  /// Called once.
  using end_handler = std::function<void(copy_end)>;

  request_copy(request_head_ptr head, size_t most_bytes, starter start,
               end_handler over)
      : head_(std::move(head)), most_bytes_(most_bytes),
        start_(std::move(start)), over_(std::move(over)) {}

  ~request_copy() override { finish(copy_end::cut); }

  /// What `original` asks, as `to` is asked it: marked, with its own Host.
  static request_head_ptr head_of(const request_head& original,
                                  const config::url& to);

  /// Without a body.
  void begin();

  /// It took too long.
  void expire();

  // -- body_tap: the original ------------------------------------------------

  void on_body(const slice& bytes) override;
  void on_body_end(const header_list& trailers) override;

  // -- visitor: of the copy --------------------------------------------------

  void on_head(const response_head_ptr&) override {}
  void on_data(slice bytes) override;
  void on_end(const header_list&) override { finish(copy_end::answered); }
  void on_failed(outcome, const std::string&) override {
    finish(copy_end::failed);
  }
  void on_writable() override { pump(); }

 private:
  void pump();
  void finish(copy_end end);

  const request_head_ptr head_;
  const size_t most_bytes_;
  starter start_;
  end_handler over_; ///< null = it is over
  std::vector<slice> body_;
  size_t next_ = 0; ///< of `body_`, to be sent
  size_t size_ = 0;
  header_list trailers_;
  exchange_ptr exchange_; ///< null = not begun, or over
};

} // namespace aps
