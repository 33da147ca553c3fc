#pragma once

#include "actors/policy/access/login_service.hpp"
#include "transports/seam/exchange/exchange.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace aps {

/// What a login service said of a request.
struct login_verdict {
  enum class kind : uint8_t {
    in,       ///< 2xx: it may go on
    answered, ///< something else, which the visitor gets
    failed,   ///< nothing that counts
  };

  kind result = kind::failed;
  unsigned status = 0;  ///< of the answer; 0 = there was none
  header_list fields{}; ///< for the target
  header_list cookies{};
  std::string why{}; ///< it failed
};

/// One question to a login service about an exchange that waits for it: the
/// visitor of an exchange of its own, and, when that is answered by anything
/// but 2xx, the origin of the one that waits, whose visitor gets the answer as
/// it is. Everything on the thread of their unit. Keeps itself alive while its
/// question runs.
class login_check final : public visitor,
                          public origin,
                          public std::enable_shared_from_this<login_check> {
 public:
  /// Called once, when it is known what becomes of `about`.
  using verdict_handler = std::function<void(const login_verdict&)>;

  /// Called once, when nothing more is needed of it.
  using end_handler = std::function<void()>;

  login_check(exchange_ptr about, login_service_ptr service,
              verdict_handler done, end_handler over);

  /// The exchange that asks `head`; somebody else carries it.
  exchange_ptr make_question(exchange_id id, request_head_ptr head);

  /// Whether nobody waits for it any more.
  bool is_idle() const noexcept { return about_->over(); }

  /// No word by now: `about` fails, unless its answer is on the way. What an
  /// answer's rest was read for is given up.
  void expire(const std::string& why);

  // -- visitor ---------------------------------------------------------------

  void on_head(const response_head_ptr& head) override;
  void on_data(slice bytes) override;
  void on_end(const header_list& trailers) override;
  void on_failed(outcome outcome, const std::string& detail) override;

  // -- origin ----------------------------------------------------------------

  void on_body(slice) override {}
  void on_body_end(const header_list&) override {}
  void on_cancelled() override;

  /// Of both.
  void on_writable() override;

 private:
  /// Of an answer whose head was enough; with more its connection is given up.
  static constexpr size_t most_rest = 64 * 1024;

  void answer_with(const response_head_ptr& head);
  void pass_on();
  void tell(login_verdict verdict);
  void finish();
  void give_up();

  const exchange_ptr about_;
  const login_service_ptr service_;
  verdict_handler done_; ///< null once it was called
  end_handler over_;     ///< dito
  exchange_ptr question_;
  served_exchange_ptr answer_; ///< of `about_`; null = it goes elsewhere
  std::deque<slice> waiting_;  ///< of the answer's body, for room in `answer_`
  header_list trailers_;
  size_t rest_ = 0;
  bool ended_ = false; ///< the answer is complete
};

} // namespace aps
