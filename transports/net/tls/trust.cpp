#include "transports/net/tls/trust.hpp"

#include "config/syntax/expand.hpp"
#include "config/syntax/file.hpp"
#include "config/tls/certificates.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

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

asio::ssl::context make_client_context(const std::string& ca_file) {
  asio::ssl::context out{asio::ssl::context::tls_client};
  auto* ctx = out.native_handle();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  boost::system::error_code ignored;
  if (ca_file.empty())
    out.set_default_verify_paths(ignored);
  else
    trust_file(out, ca_file);
  return out;
}

void show_certificate(asio::ssl::context& context, const std::string& cert_file,
                      const std::string& key_file, std::string_view prefix) {
  const config::certificate files{cert_file, key_file};
  auto read = config::read_certificate(files, config::system_source(),
                                       config::seconds_now(),
                                       config::certificate_use::client);
  if (const auto* wrong = std::get_if<config::problem>(&read))
    throw std::runtime_error("cannot use " + wrong->found + " as "
                             + std::string{prefix} + wrong->path.substr(2)
                             + ", it takes " + wrong->allowed);
  const auto& pair = std::get<config::certificate_pair>(read);
  boost::system::error_code error;
  context.use_certificate_chain(asio::buffer(pair.chain), error);
  if (!error)
    context.use_private_key(asio::buffer(pair.key), asio::ssl::context::pem,
                            error);
  if (error)
    throw std::runtime_error("cannot use " + config::shown_name(cert_file)
                             + ": " + error.message());
}

void expect_peer(SSL* ssl, const std::string& name) {
  auto* wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  boost::system::error_code no_address;
  asio::ip::make_address(name, no_address);
  if (no_address) {
    SSL_set_tlsext_host_name(ssl, name.c_str());
    X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size());
  } else { // no addresses in SNI
    X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str());
  }
}

} // namespace aps
