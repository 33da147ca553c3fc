#include "tools/apsctl/client.hpp"

#include "tools/apsctl/event_parser.hpp"
#include "tools/apsctl/render.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

namespace aps::ctl {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using nlohmann::json;

constexpr auto answer_timeout = std::chrono::seconds(15);
/// The node sends at least a comment every 10 seconds.
constexpr auto silence_timeout = std::chrono::seconds(30);
/// What is remembered comes faster than that.
constexpr auto quiet_timeout = std::chrono::seconds(1);
constexpr uint64_t max_answer = 256 * 1024 * 1024;

/// A connection whose operations wait for their end, but not for ever:
/// only asynchronous operations of Beast have timeouts.
class waiting_stream {
 public:
  explicit waiting_stream(std::chrono::seconds timeout)
      : stream_(io_), timeout_(timeout) {}

  void set_timeout(std::chrono::seconds timeout) { timeout_ = timeout; }

  /// Calls `start(stream, handler)` and runs until the handler was called.
  template <class Start>
  beast::error_code run(Start start) {
    beast::error_code result;
    stream_.expires_after(timeout_);
    start(stream_,
          [&result](beast::error_code error, auto&&...) { result = error; });
    io_.restart();
    io_.run();
    return result;
  }

  beast::error_code connect(const cli::address& peer) {
    if (cli::is_socket(peer.host))
      return connect_unix(peer.host.substr(peer.host.find('/')));
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io_);
    const auto found
      = resolver.resolve(peer.host, std::to_string(peer.port), error);
    if (error)
      return error;
    return run([&](auto& stream, auto handler) {
      stream.async_connect(found, std::move(handler));
    });
  }

  beast::error_code write(http::request<http::string_body>& request) {
    return run([&](auto& stream, auto handler) {
      http::async_write(stream, request, std::move(handler));
    });
  }

 private:
  /// Its address family is nobody's business behind that.
  beast::error_code connect_unix(const std::string& path) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path.size() >= sizeof(to.sun_path))
      return asio::error::name_too_long;
    std::memcpy(to.sun_path, path.data(), path.size());
    const auto number = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    beast::error_code error;
    if (number >= 0
        && ::connect(number, reinterpret_cast<const sockaddr*>(&to), sizeof(to))
             == 0)
      stream_.socket().assign(asio::ip::tcp::v4(), number, error);
    else
      error = {errno, asio::error::get_system_category()};
    if (error && number >= 0)
      ::close(number);
    return error;
  }

  asio::io_context io_;
  beast::tcp_stream stream_;
  std::chrono::seconds timeout_;
};

http::request<http::string_body> make_request(const std::string& method,
                                              const std::string& path,
                                              const std::string& host,
                                              const std::string& token) {
  http::request<http::string_body> request{http::string_to_verb(method),
                                           "/.api/" + path, 11};
  request.set(http::field::host, cli::is_socket(host) ? "localhost" : host);
  request.set(http::field::user_agent, "apsctl");
  if (!token.empty())
    request.set(http::field::authorization, "Bearer " + token);
  return request;
}

constexpr auto not_admin = "is no admin listener of a node; give host and port "
                           "of `admin` in its configuration";

/// What an answer other than 200 says; `token` = one was sent along.
std::string problem_of(unsigned status, const http::fields& head,
                       const std::string& body, bool token) {
  if (status == 401)
    return token ? "401: the token is wrong; see admin.token of the node, or "
                   "-status-token-file of the agent"
                 : "401: a token is needed: -token-file FILE, or the variable "
                   "APS_ADMIN_TOKEN";
  const auto parsed = json::parse(body, nullptr, false);
  const auto foreign = head.find("Aps-Outcome") != head.end();
  if (parsed.is_object() && parsed.contains("agent"))
    return only_an_agent;
  if (foreign || !parsed.is_object() || !parsed.contains("error"))
    return std::string(not_admin) + (foreign ? " (it serves visitors)" : "");
  constexpr size_t width = 100;
  const auto& error = parsed["error"];
  auto text = std::to_string(status) + ": "
              + clipped(printable(error.is_string() ? error.get<std::string>()
                                                    : error.dump()),
                        100);
  if (const auto allowed = parsed.find("allowed"); allowed != parsed.end())
    text += known_words(*allowed, width - std::min(width, text.size()));
  return text;
}

/// Why there is no connection.
std::string problem_of_connect(const beast::error_code& error) {
  return error.message()
         + (error == asio::error::connection_refused
              ? " (does a node's `admin` listen there?)"
              : "");
}

/// Why the bytes of an answer are none.
std::string problem_of(const beast::error_code& error) {
  if (error == beast::error::timeout)
    return "says nothing; is that the port of `admin`?";
  static const auto& category
    = http::make_error_code(http::error::end_of_stream).category();
  if (error.category() != category)
    return error.message();
  return error == http::error::end_of_stream
           ? "closed the connection without an answer; is that the port of "
             "`admin`?"
           : std::string(not_admin) + " (it speaks no HTTP)";
}

/// The body of a short answer, as far as it comes.
std::string rest_of(waiting_stream& stream, beast::flat_buffer& buffer,
                    http::response_parser<http::buffer_body>& parser) {
  constexpr size_t most = 65536;
  std::string result(most, '\0');
  auto& body = parser.get().body();
  body.data = result.data();
  body.size = result.size();
  stream.run([&](auto& connection, auto handler) {
    http::async_read(connection, buffer, parser, std::move(handler));
  });
  result.resize(most - body.size);
  return result;
}

} // namespace

client::client(cli::address peer, std::string token)
    : peer_(std::move(peer)), name_(cli::to_string(peer_)),
      token_(std::move(token)) {}

void client::fail(std::string_view text) const {
  throw failure(name_
                + (text.starts_with("is ") || text.starts_with("says ")
                       || text.starts_with("closed ")
                     ? " "
                     : ": ")
                + std::string(text));
}

json client::ask(const std::string& method, const std::string& path,
                 const std::string& body, bool unready_is_fine) const {
  waiting_stream stream(answer_timeout);
  auto request = make_request(method, path, name_, token_);
  if (method == "POST") {
    request.set(http::field::content_type, "application/json");
    request.body() = body;
  }
  request.keep_alive(false);
  request.prepare_payload();
  if (const auto error = stream.connect(peer_))
    fail(problem_of_connect(error));
  if (const auto error = stream.write(request))
    fail(error.message());
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(max_answer);
  const auto error = stream.run([&](auto& connection, auto handler) {
    http::async_read(connection, buffer, parser, std::move(handler));
  });
  if (error)
    fail(problem_of(error));
  const auto& answer = parser.get();
  const auto status = answer.result_int();
  auto result = json::parse(answer.body(), nullptr, false);
  const auto unready = unready_is_fine && status == 503
                       && result.is_object() && result.contains("ready");
  if (status != 200 && !unready)
    fail(problem_of(status, answer, answer.body(), !token_.empty()));
  if (!result.is_object())
    fail(not_admin);
  return result;
}

json client::get(const std::string& path) const {
  return ask("GET", path, "", false);
}

json client::get_ready() const {
  return ask("GET", "ready", "", true);
}

json client::post(const std::string& path, const json& body) const {
  return ask("POST", path, body.dump(), false);
}

void client::stream(
  const std::string& path, const std::string& last_event_id, until when,
  const std::function<bool(const message&)>& on_message) const {
  waiting_stream stream(silence_timeout);
  auto request = make_request("GET", path, name_, token_);
  request.set(http::field::accept, "text/event-stream");
  if (!last_event_id.empty())
    request.set("Last-Event-ID", last_event_id);
  if (const auto error = stream.connect(peer_))
    fail(problem_of_connect(error));
  if (const auto error = stream.write(request))
    fail(error.message());
  beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  auto error = stream.run([&](auto& connection, auto handler) {
    http::async_read_header(connection, buffer, parser, std::move(handler));
  });
  if (error)
    fail(problem_of(error));
  if (const auto status = parser.get().result_int(); status != 200)
    fail(problem_of(status, parser.get(), rest_of(stream, buffer, parser),
                    !token_.empty()));
  if (when == until::quiet)
    stream.set_timeout(quiet_timeout);
  event_parser events;
  std::array<char, 16384> piece;
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = piece.data();
    body.size = piece.size();
    error = stream.run([&](auto& connection, auto handler) {
      http::async_read_some(connection, buffer, parser, std::move(handler));
    });
    if (error == http::error::need_buffer)
      error = {};
    const std::string_view got(piece.data(), piece.size() - body.size);
    if (!events.feed(got, on_message))
      return;
    if (error == beast::error::timeout && when == until::quiet)
      return;
    if (error && error != http::error::end_of_stream)
      fail(error.message());
  }
  fail("the node ended the event stream");
}

std::string encoded(std::string_view text) {
  static constexpr std::string_view plain
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const auto letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (plain.find(letter) != plain.npos)
      result += letter;
    else
      result += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

} // namespace aps::ctl
