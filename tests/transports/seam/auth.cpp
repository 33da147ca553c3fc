#define CAF_SUITE auth

#include "transports/seam/auth.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

const std::string key(32, 'k');
const std::string nonce(32, 'n');

hello_frame make_hello() {
  hello_frame hello;
  hello.tunnel = "t";
  hello.endpoint = "e";
  hello.session.fill(5);
  hello.nonce = std::string(32, 'm');
  hello.proof = agent_proof(key, nonce, hello, transport_kind::websocket);
  return hello;
}

// Everything that is nearly `right`, and a few that are not.
std::vector<std::string> nearly(const std::string& right) {
  std::vector<std::string> out{{},
                               right.substr(0, 1),
                               right.substr(0, right.size() / 2),
                               right.substr(0, right.size() - 1),
                               right.substr(1),
                               right + '\0',
                               right + right,
                               std::string(right.size(), '\0'),
                               std::string(right.size(), '\xff')};
  for (size_t i = 0; i < right.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      out.push_back(right);
      out.back()[i] = static_cast<char>(out.back()[i] ^ (1 << bit));
    }
  return out;
}

} // namespace

CAF_TEST(a_nearly_right_proof_is_wrong) {
  const auto hello = make_hello();
  const auto of_node = node_proof(key, hello);
  for (const auto* right : {&hello.proof, &of_node}) {
    CAF_CHECK_EQUAL(right->size(), 32u);
    CAF_CHECK(equal_secrets(*right, std::string{*right}));
    for (const auto& wrong : nearly(*right)) {
      CAF_CHECK(!equal_secrets(*right, wrong));
      CAF_CHECK(!equal_secrets(wrong, *right));
    }
  }
  CAF_CHECK(equal_secrets({}, {}));
}

CAF_TEST(a_proof_is_for_one_channel_alone) {
  const auto hello = make_hello();
  const auto over = [&](const std::string& binding) {
    return to_hex(
      agent_proof(key, nonce, hello, transport_kind::websocket, binding));
  };
  CAF_CHECK_EQUAL(over({}), to_hex(hello.proof));
  CAF_CHECK_NOT_EQUAL(over(std::string(32, 'a')), over({}));
  CAF_CHECK_NOT_EQUAL(over(std::string(32, 'a')), over(std::string(32, 'b')));
}

CAF_TEST(a_proof_is_for_one_hello_alone) {
  const auto hello = make_hello();
  const auto proof = [](const hello_frame& h, const std::string& with = key,
                        const std::string& from = nonce,
                        transport_kind over = transport_kind::websocket) {
    return agent_proof(with, from, h, over);
  };
  CAF_CHECK_EQUAL(to_hex(proof(hello)), to_hex(hello.proof));
  auto other = hello;
  other.tunnel = "te";
  other.endpoint = "";
  CAF_CHECK_NOT_EQUAL(to_hex(proof(other)), to_hex(hello.proof));
  other = hello;
  other.endpoint = "f";
  CAF_CHECK_NOT_EQUAL(to_hex(proof(other)), to_hex(hello.proof));
  other = hello;
  other.session[15] ^= 1;
  CAF_CHECK_NOT_EQUAL(to_hex(proof(other)), to_hex(hello.proof));
  other = hello;
  other.nonce.back() ^= 1;
  CAF_CHECK_NOT_EQUAL(to_hex(proof(other)), to_hex(hello.proof));
  CAF_CHECK_NOT_EQUAL(to_hex(proof(hello, std::string(32, 'K'))),
                      to_hex(hello.proof));
  CAF_CHECK_NOT_EQUAL(to_hex(proof(hello, key, std::string(32, 'N'))),
                      to_hex(hello.proof));
  CAF_CHECK_NOT_EQUAL(
    to_hex(proof(hello, key, nonce, transport_kind::grpc)),
    to_hex(hello.proof));
  CAF_CHECK_NOT_EQUAL(to_hex(node_proof(key, other)),
                      to_hex(node_proof(key, hello)));
}

// Node and agent of different versions derive the same one.
CAF_TEST(the_key_is_that_of_scrypt) {
  CAF_CHECK_EQUAL(
    to_hex(derive_key("t", "p")),
    "e8d73072c46767e87aa569074ea1e71fcf58b3c668f8fdd7c0e690a8bb655101");
}

CAF_TEST(hashes_are_those_of_the_standards) {
  // FIPS 180-2, "abc"; RFC 4231, test case 2.
  CAF_CHECK_EQUAL(
    to_hex(sha256("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CAF_CHECK_EQUAL(
    to_hex(keyed_hash("Jefe", "what do ya want for nothing?")),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // The authors' own vectors: bytes 0, 1, 2 ... as key and as text.
  std::string bytes;
  for (char c = 0; c < 16; ++c)
    bytes += c;
  CAF_CHECK_EQUAL(to_hex(keyed_mark(bytes, bytes.substr(0, 15))),
                  "5493e99933b0a8117e08ec0f97cfc3d9");
  // Behind another key, none is none.
  CAF_CHECK_EQUAL(
    to_hex(keyed_hash({}, {})),
    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
