#define CAF_SUITE resolver

#include "tests/support/test.hpp"
#include "tests/transports/net/on_unit.hpp"

#include "transports/net/names/resolver.hpp"

#include <boost/asio/error.hpp>

#include <set>

using namespace aps;
using aps::test::on;
namespace asio = boost::asio;
using address = asio::ip::address;
using boost::system::error_code;

namespace {

/// Answers when it is told to.
class told_service final : public name_service {
 public:
  void ask(const std::string& name, handler done) override {
    ++asked;
    questions[name] = std::move(done);
  }

  std::map<std::string, handler> questions;
  int asked = 0;
};

struct fixture {
  fixture() {
    unit.start();
    auto made = std::make_unique<told_service>();
    service = made.get();
    names = std::make_shared<resolver>(unit, std::move(made));
  }

  ~fixture() { unit.stop(); }

  void find(const std::string& name, std::shared_ptr<void> from = nullptr) {
    on(unit, [&] {
      names->find(name, from ? from : owner,
                  [this](const error_code& error, const auto& found) {
                    errors.push_back(error);
                    answers.push_back(found.empty() ? address{} : found.front());
                  });
    });
    settle();
  }

  void answer(const std::string& name, name_answer with) {
    on(unit, [&] { service->questions[name](with); });
    settle();
  }

  void tick(duration later) {
    on(unit, [&] { names->on_tick(unit.now() + later); });
    settle();
  }

  // What a handler posts to its own thread comes behind what others posted
  // meanwhile, so the second time all of it is done.
  void settle() {
    on(unit, [] {});
    on(unit, [] {});
  }

  io_unit unit{0};
  told_service* service = nullptr;
  std::shared_ptr<resolver> names;
  std::shared_ptr<void> owner = std::make_shared<char>();
  std::vector<error_code> errors;
  std::vector<address> answers;
};

name_answer good(const char* text, duration valid = std::chrono::hours(1)) {
  return {{}, {asio::ip::make_address(text)}, valid};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(resolver_tests, fixture)

CAF_TEST(many that ask for one name are one question) {
  find("a.test");
  find("a.test");
  find("b.test");
  CAF_CHECK_EQUAL(service->asked, 2);
  answer("a.test", good("127.0.0.7"));
  CAF_CHECK_EQUAL(answers.size(), 2u);
  find("a.test");
  CAF_CHECK_EQUAL(service->asked, 2);
  CAF_CHECK_EQUAL(answers.size(), 3u);
  CAF_CHECK(answers.back() == asio::ip::make_address("127.0.0.7"));
}

CAF_TEST(a name that hangs costs its own askers only their patience) {
  find("dead.test");
  find("fine.test");
  answer("fine.test", good("127.0.0.7"));
  CAF_CHECK_EQUAL(answers.size(), 1u);
  tick(resolver::patience);
  CAF_REQUIRE_EQUAL(errors.size(), 2u);
  CAF_CHECK(errors[1] == asio::error::timed_out);
}

CAF_TEST(old addresses serve while nobody answers) {
  find("a.test");
  answer("a.test", good("127.0.0.7", duration{}));
  find("a.test");
  tick(resolver::stale_after);
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK(answers[1] == asio::ip::make_address("127.0.0.7"));
  // The last word is another thing.
  answer("a.test", {asio::error::host_not_found, {}, {}});
  find("a.test");
  CAF_REQUIRE_EQUAL(errors.size(), 3u);
  CAF_CHECK(errors[2] == asio::error::host_not_found);
}

CAF_TEST(a failure that may pass leaves the old addresses in use) {
  find("a.test");
  answer("a.test", good("127.0.0.7", duration{}));
  find("a.test");
  answer("a.test", {asio::error::host_not_found_try_again, {}, {}});
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK(answers[1] == asio::ip::make_address("127.0.0.7"));
}

CAF_TEST(a name that was not found is not asked again at once) {
  find("a.test");
  answer("a.test", {asio::error::host_not_found, {}, {}});
  find("a.test");
  CAF_CHECK_EQUAL(service->asked, 1);
  CAF_CHECK_EQUAL(errors.size(), 2u);
}

CAF_TEST(who left hears nothing and makes room) {
  auto leaving = std::make_shared<char>();
  find("a.test", leaving);
  leaving = nullptr;
  answer("a.test", good("127.0.0.7"));
  CAF_CHECK(answers.empty());
  find("b.test");
  for (size_t i = 1; i < resolver::max_waiting; ++i)
    find("b.test", std::make_shared<char>());
  CAF_CHECK(answers.empty());
  find("b.test"); // in the place of those that left
  CAF_CHECK(answers.empty());
  answer("b.test", good("127.0.0.7"));
  CAF_CHECK_EQUAL(answers.size(), 2u);
}

CAF_TEST(localhost needs nobody) {
  for (const auto* name : {"localhost", "LocalHost.", "a.localhost"})
    find(name);
  CAF_CHECK_EQUAL(service->asked, 0);
  CAF_CHECK_EQUAL(answers.size(), 3u);
  find("notlocalhost");
  CAF_CHECK_EQUAL(service->asked, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
