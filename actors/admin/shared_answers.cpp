#include "actors/admin/shared_answers.hpp"

#include "actors/admin/request.hpp"

namespace aps::admin {

namespace {

// So many documents are compressed at a time; others go out as they are.
constexpr size_t max_compressing = 2;

} // namespace

answer_round::answer_round(std::shared_ptr<shared_answers> of, std::string key,
                           std::vector<request> others, bool compresses,
                           hold use)
    : of_(std::move(of)), key_(std::move(key)), others_(std::move(others)),
      compresses_(compresses), use_(std::move(use)) {}

answer_round::~answer_round() {
  for (const auto& reader : others_)
    reader.problem(503, "the answer could not be made; ask again");
  of_->ended(key_, compresses_);
}

std::vector<request> answer_round::take_others() {
  return std::exchange(others_, {});
}

shared_answers::shared_answers() = default;
shared_answers::~shared_answers() = default;

void shared_answers::serve(const std::string& key, const request& reader,
                           maker make) {
  {
    const std::lock_guard guard{mutex_};
    const auto [at, first] = lines_.try_emplace(key, line{make, {}});
    if (!first) {
      at->second.waiting.push_back(reader);
      return;
    }
  }
  begin(key, {reader}, make);
}

void shared_answers::begin(const std::string& key, std::vector<request> readers,
                           const maker& make) {
  auto first = std::move(readers.front());
  readers.erase(readers.begin());
  bool compresses = false;
  {
    const std::lock_guard guard{mutex_};
    compresses = compressing_ < max_compressing;
    compressing_ += compresses;
  }
  first.share_with(std::make_shared<answer_round>(
    shared_from_this(), key, std::move(readers), compresses,
    first.at().units->use()));
  make(first);
}

void shared_answers::ended(const std::string& key, bool compressed) {
  std::vector<request> readers;
  maker make;
  {
    const std::lock_guard guard{mutex_};
    compressing_ -= compressed;
    const auto at = lines_.find(key);
    readers = std::exchange(at->second.waiting, {});
    if (readers.empty()) {
      lines_.erase(at);
      return;
    }
    make = at->second.make;
  }
  begin(key, std::move(readers), make);
}

} // namespace aps::admin
