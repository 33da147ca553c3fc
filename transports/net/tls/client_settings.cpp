#include "transports/net/tls/client_settings.hpp"

#include "config/syntax/expand.hpp"
#include "config/tls/certificates.hpp"
#include "transports/net/tls/trust.hpp"
#include "transports/seam/foreign_text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr size_t most_names = 5;

struct certificate_deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using certificate_ptr = std::unique_ptr<X509, certificate_deleter>;

std::string shown_names(X509* certificate) {
  const auto names = config::names_of(certificate);
  std::string out;
  for (size_t i = 0; i < std::min(names.size(), most_names); ++i)
    out += (i == 0 ? "" : ", ") + foreign_text(names[i], max_foreign_name);
  if (names.size() > most_names)
    out += " and " + std::to_string(names.size() - most_names) + " more";
  return out.empty() ? "no name" : out;
}

std::string issuer_of(X509* certificate) {
  return foreign_text(config::common_name(X509_get_issuer_name(certificate)),
                      max_foreign_name);
}

// What is wrong with a certificate, for the operator of the agent.
std::string verdict_of(X509_STORE_CTX* context, const std::string& wanted) {
  auto* own = X509_STORE_CTX_get0_cert(context);
  auto* current = X509_STORE_CTX_get_current_cert(context);
  if (!current)
    current = own;
  const std::string whose = X509_STORE_CTX_get_error_depth(context) == 0
                              ? "its certificate"
                              : "a certificate above its own";
  switch (const auto code = X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + " expired on "
             + config::date_of(X509_get0_notAfter(current));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + " is not valid before "
             + config::date_of(X509_get0_notBefore(current));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "its certificate is for " + shown_names(own) + ", not for "
             + wanted + " (-server-name says another name)";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "its certificate is signed by itself, and not trusted here (-ca "
             "trusts one)";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return whose + " is of " + issuer_of(current)
             + ", which is not trusted here (-ca trusts another authority)";
    case X509_V_ERR_INVALID_PURPOSE:
      return "its certificate is not one for servers";
    default: return whose + ": " + X509_verify_cert_error_string(code);
  }
}

// The node's alert, or what it is instead of a node with TLS.
std::string failure_of(const error_code& error) {
  if (error == asio::error::eof || error == asio::error::connection_reset
      || error == asio::ssl::error::stream_truncated)
    return "it closes the connection in the TLS handshake";
  if (error.category() != asio::error::get_ssl_category())
    return error.message();
  const auto code = static_cast<unsigned long>(error.value());
  switch (ERR_GET_REASON(code)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return "it does not speak TLS (dial without, or another port)";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "no version of TLS in common";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "no cipher in common, or it wants a certificate (-cert, -key)";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "it wants a certificate (-cert, -key)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "it does not know who issued our certificate (-cert)";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "it says that our certificate (-cert) expired";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "it does not take our certificate (-cert)";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return "it speaks TLS, but not this transport";
    default: {
      const auto* reason = ERR_reason_error_string(code);
      return reason ? reason : error.message();
    }
  }
}

std::string sha256_pin(X509* certificate) {
  unsigned char* der = nullptr;
  const auto size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0)
    return {};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  const bool ok = EVP_Digest(der, static_cast<size_t>(size), digest, &length,
                             EVP_sha256(), nullptr)
                  == 1;
  OPENSSL_free(der);
  if (!ok)
    return {};
  unsigned char text[64];
  const auto digits = EVP_EncodeBlock(text, digest, static_cast<int>(length));
  return "sha256/"
         + std::string(reinterpret_cast<const char*>(text),
                       static_cast<size_t>(digits));
}

} // namespace

client_settings::client_settings(client_tls_options options)
    : options_(std::move(options)),
      context_(make_client_context(options_.ca_file)) {
  if (!options_.cert_file.empty())
    show_certificate(context_, options_.cert_file, options_.key_file);
}

std::shared_ptr<std::string>
client_settings::prepare(byte_stream& stream, const std::string& host,
                         std::string_view protocol) const {
  auto verdict = std::make_shared<std::string>();
  auto& tls = stream.add_tls(context_);
  auto* ssl = tls.native_handle();
  const auto& name = options_.server_name.empty() ? host : options_.server_name;
  expect_peer(ssl, name);
  auto alpn = std::string(1, static_cast<char>(protocol.size()));
  alpn += protocol;
  SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(alpn.data()),
                      static_cast<unsigned>(alpn.size()));
  if (options_.insecure)
    return verdict;
  tls.verify([verdict, name](bool ok, X509_STORE_CTX* chain) {
    if (!ok && verdict->empty())
      *verdict = verdict_of(chain, name);
    return ok;
  });
  return verdict;
}

std::string client_settings::trouble(byte_stream& stream,
                                     const error_code& error,
                                     const std::string& verdict) const {
  if (error)
    return "TLS: " + (verdict.empty() ? failure_of(error) : verdict);
  if (!options_.pins.empty() && !has_pin(stream))
    return "TLS: its public key is none of those of -pin";
  return {};
}

bool client_settings::has_pin(byte_stream& stream) const {
  const certificate_ptr own{
    SSL_get1_peer_certificate(stream.tls().native_handle())};
  if (!own)
    return false;
  const auto pin = sha256_pin(own.get());
  return std::find(options_.pins.begin(), options_.pins.end(), pin)
         != options_.pins.end();
}

} // namespace aps
