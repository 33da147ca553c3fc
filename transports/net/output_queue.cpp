#include "transports/net/output_queue.hpp"

#include <cassert>

namespace aps {

namespace {

// Below this, copying costs less than one more entry of a gather write.
constexpr size_t copy_below = 4 * 1024;

// Text buffers above this are not kept for the next batch.
constexpr size_t keep_text = 16 * 1024;

} // namespace

void output_queue::batch::clear() {
  if (text.capacity() > keep_text)
    std::string{}.swap(text); // an assignment would keep the memory
  text.clear();
  pieces.clear();
  payload = shared = 0;
}

void output_queue::payload(slice bytes) {
  waiting_.payload += bytes.size();
  if (bytes.size() < copy_below) {
    waiting_.text += bytes.view();
    return;
  }
  waiting_.shared += bytes.size();
  waiting_.pieces.push_back({waiting_.text.size(), std::move(bytes)});
}

buffer_span output_queue::start() {
  assert(!in_flight_ && !empty());
  std::swap(waiting_, flying_);
  in_flight_ = true;
  buffers_.clear();
  size_t at = 0;
  const auto add_text = [&](size_t end) {
    if (end > at)
      buffers_.emplace_back(flying_.text.data() + at, end - at);
    at = end;
  };
  for (const auto& [text_end, bytes] : flying_.pieces) {
    add_text(text_end);
    buffers_.emplace_back(bytes.data(), bytes.size());
  }
  add_text(flying_.text.size());
  return {buffers_.data(), buffers_.data() + buffers_.size()};
}

std::string_view output_queue::start_flat() {
  const auto parts = start();
  if (flying_.pieces.empty())
    return flying_.text;
  std::string joined;
  joined.reserve(flying_.bytes());
  for (const auto& part : parts)
    joined.append(static_cast<const char*>(part.data()), part.size());
  flying_.text = std::move(joined);
  flying_.pieces.clear();
  return flying_.text;
}

size_t output_queue::finish() {
  assert(in_flight_);
  const auto payload = flying_.payload;
  flying_.clear();
  in_flight_ = false;
  return payload;
}

} // namespace aps
