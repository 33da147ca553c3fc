#define CAF_SUITE unit_context

#include "actors/base/unit_context.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <functional>

using namespace aps;
using namespace aps::test;

namespace {

/// Something to run that counts its references.
struct runnable final : caf::resumable {
  explicit runnable(std::function<resume_result()> todo)
      : work(std::move(todo)) {}

  subtype_t subtype() const override { return unspecified; }
  resume_result resume(caf::execution_unit* unit, size_t most) override {
    context = unit;
    throughput = most;
    return work();
  }
  void intrusive_ptr_add_ref_impl() override { ++references; }
  void intrusive_ptr_release_impl() override { --references; }

  std::function<resume_result()> work;
  caf::execution_unit* context = nullptr;
  size_t throughput = 0;
  int references = 1; // that of whoever makes it runnable
};

using texts = std::vector<std::string>;

struct fixture {
  runnable noting(const char* name, caf::resumable::resume_result result
                                    = caf::resumable::awaiting_message) {
    return runnable{[this, name, result] {
      order.emplace_back(name);
      return result;
    }};
  }

  /// How many pieces of work were posted; runs them.
  int posts() {
    int count = 0;
    while (unit.run_one())
      ++count;
    return count;
  }

  script_system system;
  manual_unit unit;
  std::shared_ptr<unit_context> uut
    = std::make_shared<unit_context>(*system, unit);
  texts order;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(unit_context_tests, fixture)

CAF_TEST(what becomes runnable is run in order by one post) {
  auto first = noting("first");
  auto second = noting("second", caf::resumable::done);
  uut->exec_later(&first);
  uut->exec_later(&second);
  CAF_CHECK(order.empty());
  CAF_CHECK_EQUAL(posts(), 1);
  CAF_CHECK_EQUAL(order, (texts{"first", "second"}));
  CAF_CHECK_EQUAL(first.references, 0);
  CAF_CHECK_EQUAL(second.references, 0);
  CAF_CHECK(first.context == uut.get());
  CAF_CHECK_EQUAL(first.throughput, 64u);
}

CAF_TEST(who has more to do waits for its turn) {
  int rounds = 0;
  runnable busy{[&] {
    order.emplace_back("busy");
    return ++rounds < 3 ? caf::resumable::resume_later
                        : caf::resumable::awaiting_message;
  }};
  auto other = noting("other");
  uut->exec_later(&busy);
  uut->exec_later(&other);
  CAF_CHECK_EQUAL(posts(), 1);
  CAF_CHECK_EQUAL(order, (texts{"busy", "other", "busy", "busy"}));
  CAF_CHECK_EQUAL(busy.references, 0);
}

CAF_TEST(a chain ends before anything else is looked at) {
  auto last = noting("last");
  runnable first{[&] {
    order.emplace_back("first");
    uut->exec_later(&last);
    return caf::resumable::awaiting_message;
  }};
  uut->exec_later(&first);
  unit.post([&] { order.emplace_back("socket"); });
  CAF_CHECK_EQUAL(posts(), 2);
  CAF_CHECK_EQUAL(order, (texts{"first", "last", "socket"}));
}

CAF_TEST(afterwards there is a post again) {
  auto first = noting("first");
  uut->exec_later(&first);
  CAF_CHECK_EQUAL(posts(), 1);
  auto second = noting("second");
  uut->exec_later(&second);
  CAF_CHECK_EQUAL(posts(), 1);
  CAF_CHECK_EQUAL(order, (texts{"first", "second"}));
}

CAF_TEST(what is never run is let go) {
  auto waiting = noting("never");
  {
    script_system other;
    manual_unit dropped; // goes with what was posted to it
    const auto context = std::make_shared<unit_context>(*other, dropped);
    context->exec_later(&waiting);
    CAF_CHECK_EQUAL(waiting.references, 1);
  }
  CAF_CHECK_EQUAL(waiting.references, 0);
  CAF_CHECK(order.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a network has a context per unit and counts who uses them) {
  script_system system;
  one_unit net;
  const auto uut = std::make_shared<unit_contexts>(*system, net);
  CAF_CHECK(&uut->of(net.here)->unit() == &net.here);
  CAF_CHECK(&uut->any(0) == uut->of(net.here).get());
  CAF_CHECK(&uut->any(UINT64_MAX) == uut->of(net.here).get());
  CAF_CHECK_EQUAL(uut->users(), 0u);
  auto first = uut->use();
  auto second = uut->use();
  CAF_CHECK_EQUAL(uut->users(), 2u);
  first.reset();
  CAF_CHECK_EQUAL(uut->users(), 1u);
  second.reset();
  CAF_CHECK_EQUAL(uut->users(), 0u);
}
