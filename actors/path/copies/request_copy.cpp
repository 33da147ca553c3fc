#include "actors/path/copies/request_copy.hpp"

#include <algorithm>
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
    return finish(copy_end::failed);
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
  size_ += bytes.size();
  if (size_ > most_bytes_)
    return finish(copy_end::too_large);
  body_.push_back(bytes);
}

void request_copy::on_body_end(const header_list& trailers) {
  trailers_ = trailers;
  begin();
}

// -- the copy -----------------------------------------------------------------

// Everything is there, and the end behind it.
void request_copy::pump() {
  const auto running = exchange_;
  while (running && !running->over() && next_ < body_.size()) {
    const auto room = running->room();
    if (room == 0)
      return;
    auto& piece = body_[next_];
    const auto size = std::min(room, piece.size());
    auto part = piece.sub(0, size);
    piece = piece.sub(size, piece.size() - size);
    if (piece.empty())
      ++next_;
    running->send_body(std::move(part));
  }
  if (running && !running->over() && !head_->last && next_ == body_.size())
    running->send_end(std::exchange(trailers_, {}));
}

void request_copy::on_data(slice bytes) {
  if (const auto running = exchange_)
    running->consumed(bytes.size());
}

void request_copy::finish(copy_end end) {
  body_.clear();
  next_ = 0;
  start_ = nullptr;
  exchange_ = nullptr;
  if (const auto over = std::exchange(over_, nullptr))
    over(end);
}

} // namespace aps
