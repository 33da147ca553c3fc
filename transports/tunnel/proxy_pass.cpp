#include "transports/tunnel/proxy_pass.hpp"

#include "config/host.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t most_head = 16 * 1024;

} // namespace

proxy_talk::proxy_talk(const http_proxy& proxy, const std::string& authority)
    : name_(config::authority(proxy.host, proxy.port)) {
  request_.append("CONNECT ").append(authority).append(" HTTP/1.1\r\nHost: ")
    .append(authority).append("\r\n");
  if (!proxy.authorization.empty())
    request_.append("Proxy-Authorization: ").append(proxy.authorization)
      .append("\r\n");
  request_ += "\r\n";
}

std::optional<std::string> proxy_talk::on_byte(char byte) {
  answer_ += byte;
  const std::string_view start = "HTTP/1.";
  if (!std::string_view{answer_}.substr(0, start.size()).starts_with(
        start.substr(0, answer_.size())))
    return "the proxy " + name_ + " speaks no HTTP/1.1";
  if (answer_.size() > most_head)
    return "the proxy " + name_ + " has no end of its answer";
  if (!answer_.ends_with("\r\n\r\n") && !answer_.ends_with("\n\n"))
    return std::nullopt;
  // Something final follows (RFC 9110, 15.2).
  if (answer_.size() > 9 && answer_[9] == '1') {
    answer_.clear();
    return std::nullopt;
  }
  return verdict();
}

std::string proxy_talk::verdict() const {
  const auto line
    = std::string_view{answer_}.substr(0, answer_.find_first_of("\r\n"));
  const auto status = line.substr(std::min<size_t>(9, line.size()));
  if (status.starts_with('2'))
    return {};
  auto out = "the proxy " + name_ + " answered "
             + (status.empty() ? "without a status" : foreign_text(status));
  if (status.starts_with("407"))
    out += ": it asks for a user and a password, or for others";
  return out;
}

} // namespace aps
