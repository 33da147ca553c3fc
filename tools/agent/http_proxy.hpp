#pragma once

#include "config/networks.hpp"
#include "transports/seam/network.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// What stands for no proxy at all.
constexpr std::string_view no_proxy = "none";

/// Reads [http://][USER:PASSWORD@]HOST[:PORT], port 80 if left out; user and
/// password percent-encoded where they have to be. Nothing on failure; `error`
/// says why without what may be secret, in words that go behind the name.
std::optional<http_proxy> parse_http_proxy(std::string_view text,
                                           std::string& error);

/// Who is reached without a proxy, as NO_PROXY lists them by custom: names,
/// with all below them (a dot or "*." in front changes nothing), addresses,
/// networks, each with ":port" if one port is meant; "*" for everybody; commas
/// or blanks between them. Loopback always is. Entries that are none of it are
/// left out.
class proxy_exceptions {
 public:
  explicit proxy_exceptions(std::string_view list);

  /// `host`: a name or an IP address without brackets.
  bool contain(std::string_view host, uint16_t port) const;

 private:
  struct named_host {
    std::string name;  ///< canonical
    uint16_t port = 0; ///< 0 = any
  };

  void add_host(std::string_view word);

  bool all_ = false;
  config::network_set networks_;
  std::vector<named_host> hosts_;
};

} // namespace aps
