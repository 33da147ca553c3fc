#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <utility>

namespace aps::admin {

/// A document that may be long, rendered in steps of bounded work, so that
/// nobody waits for all of it (see `call::answer_in_steps`). Not thread-safe.
class long_text {
 public:
  /// Pieces that one step renders.
  static constexpr size_t portion = 100;

  /// Appends one piece of those that `pieces` names.
  using render = std::function<void(size_t index, std::string& to)>;

  /// A text that stands as it is.
  long_text& text(std::string verbatim) {
    return pieces(1, [verbatim = std::move(verbatim)](size_t, std::string& to) {
      to += verbatim;
    });
  }

  /// `count` pieces, `each` a time; what `render` refers to it has to own.
  long_text& pieces(size_t count, render render, size_t each = portion) {
    if (count > 0)
      parts_.push_back({count, std::move(render), each});
    return *this;
  }

  /// Steps of their own, until `next` returns false.
  long_text& steps(std::function<bool(std::string& to)> next) {
    parts_.push_back({1, nullptr, 1, 0, std::move(next)});
    return *this;
  }

  /// Whether anything is left to be rendered.
  bool more() const noexcept { return !parts_.empty(); }

  /// Renders one step.
  void step(std::string& to) {
    size_t left = 1;
    while (!parts_.empty() && left > 0) {
      auto& part = parts_.front();
      if (part.next_step) {
        if (!part.next_step(to))
          parts_.pop_front();
        return;
      }
      // Short texts between long lists are no steps of their own.
      if (part.count - part.next > 1)
        left = 0;
      for (auto end = std::min(part.count, part.next + part.each);
           part.next < end; ++part.next)
        part.writer(part.next, to);
      if (part.next == part.count)
        parts_.pop_front();
    }
  }

 private:
  struct part {
    size_t count;
    render writer;
    size_t each;
    size_t next = 0;
    std::function<bool(std::string& to)> next_step = nullptr;
  };

  std::deque<part> parts_;
};

/// A value on one line; what is no UTF-8 is replaced.
inline std::string on_a_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false,
                    nlohmann::json::error_handler_t::replace);
}

/// An object on one line, open for another member.
inline std::string opened(const nlohmann::json& object) {
  auto out = on_a_line(object);
  out.pop_back();
  return out.size() > 1 ? out + "," : out;
}

/// Tells all but the first piece of a list apart from the one before.
class separator {
 public:
  void operator()(std::string& to) {
    if (std::exchange(used_, true))
      to += ",\n";
  }

 private:
  bool used_ = false;
};

} // namespace aps::admin
