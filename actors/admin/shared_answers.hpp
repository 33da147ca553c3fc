#pragma once

#include "transports/seam/limits/hold.hpp"
#include "transports/seam/slice.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace aps::admin {

class request;
class shared_answers;

/// Those who get one and the same document.
class answer_round {
 public:
  /// `use` keeps the threads that answer.
  answer_round(std::shared_ptr<shared_answers> of, std::string key,
               std::vector<request> others, bool compresses, hold use);

  /// Begins the next one; who was left without an answer gets 503.
  ~answer_round();

  answer_round(const answer_round&) = delete;

  /// The readers but for the one who asked for it; empty afterwards.
  std::vector<request> take_others();
  const std::vector<request>& others() const noexcept { return others_; }

  /// Whether it may be compressed; else its turn was not free.
  bool compresses() const noexcept { return compresses_; }

 private:
  std::shared_ptr<shared_answers> of_;
  std::string key_;
  std::vector<request> others_;
  bool compresses_;
  hold use_;
};

/// Answers that cost something: of each one is made at a time, and who asks
/// meanwhile shares the next. So nobody gets what is older than the question,
/// and many readers cost what one does. Thread-safe.
class shared_answers : public std::enable_shared_from_this<shared_answers> {
 public:
  using maker = std::function<void(const request&)>;

  shared_answers();
  ~shared_answers();

  /// Has the document `key` made by `make`, at once or after the one that is
  /// being made.
  void serve(const std::string& key, const request& reader, maker make);

 private:
  friend class answer_round;

  struct line {
    maker make;
    std::vector<request> waiting;
  };

  void begin(const std::string& key, std::vector<request> readers,
             const maker& make);
  void ended(const std::string& key, bool compressed);

  std::mutex mutex_;
  std::map<std::string, line> lines_; ///< by key; those being made
  size_t compressing_ = 0;
};

} // namespace aps::admin
