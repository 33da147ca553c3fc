#define CAF_SUITE encoding

#include "actors/admin/encoding.hpp"

#include "tests/support/test.hpp"

#include <zlib.h>

#include <string>

using namespace aps::admin;

namespace {

std::string unpacked(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in
    = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CAF_REQUIRE_EQUAL(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string tag_of(std::string_view text) {
  content_tag out;
  out.add(text);
  return out.text();
}

} // namespace

CAF_TEST(gzip_is_sent_to_who_wants_the_plain_form_no_more) {
  for (const auto* yes : {"gzip", "GZIP", "deflate, gzip;q=0.5", "x-gzip",
                          "br , gzip ; q=1.0", "*", "*;q=0.1", "gzip;q=0.001",
                          "identity;q=0.4, gzip;q=0.5", "gzip, identity",
                          "identity;q=0, *;q=0.5", "gzip;q=0, x-gzip;q=0.2",
                          "gzip;q=0.5, br, *;q=0"})
    CAF_CHECK(prefers_gzip(yes));
  for (const auto* no : {"", "identity", "br", "gzip;q=0", "gzip; Q=0.000",
                         "*;q=0", "*, gzip;q=0", "gzipped", ",,;",
                         "gzip;q=0.5, identity;q=1", "identity, gzip;q=0.9",
                         "gzip;q=0.5, *;q=0.8", "*;q=0.5, identity",
                         "gzip;q=0.001, identity;q=0.01"})
    CAF_CHECK(!prefers_gzip(no));
}

CAF_TEST(a_tag_is_known_weakly) {
  CAF_CHECK(names_tag("W/\"1\"", "W/\"1\""));
  CAF_CHECK(names_tag("\"0\", \"1\"", "W/\"1\""));
  CAF_CHECK(names_tag("*", "W/\"1\""));
  CAF_CHECK(!names_tag("", "W/\"1\""));
  CAF_CHECK(!names_tag("\"11\", W/\"2\"", "W/\"1\""));
}

CAF_TEST(pieces_are_compressed_as_one) {
  gzip_stream uut{gzip_stream::effort::quick};
  std::string text;
  for (int i = 0; i < 5000; ++i) {
    const auto piece = "{\"name\":\"e" + std::to_string(i * 7919) + "\"},\n";
    text += piece;
    uut.add(piece);
    uut.add("");
  }
  const auto packed = uut.finish();
  CAF_CHECK_LESS(packed.size(), text.size() / 2);
  CAF_CHECK_EQUAL(unpacked(packed), text);
  CAF_CHECK_EQUAL(unpacked(gzip_stream{gzip_stream::effort::best}.finish()),
                  "");
}

CAF_TEST(a_clock_that_goes_on_is_no_other_content) {
  const auto with = [](std::string time, std::string since, std::string rtt) {
    return tag_of("{\"node\":{\"time_ms\":" + time
                  + "},\"fallback\":{\"next_probe_seconds\":null,"
                    "\"since_seconds\":" + since + "},\"rtt_ms\":" + rtt + "}");
  };
  CAF_CHECK_EQUAL(with("17", "1.5e-07", "3.5"), with("18", "200", "3.5"));
  CAF_CHECK_NOT_EQUAL(with("17", "1", "3.5"), with("17", "1", "3.6"));
  CAF_CHECK_NOT_EQUAL(tag_of("{\"next_probe_seconds\":null}"),
                      tag_of("{\"next_probe_seconds\":1.5}"));
  // A name is no member.
  CAF_CHECK_NOT_EQUAL(tag_of("[\"a \\\"time_ms\\\":1\"]"),
                      tag_of("[\"a \\\"time_ms\\\":2\"]"));
  CAF_CHECK_EQUAL(with("1", "2", "3").substr(0, 3), "W/\"");
}
