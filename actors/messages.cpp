#include "actors/messages.hpp"

namespace aps {

namespace {

// Ends an exchange that the last copy of its job leaves behind.
struct job_guard {
  explicit job_guard(exchange_ptr exchange) : exchange(std::move(exchange)) {}
  job_guard(const job_guard&) = delete;
  job_guard& operator=(const job_guard&) = delete;

  ~job_guard() {
    if (!exchange->over() && exchange->round() == round)
      exchange->fail(exchange->never_sent() ? outcome::not_sent
                                            : outcome::started_unknown,
                     "the actors that carried the request ended");
  }

  exchange_ptr exchange;
  const uint32_t round = exchange->round();
};

} // namespace

job::job(exchange_ptr exchange)
    : exchange(exchange), round(exchange->round()),
      guard_(std::make_shared<job_guard>(std::move(exchange))) {}

} // namespace aps
