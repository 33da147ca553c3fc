#include "config/routing/idn.hpp"

#include <idn2.h>

#include <algorithm>

namespace aps::config {

std::string ascii_host(std::string_view host) {
  if (std::all_of(host.begin(), host.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string{host};
  if (host.find('\0') != host.npos)
    return {};
  char* made = nullptr;
  const auto code = idn2_to_ascii_8z(std::string{host}.c_str(), &made,
                                     IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (code != IDN2_OK)
    return {};
  std::string out{made};
  idn2_free(made);
  return out;
}

} // namespace aps::config
