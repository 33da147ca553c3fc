// Headers of the PROXY protocol: in any pieces it is the same header, or none,
// and what it says is written and read again.
#include "tests/fuzz/fuzz.hpp"

#include "transports/net/proxy/proxy_header.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aps;
  const auto all = fuzz::text_of(data, size);
  const auto whole = read_proxy_header(all);
  APS_REQUIRE(!(whole.complete() && !whole.problem.empty()));
  APS_REQUIRE(whole.size <= std::min(all.size(), max_proxy_header));
  // Less of it says nothing else.
  for (size_t have = 0; have < std::min<size_t>(all.size(), 600); ++have) {
    const auto part = read_proxy_header(all.substr(0, have));
    if (part.complete())
      APS_REQUIRE(part.size == whole.size && part.ends == whole.ends);
    else if (!part.problem.empty())
      APS_REQUIRE(!whole.problem.empty());
  }
  // What comes behind it says nothing at all.
  if (whole.complete())
    APS_REQUIRE(read_proxy_header(all.substr(0, whole.size)).ends
                == whole.ends);
  if (!whole.complete() && whole.problem.empty())
    APS_REQUIRE(all.size() < max_proxy_header);
  if (!whole.ends)
    return 0;
  for (const auto& text :
       {proxy_header_v1(whole.ends), proxy_header_v2(whole.ends)})
    APS_REQUIRE(read_proxy_header(text).ends == whole.ends);
  APS_REQUIRE(parse_proxied_ends(to_text(*whole.ends)) == whole.ends);
  return 0;
}
