#define CAF_SUITE encoded_body

#include "tests/support/test.hpp"
#include "tests/transports/front/compression/decoded.hpp"

#include "transports/front/compression/encoded_body.hpp"

using namespace aps;
using config::content_coding;

namespace {

response_head text_answer() {
  response_head out;
  out.status = 200;
  out.headers = {{"Content-Type", "text/plain"}};
  return out;
}

bool says(const response_head& head, std::string_view name) {
  return find_header(head.headers, name) != nullptr;
}

} // namespace

CAF_TEST(credit comes back as what became of it leaves) {
  const auto memory = std::make_shared<byte_budget>(most_compression_bytes);
  auto head = text_answer();
  const auto body
    = encoded_body::begin(head, {{}, content_coding::gzip}, memory);
  CAF_REQUIRE(body);
  const auto first = body->add(slice::copy(std::string(1000, 'a')));
  const auto second = body->add(slice::copy(std::string(500, 'b')));
  const auto last = body->finish();
  CAF_REQUIRE(first && second && last);
  CAF_CHECK_EQUAL(body->sent(first->size() - 1), 0u);
  CAF_CHECK_EQUAL(body->sent(1), 1000u);
  CAF_CHECK_EQUAL(body->sent(second->size() + last->size()), 500u);
  std::string all{first->view()};
  all.append(second->view()).append(last->view());
  CAF_CHECK_EQUAL(aps::test::decoded(content_coding::gzip, all),
                  std::string(1000, 'a') + std::string(500, 'b'));
}

CAF_TEST(who wants no coding hears that others get one) {
  const auto memory = std::make_shared<byte_budget>(most_compression_bytes);
  auto head = text_answer();
  CAF_CHECK(!encoded_body::begin(head, {{}, std::nullopt}, memory));
  CAF_CHECK(says(head, "vary"));
  CAF_CHECK(!says(head, "content-encoding"));
  auto picture = text_answer();
  picture.headers = {{"Content-Type", "image/png"}};
  CAF_CHECK(!encoded_body::begin(picture, {{}, content_coding::br}, memory));
  CAF_CHECK(!says(picture, "vary"));
}

CAF_TEST(without memory a body stays as it is) {
  const auto memory = std::make_shared<byte_budget>(most_compression_bytes);
  CAF_REQUIRE(memory->take(most_compression_bytes));
  auto head = text_answer();
  CAF_CHECK(!encoded_body::begin(head, {{}, content_coding::zstd}, memory));
  CAF_CHECK(says(head, "vary"));
  CAF_CHECK(!says(head, "content-encoding"));
  memory->give(memory_of(content_coding::zstd));
  auto other = text_answer();
  CAF_CHECK(encoded_body::begin(other, {{}, content_coding::zstd}, memory));
  // It was given back with the body.
  CAF_CHECK(memory->take(memory_of(content_coding::zstd)));
}
