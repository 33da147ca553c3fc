#include "transports/tunnel/frame_queue.hpp"

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

bool is_bulk(const frame& frame) noexcept {
  if (const auto* datagram = std::get_if<datagram_frame>(&frame.body))
    return datagram->payload.size() >= frame_queue::bulk_payload;
  const auto* data = std::get_if<data_frame>(&frame.body);
  return data && data->payload.size() >= frame_queue::bulk_payload;
}

// Each of them answers something that the peer sent.
bool is_answer(const frame& frame) noexcept {
  return std::holds_alternative<pong_frame>(frame.body)
         || std::holds_alternative<ack_frame>(frame.body)
         || std::holds_alternative<reset_frame>(frame.body)
         || std::holds_alternative<resumed_frame>(frame.body)
         || std::holds_alternative<published_frame>(frame.body);
}

} // namespace

pong_frame* frame_row::waiting_pong() noexcept {
  for (auto i = first_; i < frames_.size(); ++i)
    if (auto* pong = std::get_if<pong_frame>(&frames_[i].body))
      return pong;
  return nullptr;
}

void frame_row::list_heads(std::vector<exchange_id>& out) const {
  for (auto i = first_; i < frames_.size(); ++i)
    if (std::holds_alternative<request_frame>(frames_[i].body))
      out.push_back(frames_[i].exchange);
}

std::vector<exchange_id> frame_queue::heads() const {
  std::vector<exchange_id> out;
  small_.list_heads(out);
  for (const auto& one : flows_)
    one.frames.list_heads(out);
  return out;
}

void frame_queue::push(frame frame) {
  const auto id = frame.exchange;
  if (!flows_.empty() && std::holds_alternative<reset_frame>(frame.body))
    drop(id);
  if (const auto* pong = std::get_if<pong_frame>(&frame.body))
    if (auto* waiting = control_.waiting_pong()) {
      waiting->token = pong->token;
      return;
    }
  count(frame, frame.weight());
  if (id == 0)
    return control_.push(std::move(frame));
  if (!flows_.empty())
    if (auto i = by_id_.find(id); i != by_id_.end())
      return i->second->frames.push(std::move(frame));
  if (!is_bulk(frame)) {
    ++small_pushed_;
    return small_.push(std::move(frame));
  }
  flows_.push_back({id, small_pushed_, {}});
  flows_.back().frames.push(std::move(frame));
  by_id_.emplace(id, std::prev(flows_.end()));
}

void frame_queue::pop_batch(frame_batch& out, size_t max_bytes,
                            size_t max_frames) {
  out.clear();
  if (hand_over_all(out, max_bytes, max_frames))
    return;
  budget left{max_bytes, max_frames};
  take(control_, out, left);
  assert(by_id_.size() == flows_.size());
  const auto kept = flows_.empty() ? 0 : left.bytes / 2;
  budget small{left.bytes - kept, left.frames};
  take(small_, out, small);
  left = {small.bytes + kept, small.frames};
  take_flows(out, left);
  if (!left.spent())
    take(small_, out, left);
}

bool frame_queue::hand_over_all(frame_batch& out, size_t max_bytes,
                                size_t max_frames) {
  if (bytes_ > max_bytes || !control_.empty() || !flows_.empty())
    return false;
  if (small_pushed_ - small_taken_ > max_frames || !small_.hand_over(out))
    return false;
  small_taken_ = small_pushed_;
  bytes_ = answer_bytes_ = 0;
  return true;
}

void frame_queue::take(frame_row& from, frame_batch& out, budget& left) {
  while (!from.empty() && !left.spent()) {
    const auto weight = from.front().weight();
    discount(from.front(), weight);
    out.push_back(std::move(from.front()));
    from.pop();
    small_taken_ += &from == &small_ ? 1 : 0;
    left.bytes -= std::min(weight, left.bytes);
    --left.frames;
  }
}

void frame_queue::take_flows(frame_batch& out, budget& left) {
  size_t waiting = flows_.size();
  while (waiting != 0 && !left.spent()) {
    auto first = flows_.begin();
    if (first->after > small_taken_) {
      // Small frames of this exchange go before; later flows may be free.
      flows_.splice(flows_.end(), flows_, first);
      --waiting;
      continue;
    }
    budget one{left.bytes, 1};
    take(first->frames, out, one);
    left = {one.bytes, left.frames - 1};
    if (first->frames.empty()) {
      by_id_.erase(first->id);
      flows_.erase(first);
    } else {
      flows_.splice(flows_.end(), flows_, first);
    }
    waiting = flows_.size();
  }
}

void frame_queue::drop(exchange_id id) {
  auto i = by_id_.find(id);
  if (i == by_id_.end())
    return;
  auto& frames = i->second->frames;
  for (; !frames.empty(); frames.pop())
    discount(frames.front(), frames.front().weight());
  flows_.erase(i->second);
  by_id_.erase(i);
}

void frame_queue::count(const frame& frame, size_t weight) noexcept {
  bytes_ += weight;
  if (is_answer(frame))
    answer_bytes_ += weight;
}

void frame_queue::discount(const frame& frame, size_t weight) noexcept {
  assert(weight <= bytes_);
  bytes_ -= weight;
  if (!is_answer(frame))
    return;
  assert(weight <= answer_bytes_);
  answer_bytes_ -= weight;
}

void frame_queue::clear() {
  *this = {};
}

} // namespace aps
