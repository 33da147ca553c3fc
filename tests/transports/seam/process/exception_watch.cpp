#define CAF_SUITE exception_watch

#include "tests/support/test.hpp"

#include "transports/seam/process/exception_watch.hpp"

#include <stdexcept>

using namespace aps;

namespace {

/// What `text_of_exception` says inside of the handler.
template <class Throw>
std::string text_of(Throw&& throw_it) {
  try {
    throw_it();
  } catch (...) {
    return text_of_exception();
  }
  return "nothing was thrown";
}

} // namespace

CAF_TEST(every listener hears every exception until it is gone) {
  const auto watch = std::make_shared<exception_watch>();
  std::vector<std::string> first;
  std::vector<std::string> second;
  const auto staying
    = watch->add([&](const std::string& text) { first.push_back(text); });
  auto leaving
    = watch->add([&](const std::string& text) { second.push_back(text); });
  watch->tell("one");
  leaving.reset();
  watch->tell("two");
  CAF_CHECK_EQUAL(first, (std::vector<std::string>{"one", "two"}));
  CAF_CHECK_EQUAL(second, (std::vector<std::string>{"one"}));
}

CAF_TEST(exceptions count whoever listens) {
  const auto watch = std::make_shared<exception_watch>();
  CAF_CHECK_EQUAL(watch->count(), 0u);
  watch->tell("nobody hears it");
  CAF_CHECK_EQUAL(watch->count(), 1u);
}

CAF_TEST(a listener that fails costs nobody anything) {
  const auto watch = std::make_shared<exception_watch>();
  const auto failing = watch->add(
    [](const std::string&) { throw std::runtime_error("cannot write"); });
  watch->tell("one");
  watch->tell("two"); // the lock is free again
  CAF_CHECK_EQUAL(watch->count(), 2u);
}

CAF_TEST(a listener may outlive what it listens to) {
  auto watch = std::make_shared<exception_watch>();
  auto heard = std::make_shared<int>();
  auto listening = watch->add([heard](const std::string&) { ++*heard; });
  watch.reset();
  listening.reset();
  CAF_CHECK_EQUAL(heard.use_count(), 1);
}

CAF_TEST(a removed listener lets go of what it holds) {
  const auto watch = std::make_shared<exception_watch>();
  auto held = std::make_shared<int>();
  auto listening = watch->add([held](const std::string&) {});
  CAF_CHECK_EQUAL(held.use_count(), 2);
  listening.reset();
  CAF_CHECK_EQUAL(held.use_count(), 1);
}

CAF_TEST(an exception says what it can say of itself) {
  CAF_CHECK_EQUAL(text_of([] { throw std::length_error("too long"); }),
                  "too long");
  CAF_CHECK_EQUAL(text_of([] { throw 7; }), "an exception of unknown type");
}
