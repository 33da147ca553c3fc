// The first message of TLS: in any pieces it is the same one, or none, whatever
// comes behind it.
#include "tests/fuzz/fuzz.hpp"

#include "transports/net/tls/client_hello.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aps;
  using kind = client_hello::kind;
  const auto all = fuzz::text_of(data, size).substr(0, max_client_hello);
  const auto whole = read_client_hello(all);
  APS_REQUIRE(whole.is == kind::whole || whole.name.empty());
  if (whole.is == kind::partial)
    APS_REQUIRE(whole.wanted > all.size() && whole.wanted <= max_client_hello);
  for (size_t have = 0; have < std::min<size_t>(all.size(), 600); ++have) {
    const auto part = read_client_hello(all.substr(0, have));
    if (part.is == kind::partial)
      APS_REQUIRE(part.wanted > have);
    else
      APS_REQUIRE(part.is == whole.is && part.name == whole.name);
  }
  return 0;
}
