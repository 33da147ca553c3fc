#include "actors/messages.hpp"

namespace aps {

namespace {

// Ends an exchange that the last copy of its job leaves behind.
struct job_guard {
  explicit job_guard(exchange_ptr exchange) : exchange(std::move(exchange)) {}
  job_guard(const job_guard&) = delete;
  job_guard& operator=(const job_guard&) = delete;

  ~job_guard() {
    if (!exchange->over())
      exchange->fail(exchange->never_sent() ? outcome::not_sent
                                            : outcome::started_unknown,
                     "the actors that carried the request ended");
  }

  exchange_ptr exchange;
};

} // namespace

job::job(exchange_ptr exchange)
    : exchange(exchange),
      guard_(std::make_shared<job_guard>(std::move(exchange))) {}

} // namespace aps
