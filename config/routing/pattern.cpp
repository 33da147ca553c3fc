#include "config/routing/pattern.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cassert>

namespace aps {

namespace {

// Of all patterns of a set together, most of it for states that are met.
constexpr int64_t set_memory = 32 << 20;

re2::RE2::Options options_of(int64_t memory) {
  // Paths are bytes: in UTF-8 "." would not take each of them.
  re2::RE2::Options out(re2::RE2::Latin1);
  out.set_log_errors(false);
  out.set_max_mem(memory);
  return out;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

re2::RE2 compile(const std::string& text) {
  return re2::RE2(text, options_of(pattern::most_memory));
}

} // namespace

pattern::pattern(const std::string& text)
    : compiled_(
      std::make_shared<const re2::RE2>(text, options_of(most_memory))) {
  assert(compiled_->ok());
}

std::string pattern::problem(const std::string& text) {
  if (text.empty())
    return "nothing";
  if (text.size() > longest)
    return std::to_string(text.size()) + " bytes";
  const auto compiled = compile(text);
  return compiled.ok() ? std::string{} : compiled.error();
}

std::vector<std::string> pattern::names_of(const std::string& text) {
  std::vector<std::string> out;
  const auto compiled = compile(text);
  for (const auto& [name, number] : compiled.NamedCapturingGroups())
    out.push_back(name);
  return out;
}

size_t pattern::groups_of(const std::string& text) {
  return static_cast<size_t>(
    std::max(0, compile(text).NumberOfCapturingGroups()));
}

bool pattern::fits(std::string_view text) const {
  return compiled_->Match(piece(text), 0, text.size(), re2::RE2::ANCHOR_BOTH,
                          nullptr, 0);
}

captures pattern::captures_of(std::string_view text) const& {
  captures out;
  std::vector<re2::StringPiece> groups(
    static_cast<size_t>(compiled_->NumberOfCapturingGroups()) + 1);
  if (!compiled_->Match(piece(text), 0, text.size(), re2::RE2::ANCHOR_BOTH,
                        groups.data(), static_cast<int>(groups.size())))
    return out;
  for (const auto& group : groups)
    out.groups.emplace_back(group.data() ? group.data() : "", group.size());
  for (const auto& [name, number] : compiled_->NamedCapturingGroups())
    out.names.emplace_back(name, static_cast<size_t>(number));
  return out;
}

struct pattern_set::state {
  explicit state(re2::RE2::Set&& from) : set(std::move(from)) {}
  re2::RE2::Set set;
  bool usable = false;
};

pattern_set::pattern_set(const std::vector<std::string>& all) {
  auto state = std::make_unique<pattern_set::state>(
    re2::RE2::Set(options_of(set_memory), re2::RE2::ANCHOR_BOTH));
  state->usable = true;
  for (const auto& text : all) {
    assert(pattern::problem(text).empty());
    state->usable = state->set.Add(text, nullptr) >= 0 && state->usable;
  }
  state->usable = state->set.Compile() && state->usable;
  state_ = std::move(state);
}

pattern_set::~pattern_set() = default;

std::optional<std::vector<int>>
pattern_set::fitting(std::string_view text) const {
  std::vector<int> out;
  re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
  if (!state_->usable)
    return std::nullopt;
  if (!state_->set.Match(piece(text), &out, &error)
      && error.kind != re2::RE2::Set::kNoError)
    return std::nullopt;
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace aps
