#include "transports/net/tls/trust.hpp"

#include "config/syntax/file.hpp"

#include <boost/asio/buffer.hpp>

#include <stdexcept>
#include <system_error>

namespace aps {

namespace asio = boost::asio;

namespace {

constexpr size_t max_trusted_bytes = 16 << 20;

} // namespace

void trust_file(asio::ssl::context& context, const std::string& file) {
  const auto refuse = [&](const std::string& why) {
    throw std::runtime_error("cannot read certificates from "
                             + config::shown_name(file) + ": " + why);
  };
  std::error_code trouble;
  const auto certificates
    = config::read_bytes(file, max_trusted_bytes, trouble);
  if (trouble == std::errc::interrupted)
    refuse(config::silent_file);
  if (trouble == std::errc::file_too_large)
    refuse("more than " + std::to_string(max_trusted_bytes) + " bytes");
  if (trouble)
    refuse(trouble.message());
  if (certificates.find("-----BEGIN ") == certificates.npos)
    refuse("it has no certificate in PEM");
  boost::system::error_code error;
  context.add_certificate_authority(asio::buffer(certificates), error);
  if (error)
    refuse(error.message());
}

} // namespace aps
