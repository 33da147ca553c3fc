#define CAF_SUITE output_queue

#include "tests/support/test.hpp"

#include "transports/net/output_queue.hpp"

using namespace aps;

namespace {

std::string joined(const buffer_span& parts) {
  std::string out;
  for (const auto& part : parts)
    out.append(static_cast<const char*>(part.data()), part.size());
  return out;
}

size_t count(const buffer_span& parts) {
  return static_cast<size_t>(parts.end() - parts.begin());
}

slice letters(size_t size) {
  return slice::adopt(std::string(size, 'b'));
}

} // namespace

CAF_TEST(output keeps its order in one gather write) {
  output_queue queue;
  const auto big = slice::adopt(std::string(10000, 'b'));
  queue.text() += "head";
  queue.payload(slice::copy("small"));
  queue.payload(big);
  queue.text() += "tail";
  std::string out;
  for (const auto& part : queue.start())
    out.append(static_cast<const char*>(part.data()), part.size());
  CAF_CHECK_EQUAL(out, "headsmall" + std::string(10000, 'b') + "tail");
  queue.text() += "next";
  CAF_CHECK_EQUAL(queue.finish(), 10005u);
  CAF_CHECK_EQUAL(queue.start_flat(), "next");
}

CAF_TEST(payload of four kilobytes and more is not copied) {
  output_queue queue;
  const auto least = letters(4096);
  queue.payload(letters(4095));
  queue.payload(least);
  const auto parts = queue.start();
  CAF_REQUIRE_EQUAL(count(parts), 2u);
  CAF_CHECK(parts.begin()[1].data() == least.data());
}

CAF_TEST(text around payload stays where it was put) {
  output_queue queue;
  const auto big = letters(5000);
  queue.payload(big); // nothing in front
  queue.payload(big); // nothing between
  queue.text() += "t";
  queue.payload(big);
  const auto parts = queue.start();
  CAF_CHECK_EQUAL(count(parts), 4u);
  CAF_CHECK_EQUAL(joined(parts),
                  std::string(10'000, 'b') + "t" + std::string(5'000, 'b'));
}

CAF_TEST(one string holds the same bytes) {
  for (const bool shared : {false, true}) {
    output_queue queue;
    queue.text() += "head";
    if (shared)
      queue.payload(letters(5000));
    queue.text() += "tail";
    CAF_CHECK_EQUAL(queue.start_flat(),
                    "head" + std::string(shared ? 5000 : 0, 'b') + "tail");
    CAF_CHECK_EQUAL(queue.finish(), shared ? 5000u : 0u);
  }
}

CAF_TEST(what comes during a write waits for the next) {
  output_queue queue;
  CAF_CHECK(queue.empty());
  queue.text() += "one";
  CAF_CHECK(!queue.empty());
  CAF_CHECK(!queue.in_flight());
  const auto first = queue.start();
  CAF_CHECK(queue.in_flight());
  CAF_CHECK(queue.empty());
  CAF_CHECK_EQUAL(queue.size(), 0u);
  queue.text() += "two!";
  queue.payload(letters(5000));
  CAF_CHECK_EQUAL(queue.size(), 5004u);
  CAF_CHECK_EQUAL(joined(first), "one");
  CAF_CHECK_EQUAL(queue.finish(), 0u);
  CAF_CHECK(!queue.in_flight());
  CAF_CHECK_EQUAL(joined(queue.start()), "two!" + std::string(5000, 'b'));
  CAF_CHECK_EQUAL(queue.finish(), 5000u);
}

CAF_TEST(disowned payload goes out and counts for nobody) {
  output_queue queue;
  queue.payload(letters(10));
  queue.start();
  queue.payload(letters(5000));
  queue.disown_payload();
  CAF_CHECK_EQUAL(queue.finish(), 0u);
  queue.payload(letters(1));
  CAF_CHECK_EQUAL(joined(queue.start()).size(), 5001u);
  CAF_CHECK_EQUAL(queue.finish(), 1u);
}

CAF_TEST(dropping spares what is in flight) {
  output_queue queue;
  queue.text() += "gone";
  const auto parts = queue.start();
  queue.text() += "dropped";
  queue.payload(letters(5000));
  queue.clear();
  CAF_CHECK(queue.empty());
  CAF_CHECK_EQUAL(queue.size(), 0u);
  CAF_CHECK(queue.in_flight());
  CAF_CHECK_EQUAL(joined(parts), "gone");
  CAF_CHECK_EQUAL(queue.finish(), 0u);
}

CAF_TEST(payload is let go with its write) {
  output_queue queue;
  const auto big = letters(5000);
  queue.payload(big);
  queue.start();
  CAF_CHECK_EQUAL(big.owner().use_count(), 2);
  queue.finish();
  CAF_CHECK_EQUAL(big.owner().use_count(), 1);
}

CAF_TEST(memory of a long text is given back) {
  output_queue queue;
  queue.text().assign(20'000, 'x');
  queue.start();
  queue.finish();
  queue.text() += "y";
  queue.start(); // the buffer of the first write waits again
  CAF_CHECK_LESS(queue.text().capacity(), 16 * 1024u);
}
