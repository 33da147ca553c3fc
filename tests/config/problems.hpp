#pragma once

// Tables of texts and the problems they must have. Include after
// tests/support/test.hpp.

#include "config/config.hpp"

namespace aps::config {

inline problems wrong(std::string_view text) {
  auto parsed = parse(text);
  if (auto* list = std::get_if<problems>(&parsed))
    return *list;
  return {};
}

inline std::string all(const problems& list) {
  std::string result;
  for (const auto& one : list)
    result += one.str() + "\n";
  return result;
}

struct row {
  std::string text;
  problem expected;
};

/// Each text has exactly its one problem.
inline void check(const std::vector<row>& rows) {
  for (const auto& [text, expected] : rows) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(all(wrong(text)), expected.str() + "\n");
  }
}

/// A configuration with these tunnels, mappings and so on behind its server.
inline std::string with(const std::string& more) {
  return R"({"servers": {"main": 8080}, )" + more + "}";
}

inline std::string with_tunnel(const std::string& more) {
  return with(R"("tunnels": {"t": {"password": "p", )" + more + "}}");
}

inline std::string with_mapping(const std::string& mapping) {
  return with(R"("tunnels": {"tunnel1": {"password": "p"}}, "mappings": [)"
              + mapping + "]");
}

inline const std::string url_rule
  = "an absolute URL: http or https://host[:port][/path], tcp or "
    "udp://[address]:port, tls or connect://host:port";

inline const std::string target_rule
  = "an absolute URL: http, https or h2c://host[:port][/path], "
    "tcp or udp://host:port, or unix:/path";

} // namespace aps::config
