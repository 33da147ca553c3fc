#define CAF_SUITE published

#include "tests/support/test.hpp"

#include "actors/base/published.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace aps;

namespace {

using words = std::vector<std::string>;

template <class T>
concept looked_into_at_once = requires(const published<T>& of) {
  of.get()->size();
}
|| requires(const published<T>& of) {
  *of.get();
};

template <class T>
concept looked_into_by_name = requires(const kept_value<T>& of) {
  of->size();
  *of;
};

// A loop over what a temporary holds goes on behind its end.
static_assert(!looked_into_at_once<words>);
static_assert(looked_into_by_name<words>);

} // namespace

CAF_TEST(a reader keeps what it got) {
  published<words> uut;
  const auto none = uut.get();
  CAF_CHECK(none->empty());
  uut.set({"a", "b"});
  const auto some = uut.get();
  uut.set({"c"});
  CAF_CHECK(none->empty());
  CAF_CHECK_EQUAL(*some, (words{"a", "b"}));
  const std::shared_ptr<const words> shared = uut.get();
  uut.set({});
  CAF_CHECK_EQUAL(*shared, words{"c"});
}

CAF_TEST(readers loop while it is replaced) {
  published<words> uut{words(100, "x")};
  std::atomic<bool> over{false};
  std::thread writer{[&] {
    for (int i = 0; i < 2000; ++i)
      uut.set(words(100, std::string(50, static_cast<char>('a' + i % 26))));
    over = true;
  }};
  size_t wrong = 0;
  while (!over) {
    const auto now = uut.get();
    for (const auto& word : *now)
      wrong += word == now->front() ? 0 : 1;
  }
  writer.join();
  CAF_CHECK_EQUAL(wrong, 0u);
}
