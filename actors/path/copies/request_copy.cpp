#include "actors/path/copies/request_copy.hpp"

#include "transports/seam/exchange/head_excess.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace aps {

std::string_view to_string(copy_end end) noexcept {
  switch (end) {
    case copy_end::answered: return "answered";
    case copy_end::failed: return "failed";
    case copy_end::too_large: return "too-large";
    case copy_end::cut: return "cut";
    case copy_end::busy: return "busy";
  }
  return "unknown";
}

size_t request_copy::size_of(const request_head& original) {
  constexpr size_t small_things = 1024;
  return small_things + original.path.size() + bytes_of(original.headers);
}

request_head_ptr request_copy::head_of(const request_head& original,
                                       const config::url& to) {
  auto out = std::make_shared<request_head>(original);
  out->scheme = to.scheme;
  out->authority = to.authority();
  out->protocol = origin_protocol_of(to.h2c, true);
  out->server_name.clear();
  out->origin_tls = 0;
  out->proxy = proxy_version::none;
  out->proxy_ends.clear();
  out->visitor = 0; // its connections serve all
  std::erase_if(out->headers, [](const header& field) {
    return iequals(field.name, "Host") || iequals(field.name, "Expect");
  });
  out->headers.insert(out->headers.begin(), {"Host", to.host_field()});
  out->headers.push_back({"Aps-Copy", "1"});
  return out;
}

void request_copy::begin() {
  if (!over_ || exchange_)
    return;
  const auto kept = shared_from_this();
  exchange_ = std::exchange(start_, nullptr)(head_, kept);
  if (!exchange_)
    return finish(copy_end::busy);
  rest_ = slice::adopt(std::move(gathered_));
  pump();
}

void request_copy::expire() {
  const auto kept = shared_from_this();
  if (const auto running = std::exchange(exchange_, nullptr))
    running->cancel(outcome::visitor_gone);
  finish(copy_end::failed);
}

// -- the original -------------------------------------------------------------

void request_copy::on_body(const slice& bytes) {
  if (!over_)
    return;
  const auto size = gathered_.size() + bytes.size();
  if (size > most_bytes_)
    return finish(copy_end::too_large);
  // Copied: a slice keeps all that was read with it, and its own overhead is
  // many times that of a byte.
  if (const auto before = gathered_.capacity(); size > before) {
    const auto room = std::min(std::max(size, 2 * before), most_bytes_);
    if (!share_.grow(room - before))
      return finish(copy_end::busy);
    gathered_.reserve(room);
  }
  gathered_ += bytes.view();
}

void request_copy::on_body_end(const header_list& trailers) {
  trailers_ = trailers;
  begin();
}

// -- the copy -----------------------------------------------------------------

// Everything is there, and the end behind it.
void request_copy::pump() {
  const auto running = exchange_;
  while (running && !running->over() && !rest_.empty()) {
    const auto room = running->room();
    if (room == 0)
      return;
    const auto size = std::min(room, rest_.size());
    auto part = rest_.sub(0, size);
    rest_ = rest_.sub(size);
    running->send_body(std::move(part));
  }
  if (running && !running->over() && !head_->last)
    running->send_end(std::exchange(trailers_, {}));
}

void request_copy::on_head(const response_head_ptr& head) {
  if (!head->interim())
    status_ = head->status;
}

// Nobody reads the answer, so its target shall not have to send all of it.
void request_copy::on_data(slice bytes) {
  const auto running = exchange_;
  if (!running)
    return;
  received_ += bytes.size();
  running->consumed(bytes.size());
  if (received_ < most_of_answer || running->over())
    return;
  const auto kept = shared_from_this(); // the exchange lets go of it
  running->cancel(outcome::visitor_gone);
  finish(end_of_answer());
}

// Who finds that it has a request for the second time says 508.
copy_end request_copy::end_of_answer() const noexcept {
  return status_ == status_of(outcome::loop_detected) ? copy_end::failed
                                                      : copy_end::answered;
}

void request_copy::finish(copy_end end) {
  std::string{}.swap(gathered_); // an assignment would keep the memory
  rest_ = {};
  head_ = nullptr;
  share_.clear();
  start_ = nullptr;
  exchange_ = nullptr;
  if (const auto over = std::exchange(over_, nullptr))
    over(end);
}

} // namespace aps
