#define CAF_SUITE grpc_peer

#include "actors/admin/grpc/grpc_peer.hpp"
#include "tests/support/test.hpp"

using namespace aps::admin;

CAF_TEST(a_peer_is_told_as_an_address) {
  const std::vector<std::pair<std::string, std::string>> table{
    {"ipv4:127.0.0.1:4711", "127.0.0.1"},
    {"ipv6:[::1]:4711", "::1"},
    {"ipv6:%5B2001:db8::1%5D:4711", "2001:db8::1"},
    {"unix:/tmp/x", "unix:/tmp/x"},
    {"", ""}};
  for (const auto& [peer, address] : table)
    CAF_CHECK_EQUAL(grpc_peer(peer), address);
}
