#define CAF_SUITE tunnel_keys

#include "tests/support/test.hpp"

#include "actors/base/access/tunnel_keys.hpp"
#include "config/access/password_hash.hpp"
#include "transports/seam/auth.hpp"

#include <future>

using namespace aps;

CAF_TEST(whoever waits for a key is called when it is there) {
  tunnel_keys keys{1};
  keys.set({"t"}, "p");
  std::promise<void> ready;
  CAF_REQUIRE(keys.wait({"t"}, "a", [&] { ready.set_value(); }));
  ready.get_future().wait();
  const auto key = keys.find({"t"});
  CAF_REQUIRE(key != nullptr);
  CAF_CHECK_EQUAL(*key, derive_key("t", "p"));
  bool at_once = false;
  CAF_CHECK(keys.wait({"t"}, "a", [&] { at_once = true; }));
  CAF_CHECK(at_once);
  CAF_CHECK(keys.complete());
}

CAF_TEST(a key that is wanted does not wait for thousands that are not) {
  tunnel_keys keys{1};
  for (int i = 0; i < 2000; ++i)
    keys.set({"t" + std::to_string(i)}, "p");
  std::promise<void> ready;
  CAF_REQUIRE(keys.wait({"t1999"}, "a", [&] { ready.set_value(); }));
  ready.get_future().wait();
  // In their order it would have been the last one.
  CAF_CHECK(keys.find({"t1998"}) == nullptr);
}

CAF_TEST(unknown tunnels have no key and nobody can wait for it) {
  tunnel_keys keys{1};
  CAF_CHECK(keys.find({"t"}) == nullptr);
  CAF_CHECK(!keys.wait({"t"}, "a", [] {}));
}

CAF_TEST(the crowd in front of one key is bounded) {
  tunnel_keys keys{1};
  for (int i = 0; i < 100; ++i)
    keys.set({"t" + std::to_string(i)}, "p");
  // The worker is busy with the others.
  for (int i = 0; i < 99; ++i)
    keys.wait({"t" + std::to_string(i)}, "a", [] {});
  size_t taken = 0;
  while (taken <= tunnel_keys::max_waiting && keys.wait({"t99"}, "a", [] {}))
    ++taken;
  CAF_CHECK(taken <= tunnel_keys::max_waiting);
}

CAF_TEST(the wishes of a stranger do not delay others) {
  tunnel_keys keys{1};
  for (int i = 0; i < 200; ++i)
    keys.set({"t" + std::to_string(i)}, "p");
  CAF_CHECK(!keys.complete());
  for (int i = 0; i < 100; ++i)
    keys.wait({"t" + std::to_string(i)}, "stranger", [] {});
  // It wants one that the stranger wants, too, and that is not its first.
  std::promise<void> ready;
  CAF_REQUIRE(keys.wait({"t31"}, "agent", [&] { ready.set_value(); }));
  ready.get_future().wait();
  CAF_CHECK(keys.find({"t30"}) == nullptr);
}

CAF_TEST(without threads a key is derived when it is asked for) {
  tunnel_keys keys{0};
  keys.set({"t"}, "p");
  const auto key = keys.find({"t"});
  CAF_REQUIRE(key != nullptr);
  CAF_CHECK_EQUAL(*key, derive_key("t", "p"));
}

CAF_TEST(nobody is called after the end) {
  bool called = false;
  tunnel_keys keys{1};
  for (int i = 0; i < 100; ++i)
    keys.set({"t" + std::to_string(i)}, "p");
  for (int i = 0; i < 99; ++i)
    keys.wait({"t" + std::to_string(i)}, "a", [] {});
  keys.wait({"t99"}, "a", [&] { called = true; });
  keys.stop();
  const bool before = called;
  CAF_CHECK(!keys.wait({"t0"}, "a", [] {}));
  CAF_CHECK_EQUAL(called, before);
}

CAF_TEST(credentials have keys of their own) {
  tunnel_keys keys{0};
  keys.set({"t"}, "p");
  keys.set({"t", "alice"}, "q");
  keys.set_key({"t", "bob"}, "ready made");
  CAF_CHECK_EQUAL(*keys.find({"t"}), derive_key("t", "p"));
  CAF_CHECK_EQUAL(*keys.find({"t", "alice"}), derive_key("t", "q"));
  CAF_CHECK_EQUAL(*keys.find({"t", "bob"}), "ready made");
  CAF_CHECK(keys.find({"t", "carol"}) == nullptr);
}

CAF_TEST(the hash of a password is what agents derive) {
  using config::password_hash;
  const auto hash = password_hash::of_tunnel("t", "p");
  CAF_CHECK(hash.key_of("t") == derive_key("t", "p"));
  CAF_CHECK(!hash.key_of("u"));
  CAF_CHECK(!password_hash::make("p").key_of("t"));
  CAF_CHECK(password_hash::parse(hash.str()) == hash);
}

CAF_TEST(another password is another key) {
  tunnel_keys keys{1};
  const auto key = [&] {
    std::promise<void> ready;
    CAF_REQUIRE(keys.wait({"t", "a"}, "x", [&] { ready.set_value(); }));
    ready.get_future().wait();
    return *keys.find({"t", "a"});
  };
  keys.set({"t", "a"}, "p");
  CAF_CHECK_EQUAL(key(), derive_key("t", "p"));
  keys.set({"t", "a"}, "p");
  CAF_CHECK(keys.complete());
  keys.set({"t", "a"}, "q");
  CAF_CHECK(!keys.complete());
  CAF_CHECK_EQUAL(key(), derive_key("t", "q"));
  // While the former one is on its way, or nothing is.
  keys.set({"t", "a"}, "r");
  keys.set({"t", "a"}, "s");
  CAF_CHECK_EQUAL(key(), derive_key("t", "s"));
  keys.set({"t", "a"}, "r");
  keys.set_key({"t", "a"}, "k");
  CAF_CHECK_EQUAL(key(), "k");
  CAF_CHECK(keys.complete());
}
