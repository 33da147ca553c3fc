#include "transports/tunnel/proxy_pass.hpp"

#include "config/host.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t most_head = 16 * 1024;

// A wrong login asked for again and again may lock an account.
constexpr std::chrono::seconds rest_of_login{30};

// What a proxy forbids it will not allow a moment later. What it cannot reach,
// 5xx, may be back at any time.
constexpr std::chrono::seconds rest_of_ban{5};

} // namespace

proxy_talk::proxy_talk(const http_proxy& proxy, const std::string& authority)
    : name_(config::authority(proxy.host, proxy.port)) {
  request_.append("CONNECT ")
    .append(authority)
    .append(" HTTP/1.1\r\nHost: ")
    .append(authority)
    .append("\r\n");
  if (!proxy.authorization.empty())
    request_.append("Proxy-Authorization: ")
      .append(proxy.authorization)
      .append("\r\n");
  request_ += "\r\n";
}

std::optional<proxy_answer> proxy_talk::on_byte(char byte) {
  answer_ += byte;
  const std::string_view start = "HTTP/1.";
  if (!std::string_view{answer_}
         .substr(0, start.size())
         .starts_with(start.substr(0, answer_.size())))
    return refuse("speaks no HTTP/1.1");
  if (answer_.size() > most_head)
    return refuse("has no end of its answer");
  if (!answer_.ends_with("\n\r\n") && !answer_.ends_with("\n\n"))
    return std::nullopt;
  // Something final follows (RFC 9110, 15.2).
  if (answer_.size() > 9 && answer_[9] == '1') {
    answer_.clear();
    return std::nullopt;
  }
  return verdict();
}

proxy_answer proxy_talk::verdict() const {
  const auto line
    = std::string_view{answer_}.substr(0, answer_.find_first_of("\r\n"));
  const auto status = line.substr(std::min<size_t>(9, line.size()));
  if (status.starts_with('2'))
    return {};
  if (status.empty())
    return refuse("answered without a status");
  const auto said = "answered " + foreign_text(status);
  if (status.starts_with("407"))
    return refuse(said + ": it asks for a user and a password, or for others",
                  rest_of_login);
  return refuse(said, status.starts_with('4') ? rest_of_ban : duration::zero());
}

} // namespace aps
