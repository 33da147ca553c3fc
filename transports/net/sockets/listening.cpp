#include "transports/net/sockets/listening.hpp"

#include "config/host.hpp"
#include "transports/net/sockets/unix_socket.hpp"
#include "transports/seam/frame.hpp"

#include <cassert>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

constexpr int backlog = 4096;

std::string_view remedy_of(const error_code& error) {
  if (error == asio::error::address_in_use)
    return "; is another node or agent running?";
  if (error == asio::error::access_denied)
    return "; a port below 1024 takes CAP_NET_BIND_SERVICE";
  if (error == boost::system::errc::address_not_available)
    return "; no interface of this machine has this address";
  return {};
}

/// Says what to do behind what the system says.
class listen_failure : public std::system_error {
 public:
  listen_failure(const listen_options& options, const error_code& error)
      : std::system_error(error) {
    text_ = options.key + (options.key.empty() ? "" : ": ")
            + "cannot listen on "
            + (is_unix_authority(options.host)
                 ? options.host
                 : config::authority(options.host, options.port))
            + ": " + error.message() + std::string(remedy_of(error));
  }

  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

[[noreturn]] void fail_to_listen(const listen_options& options,
                                 const error_code& error) {
  throw listen_failure(options, error);
}

// The configuration takes addresses and "localhost", so nothing is looked up.
tcp::endpoint address_of(const listen_options& options) {
  error_code error;
  const auto address = asio::ip::make_address(
    options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error)
    fail_to_listen(options, error);
  return {address, options.port};
}

// A file as a port.
listening listen_at_file(const listen_options& options, const std::string& path,
                         tcp::acceptor& acceptor) {
  const int descriptor = unix_socket::listen(path, backlog);
  error_code error;
  if (descriptor < 0)
    error = {errno, asio::error::get_system_category()};
  else
    acceptor.assign(tcp::v4(), descriptor, error);
  if (error)
    fail_to_listen(options, error);
  return {descriptor, 0};
}

} // namespace

std::string socket_path_of(const listen_options& options) {
  return is_unix_authority(options.host)
           ? options.host.substr(unix_prefix.size())
           : std::string{};
}

listening listen_at(const listen_options& options, tcp::acceptor& acceptor) {
  assert(!acceptor.is_open());
  if (const auto path = socket_path_of(options); !path.empty())
    return listen_at_file(options, path, acceptor);
  const auto endpoint = address_of(options);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error)
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error)
    acceptor.bind(endpoint, error);
  if (!error)
    acceptor.listen(backlog, error);
  if (error)
    fail_to_listen(options, error);
  return {acceptor.native_handle(), acceptor.local_endpoint().port()};
}

} // namespace aps
