#define CAF_SUITE body_writer

#include "tests/support/test.hpp"

#include "transports/http/body_writer.hpp"

#include <utility>

using namespace aps;

namespace {

std::string written(body_framing framing, uint64_t length,
                    const std::vector<std::string>& parts,
                    const header_list& trailers, bool& good) {
  output_queue queue;
  body_writer writer;
  writer.begin(framing, length);
  good = true;
  for (const auto& part : parts)
    good = good && writer.data(queue, slice::copy(part));
  good = good && writer.end(queue, trailers);
  return queue.empty() ? std::string{} : std::string{queue.start_flat()};
}

} // namespace

CAF_TEST(bodies are framed and checked) {
  bool good = false;
  CAF_CHECK_EQUAL(
    written(body_framing::chunked, 0, {"hello", std::string(17, 'x')},
            {{"T", "v"}, {"Host", "x"}}, good),
    "5\r\nhello\r\n11\r\n" + std::string(17, 'x') + "\r\n0\r\nT: v\r\n\r\n");
  CAF_CHECK(good);
  CAF_CHECK_EQUAL(written(body_framing::length, 5, {"he", "llo"}, {}, good),
                  "hello");
  CAF_CHECK(good);
  written(body_framing::length, 5, {"hell"}, {}, good);
  CAF_CHECK(!good);
  written(body_framing::length, 5, {"hello!"}, {}, good);
  CAF_CHECK(!good);
}

CAF_TEST(a size is written in hexadecimal without zeros in front) {
  const std::pair<size_t, std::string_view> rows[]
    = {{1, "1"}, {15, "f"}, {16, "10"}, {255, "ff"}, {65'536, "10000"}};
  for (const auto& [size, line] : rows) {
    bool good = false;
    const auto out
      = written(body_framing::chunked, 0, {std::string(size, 'x')}, {}, good);
    CAF_CHECK_EQUAL(out.substr(0, out.find('\r')), line);
  }
}

CAF_TEST(an empty piece never ends a chunked body) {
  bool good = false;
  CAF_CHECK_EQUAL(written(body_framing::chunked, 0, {"", "a", ""}, {}, good),
                  "1\r\na\r\n0\r\n\r\n");
  CAF_CHECK(good);
}

CAF_TEST(what has no frame around it goes out as it comes) {
  for (const auto framing : {body_framing::until_close, body_framing::raw}) {
    bool good = false;
    CAF_CHECK_EQUAL(written(framing, 0, {"a", "b"}, {{"T", "v"}}, good), "ab");
    CAF_CHECK(good);
  }
}

CAF_TEST(a message without body takes an end and no bytes) {
  bool good = false;
  CAF_CHECK_EQUAL(written(body_framing::none, 0, {""}, {{"T", "v"}}, good), "");
  CAF_CHECK(good);
  CAF_CHECK_EQUAL(written(body_framing::none, 0, {"a"}, {}, good), "");
  CAF_CHECK(!good);
}

CAF_TEST(bytes beyond the length are not even queued) {
  output_queue queue;
  body_writer writer;
  writer.begin(body_framing::length, 3);
  CAF_CHECK(writer.data(queue, slice::copy("ab")));
  CAF_CHECK(!writer.data(queue, slice::copy("cd")));
  CAF_CHECK_EQUAL(queue.start_flat(), "ab");
}

CAF_TEST(behind the end is no body until the next message) {
  output_queue queue;
  body_writer writer;
  writer.begin(body_framing::chunked);
  CAF_CHECK(writer.end(queue, {}));
  CAF_CHECK(writer.framing() == body_framing::none);
  CAF_CHECK(!writer.data(queue, slice::copy("late")));
  CAF_CHECK(writer.end(queue, {}));
  CAF_CHECK_EQUAL(queue.start_flat(), "0\r\n\r\n");
  queue.finish();
  writer.begin(body_framing::length, 1);
  CAF_CHECK(writer.data(queue, slice::copy("n")));
  CAF_CHECK(writer.end(queue, {}));
}
