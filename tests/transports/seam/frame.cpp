#define CAF_SUITE frame

#include "transports/seam/frame.hpp"

#include "tests/support/test.hpp"

#include <set>
#include <string>

using namespace aps;

CAF_TEST(transports_have_words_that_others_match) {
  CAF_CHECK_EQUAL(to_string(transport_kind::grpc), "grpc");
  CAF_CHECK_EQUAL(to_string(transport_kind::websocket), "websocket");
  CAF_CHECK_EQUAL(to_string(transport_kind::poll), "poll");
}

CAF_TEST(refusals_have_words_and_sentences_of_their_own) {
  std::set<std::string> words;
  std::set<std::string> sentences;
  for (auto i = 1; i <= static_cast<int>(last_refusal); ++i) {
    words.emplace(to_string(static_cast<refusal>(i)));
    sentences.emplace(render(static_cast<refusal>(i)));
  }
  for (const auto& known : {words, sentences}) {
    CAF_CHECK_EQUAL(known.size(), static_cast<size_t>(last_refusal));
    CAF_CHECK(!known.contains("refused"));
  }
  CAF_CHECK_EQUAL(to_string(refusal::bad_proof), "bad-password");
}

CAF_TEST(bytes_in_hexadecimal) {
  CAF_CHECK_EQUAL(to_hex(""), "");
  CAF_CHECK_EQUAL(to_hex(std::string_view{"\x00\x01\x9a\xbf\xff", 5}),
                  "00019abfff");
  session_id id{};
  id[0] = 0x10;
  id[15] = 0xef;
  CAF_CHECK_EQUAL(to_hex(id), "100000000000000000000000000000ef");
}

CAF_TEST(case_does_not_count_in_ASCII_and_in_nothing_else) {
  CAF_CHECK(iequals("", ""));
  CAF_CHECK(iequals("aZ-9", "Az-9"));
  CAF_CHECK(!iequals("a", "ab"));
  CAF_CHECK(!iequals("ab", "a"));
  // Neighbours of the letters, and what differs in the same bit.
  CAF_CHECK(!iequals("@", "`"));
  CAF_CHECK(!iequals("[", "{"));
  CAF_CHECK(!iequals("-", "\r"));
  CAF_CHECK(!iequals("\xc4", "\xe4"));
}

CAF_TEST(the_first_field_of_a_name_is_found) {
  const header_list headers{{"A", "1"}, {"b", "2"}, {"B", "3"}};
  CAF_REQUIRE(find_header(headers, "B") != nullptr);
  CAF_CHECK_EQUAL(find_header(headers, "B")->value, "2");
  CAF_CHECK(find_header(headers, "c") == nullptr);
}

CAF_TEST(an_interim_answer_is_one_hundred_and_something_but_no_switch) {
  response_head head;
  for (const uint16_t status : {100, 102, 199}) {
    head.status = status;
    CAF_CHECK(head.interim());
  }
  for (const uint16_t status : {99, 101, 200}) {
    head.status = status;
    CAF_CHECK(!head.interim());
  }
}

CAF_TEST(a_frame_weighs_at_least_its_texts) {
  const header_list fields{{"name", "value"}, {"n", ""}};
  const size_t of_fields = 4 + 5 + 1 + 2 * 8;
  auto request = std::make_shared<request_head>();
  request->path = "/path";
  request->headers = fields;
  auto answer = std::make_shared<response_head>();
  answer->headers = fields;
  CAF_CHECK_EQUAL((frame{1, request_frame{1, 0, request}}.weight()),
                  64 + 5 + of_fields);
  CAF_CHECK_EQUAL((frame{1, response_frame{answer}}.weight()),
                  32 + of_fields);
  CAF_CHECK_EQUAL((frame{1, data_frame{0, slice::copy("abc"), false}}.weight()),
                  24u + 3);
  CAF_CHECK_EQUAL((frame{1, end_frame{0, fields}}.weight()), 24 + of_fields);
  CAF_CHECK_EQUAL((frame{1, reset_frame{outcome::cut, "why"}}.weight()),
                  32u + 3);
  CAF_CHECK_EQUAL((frame{0, ping_frame{1}}.weight()), 32u);
}

CAF_TEST(only what does no harm twice is sent twice) {
  const auto head_of = [](std::string method, header_list headers = {}) {
    request_head head;
    head.method = std::move(method);
    head.headers = std::move(headers);
    return head;
  };
  for (const auto* method :
       {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
    CAF_CHECK(is_idempotent(head_of(method)));
  // The case of a method counts.
  for (const auto* method : {"POST", "PATCH", "CONNECT", "get", "PROPFIND", ""})
    CAF_CHECK(!is_idempotent(head_of(method)));
  CAF_CHECK(is_idempotent(head_of("POST", {{"idempotency-KEY", "1"}})));
  for (const auto* method : {"GET", "POST"}) {
    auto head = head_of(method, {{"Idempotency-Key", "1"}});
    head.upgrade = "websocket";
    CAF_CHECK(!is_idempotent(head));
  }
}

CAF_TEST(an agent of old gets nothing that it would ask in another protocol) {
  request_head head;
  for (const uint64_t features : {0ull, 1ull, 2ull, 3ull, ~0ull}) {
    head.protocol = origin_protocol::http1;
    CAF_CHECK(understands(features, head));
    head.protocol = origin_protocol::negotiated;
    CAF_CHECK(understands(features, head));
    head.protocol = origin_protocol::http2;
    CAF_CHECK_EQUAL(understands(features, head), (features & 2) != 0);
  }
}

CAF_TEST(an agent of old is not asked for the certificate of another name) {
  request_head head;
  head.server_name = "inner.example";
  for (const uint64_t features : {0ull, 1ull, 2ull, 4ull, 6ull, ~0ull})
    CAF_CHECK_EQUAL(understands(features, head), (features & 4) != 0);
}

CAF_TEST(an agent of old gets nothing that begins with a PROXY header) {
  request_head head;
  CAF_CHECK(understands(0, head));
  for (const auto version : {proxy_version::v1, proxy_version::v2}) {
    head.proxy = version;
    head.protocol = origin_protocol::negotiated;
    for (const uint64_t features : {0ull, 1ull, 2ull, 4ull, 7ull})
      CAF_CHECK(!understands(features, head));
    CAF_CHECK(understands(8, head));
    head.protocol = origin_protocol::http2;
    CAF_CHECK(!understands(8, head));
    CAF_CHECK(understands(8 | 2, head));
  }
  CAF_CHECK(proxy_version_of(0) == proxy_version::none);
  CAF_CHECK(proxy_version_of(1) == proxy_version::v1);
  CAF_CHECK(proxy_version_of(2) == proxy_version::v2);
  CAF_CHECK(proxy_version_of(3) == proxy_version::none);
}

CAF_TEST(a mapping says what its target is asked in) {
  CAF_CHECK(origin_protocol_of(false, false) == origin_protocol::http1);
  CAF_CHECK(origin_protocol_of(false, true) == origin_protocol::negotiated);
  CAF_CHECK(origin_protocol_of(true, true) == origin_protocol::http2);
  CAF_CHECK(origin_protocol_of(true, false) == origin_protocol::http2);
}

CAF_TEST(an agent of old gets no streams and datagrams and Unix sockets) {
  request_head head;
  head.scheme = "tcp";
  head.method = "GET";
  CAF_CHECK(head.kind() == exchange_kind::stream);
  CAF_CHECK(!is_idempotent(head));
  for (const uint64_t features : {0ull, 15ull, 16ull, ~0ull})
    CAF_CHECK_EQUAL(understands(features, head), (features & 16) != 0);
  head.scheme = "udp";
  CAF_CHECK(head.kind() == exchange_kind::stream);
  CAF_CHECK(head.carries_datagrams());
  for (const uint64_t features : {0ull, 16ull, 80ull, 128ull, 144ull})
    CAF_CHECK_EQUAL(understands(features, head), features == 144);
  CAF_CHECK_EQUAL(lacking(80, head), "for datagrams");
  head.scheme = "http";
  head.authority = "unix:/run/x";
  for (const uint64_t features : {0ull, 31ull, 32ull})
    CAF_CHECK_EQUAL(understands(features, head), features == 32);
  CAF_CHECK_EQUAL(lacking(0, head), "at a Unix socket");
}
