#include "transports/tunnel/peer_probe.hpp"

#include "config/host.hpp"
#include "transports/tunnel/dial_by_name.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds patience{3};

constexpr std::string_view which_port = "is that the port of `servers`?";

std::string no_node(std::string_view why) {
  return std::string{"no APS node: "}.append(why).append("; ").append(
    which_port);
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  });
  return result;
}

peer_finding describe_http(std::string_view answer) {
  const auto end = answer.find("\r\n\r\n");
  const auto head = lower(answer.substr(0, end));
  if (answer.find(probe_request::wants_tls) != answer.npos)
    return {"a port that speaks TLS; dial it with -tls, or as https://", true};
  if (head.find("\r\naps-outcome:") != head.npos) {
    if (end == answer.npos
        || !answer.substr(end).ends_with(probe_request::no_agents))
      return {};
    return {"a node's listener that takes no agents; give another port of "
            "`servers`",
            true};
  }
  if (answer.find("; this is an agent, which") != answer.npos)
    return {"the status listener of an agent; give a port of `servers`", true};
  if (answer.find("no such resource: " + std::string(probe_request::target))
      != answer.npos)
    return {"the admin listener of a node; give a port of `servers`", true};
  if (answer.find("HTTP request was sent to HTTPS") != answer.npos)
    return {no_node("it speaks TLS")};
  const auto status = answer.substr(std::min<size_t>(9, answer.size()), 3);
  return {no_node("HTTP " + std::string(status) + " to a tunnel request")};
}

/// One look at a peer. Lives in its handlers; answers once.
class peer_look : public std::enable_shared_from_this<peer_look> {
 public:
  peer_look(io_unit& unit, std::string host, uint16_t port,
            std::function<void(peer_finding)> done)
      : unit_(unit), host_(std::move(host)), port_(port),
        name_(config::authority(host_, port_)), done_(std::move(done)),
        deadline_(unit.context()), stream_(unit.context()) {
    request_.append("GET ").append(probe_request::target)
      .append(" HTTP/1.1\r\nHost: ").append(name_)
      .append("\r\nUser-Agent: ").append(probe_request::user_agent)
      .append("\r\nConnection: close\r\n\r\n");
  }

  void start() {
    if (!done_)
      return;
    deadline_.expires_after(patience);
    deadline_.async_wait(
      guard(unit_, shared_from_this(),
            [](const auto& me, const error_code& error) {
              if (!error)
                me->on_deadline();
            }));
    dial_by_name(unit_, shared_from_this(), stream_, host_, port_);
  }

  bool is_over() const noexcept { return !done_; }

  void on_connected(const error_code& error) {
    if (error)
      finish({});
    else
      ask();
  }

  /// Not wanted any more.
  void cancel() {
    dispatch(unit_, guard(unit_, shared_from_this(),
                          [](const auto& me) { me->finish({}); }));
  }

  void on_exception(const std::string&) { finish({}); }

 private:
  void ask() {
    if (!done_)
      return;
    connected_ = true;
    asio::async_write(
      stream_, asio::buffer(request_),
      guard(unit_, shared_from_this(),
            [](const auto& me, const error_code&, size_t) { me->read(); }));
  }

  // What fits into one buffer is enough to tell.
  void read() {
    if (!done_)
      return;
    stream_.async_read_some(
      asio::buffer(answer_.data() + size_, answer_.size() - size_),
      guard(unit_, shared_from_this(),
            [](const auto& me, const error_code& error, size_t bytes) {
              me->size_ += bytes;
              if (error || me->size_ == me->answer_.size()
                  || !me->answer().starts_with("HTTP/1."))
                me->tell();
              else
                me->read();
            }));
  }

  std::string_view answer() const { return {answer_.data(), size_}; }

  void tell() {
    auto found = describe_peer(answer());
    if (!found.text.empty())
      found.text = name_ + " is " + found.text;
    finish(found);
  }

  void on_deadline() {
    if (size_ > 0)
      return tell();
    finish({connected_ ? name_ + " accepts connections and says nothing; "
                           + std::string(which_port)
                       : ""});
  }

  void finish(const peer_finding& found) {
    const auto done = std::exchange(done_, nullptr);
    if (!done)
      return;
    deadline_.cancel();
    stream_.close();
    done(found);
  }

  io_unit& unit_;
  const std::string host_;
  const uint16_t port_;
  const std::string name_;
  std::string request_;
  std::function<void(peer_finding)> done_;
  asio::steady_timer deadline_;
  byte_stream stream_;
  std::array<char, 4096> answer_;
  size_t size_ = 0;
  bool connected_ = false;
};

} // namespace

peer_finding describe_peer(std::string_view answer) {
  using namespace std::literals;
  if (answer.starts_with("HTTP/1."))
    return describe_http(answer);
  if (answer.starts_with("SSH-"))
    return {no_node("it speaks SSH")};
  // An alert (RFC 8446, 5.1) about what was no hello.
  if (answer.starts_with("\x15\x03"sv))
    return {no_node("it speaks TLS")};
  // SETTINGS (RFC 9113, 6.5) come first.
  if (answer.size() > 4 && answer[3] == 4)
    return {no_node("it speaks HTTP/2 only")};
  if (!answer.empty())
    return {no_node("it speaks no HTTP")};
  return {};
}

void probe_peer(executor& unit, const std::string& host, uint16_t port,
                const std::shared_ptr<live_set>& scope,
                std::function<void(peer_finding)> done) {
  const auto look = std::make_shared<peer_look>(
    static_cast<io_unit&>(unit), host, port, std::move(done));
  if (scope)
    scope->add<peer_look>(look, [](peer_look& one) { one.cancel(); });
  dispatch(unit, guard(static_cast<io_unit&>(unit), look,
                       [](const auto& me) { me->start(); }));
}

} // namespace aps
