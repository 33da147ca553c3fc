#define CAF_SUITE compression_negotiation

#include "tests/support/test.hpp"

#include "transports/front/compression/negotiation.hpp"

using namespace aps;
using config::content_coding;

namespace {

std::string chosen(const std::string& accepted,
                   const config::compression& settings = {}) {
  header_list fields;
  if (accepted != "-")
    fields.push_back({"Accept-Encoding", accepted});
  const auto found = choose_coding(fields, settings);
  return found ? std::string{to_string(*found)} : "none";
}

response_head answer(header_list fields, std::optional<uint64_t> length = 5000,
                     uint16_t status = 200) {
  response_head out;
  out.status = status;
  out.headers = std::move(fields);
  out.content_length = length;
  return out;
}

constexpr auto type = "Content-Type";

} // namespace

CAF_TEST(the coding is what the visitor likes best) {
  const std::pair<const char*, const char*> rows[]
    = {{"-", "none"},
       {"", "none"},
       {"gzip", "gzip"},
       {"x-gzip", "gzip"},
       {"GZIP", "gzip"},
       {"gzip, deflate", "gzip"},
       {"gzip, deflate, br", "br"},
       {"gzip, deflate, br, zstd", "zstd"},
       {"gzip;q=1.0, br;q=0.5", "gzip"},
       {"gzip;q=0", "none"},
       {"gzip;q=0, *", "zstd"},
       {"*", "zstd"},
       {"*;q=0", "none"},
       {"*;q=0, br", "br"},
       {"zstd;q=0, *;q=0.1", "br"},
       {"identity", "none"},
       {"identity;q=0", "none"},
       {"br;q=0.001", "br"},
       {"gzip;q=much", "gzip"},
       {"deflate, compress", "none"},
       {" br ; q=0.3 ,gzip;q=0.3", "br"}};
  for (const auto& [accepted, expected] : rows) {
    CAF_MESSAGE(accepted);
    CAF_CHECK_EQUAL(chosen(accepted), expected);
  }
  const config::compression gzip_first{
    .encodings = {content_coding::gzip, content_coding::br}};
  CAF_CHECK_EQUAL(chosen("zstd, br, gzip", gzip_first), "gzip");
  CAF_CHECK_EQUAL(chosen("zstd", gzip_first), "none");
  CAF_CHECK_EQUAL(chosen("*", {.encodings = {}}), "none");
  header_list split{{"Accept-Encoding", "br;q=0"}, {"accept-encoding", "*"}};
  CAF_CHECK(choose_coding(split, {}) == content_coding::zstd);
}

CAF_TEST(only whole texts that nobody touched are compressed) {
  const std::pair<response_head, bool> rows[] = {
    {answer({{type, "text/html; charset=utf-8"}}), true},
    {answer({{type, "TEXT/HTML"}}), true},
    {answer({{type, "text/event-stream"}}, std::nullopt), true},
    {answer({{type, "application/json"}}), true},
    {answer({{type, "application/problem+json"}}), true},
    {answer({{type, "application/atom+xml"}}), true},
    {answer({{type, "image/svg+xml"}}), true},
    {answer({{type, "image/png"}}), false},
    {answer({{type, "application/octet-stream"}}), false},
    {answer({{type, "application/grpc+json"}}), false},
    {answer({}), false},
    {answer({{type, "text/html"}}, 1024), true},
    {answer({{type, "text/html"}}, 1023), false},
    {answer({{type, "text/html"}}, 0), false},
    {answer({{type, "text/html"}}, std::nullopt), true},
    {answer({{type, "text/html"}}, 5000, 404), true},
    {answer({{type, "text/html"}}, 5000, 500), true},
    {answer({{type, "text/html"}}, 5000, 204), false},
    {answer({{type, "text/html"}}, 5000, 205), false},
    {answer({{type, "text/html"}}, 5000, 206), false},
    {answer({{type, "text/html"}}, 5000, 304), false},
    {answer({{type, "text/html"}, {"Content-Range", "bytes 0-1/2"}}), false},
    {answer({{type, "text/html"}, {"Content-Encoding", "br"}}), false},
    {answer({{type, "text/html"}, {"content-encoding", "identity"}}), false},
    {answer({{type, "text/html"}, {"Cache-Control", "private, no-transform"}}),
     false},
    {answer({{type, "text/html"}, {"Cache-Control", "no-cache"}}), true},
    {answer({{type, "text/html"}, {"Digest", "x"}}), false},
    {answer({{type, "text/html"}, {"Repr-Digest", "x"}}), false},
    {answer({{type, "text/html"}, {"Content-MD5", "x"}}), false}};
  for (const auto& [head, expected] : rows) {
    CAF_MESSAGE(&head - &rows[0].first);
    CAF_CHECK_EQUAL(is_compressible(head, {}), expected);
  }
  auto last = answer({{type, "text/html"}});
  last.last = true;
  CAF_CHECK(!is_compressible(last, {}));
  CAF_CHECK(is_compressible(answer({{type, "image/png"}}), {.types = {"*/*"}}));
  CAF_CHECK(!is_compressible(answer({{type, "text/html"}}), {.encodings = {}}));
}

CAF_TEST(an encoded head says what is true of its body) {
  auto head = answer({{type, "text/html"},
                      {"ETag", "\"x\""},
                      {"Accept-Ranges", "bytes"},
                      {"Vary", "Origin"}});
  add_vary(head);
  add_vary(head);
  encode_head(head, content_coding::br);
  CAF_CHECK(!head.content_length);
  CAF_CHECK(head.headers
            == (header_list{{type, "text/html"},
                            {"ETag", "W/\"x\""},
                            {"Vary", "Origin"},
                            {"Vary", "Accept-Encoding"},
                            {"Content-Encoding", "br"}}));
  auto known = answer({{"ETag", "W/\"y\""}, {"Vary", "*"}});
  add_vary(known);
  encode_head(known, content_coding::gzip);
  CAF_CHECK(known.headers
            == (header_list{{"ETag", "W/\"y\""},
                            {"Vary", "*"},
                            {"Content-Encoding", "gzip"}}));
}
