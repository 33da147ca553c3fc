#include "transports/net/tls/tls_session.hpp"

#include "config/tls/certificates.hpp"
#include "transports/seam/foreign_text.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>

namespace aps {

namespace asio = boost::asio;

namespace {

constexpr size_t longest_host = 255;
constexpr std::string_view exporter_label = "EXPORTER-Channel-Binding";

struct failure_row {
  int reason;
  const char* sentence;
};

constexpr std::array failure_table{
  failure_row{SSL_R_UNSUPPORTED_PROTOCOL,
              "no version in common: it offers none that is allowed here"},
  failure_row{SSL_R_VERSION_TOO_LOW,
              "no version in common: it offers none that is allowed here"},
  failure_row{SSL_R_NO_SHARED_CIPHER, "no cipher in common"},
  failure_row{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
              "no signature algorithm in common"},
  failure_row{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
              "no signature algorithm in common"},
  failure_row{SSL_R_NO_SUITABLE_KEY_SHARE, "no key exchange in common"},
  failure_row{SSL_R_NO_SHARED_GROUPS, "no key exchange in common"},
  failure_row{SSL_R_NO_APPLICATION_PROTOCOL,
              "no protocol in common: its ALPN has neither http/1.1 nor h2"},
  failure_row{SSL_R_WRONG_VERSION_NUMBER, "it does not speak TLS"},
  failure_row{SSL_R_HTTP_REQUEST, "it does not speak TLS"},
  failure_row{SSL_R_HTTPS_PROXY_REQUEST, "it does not speak TLS"},
  failure_row{SSL_R_UNEXPECTED_MESSAGE, "a message out of order"},
  failure_row{SSL_R_BAD_RECORD_TYPE, "it does not speak TLS"},
  failure_row{SSL_R_RENEGOTIATION_ENCODING_ERR, "it renegotiates"},
  failure_row{SSL_R_NO_RENEGOTIATION, "it renegotiates"},
  failure_row{SSL_R_TLSV1_ALERT_UNKNOWN_CA,
              "it does not know who issued our certificate"},
  failure_row{SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
              "it does not take our certificate"},
  failure_row{SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
              "it does not take our certificate"},
  failure_row{SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
              "it says that our certificate expired"},
  failure_row{SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
              "no version in common: it wants another one"},
  failure_row{SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
              "it wants other ciphers, or another certificate"},
  failure_row{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
              "it shows no certificate"},
  failure_row{SSL_R_CERTIFICATE_VERIFY_FAILED,
              "its certificate is none that counts here"},
};

struct x509_deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

// In whatever alphabet it is written; one that has controls is none, as others
// may end it there.
std::string common_name(const X509_NAME* subject) {
  const auto at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0)
    return {};
  unsigned char* text = nullptr;
  const auto size = ASN1_STRING_to_UTF8(
    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) {
    ERR_clear_error();
    return {};
  }
  std::string out{reinterpret_cast<const char*>(text),
                  static_cast<size_t>(size)};
  OPENSSL_free(text);
  const bool clean = std::none_of(out.begin(), out.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return clean ? out : std::string{};
}

void add_client(SSL* ssl, tls_facts& to) {
  const std::unique_ptr<X509, x509_deleter> certificate{
    SSL_get1_peer_certificate(ssl)};
  if (!certificate)
    return;
  auto* subject = X509_get_subject_name(certificate.get());
  char text[512];
  X509_NAME_oneline(subject, text, sizeof text);
  to.subject = foreign_text(text, sizeof text);
  to.client_names = config::names_of(certificate.get());
  if (auto name = common_name(subject); !name.empty())
    to.client_names.push_back(std::move(name));
}

// TLS 1.2 without the extended master secret does not tell two connections
// with one secret apart (RFC 9266, 4.2).
std::string channel_binding_of(SSL* ssl) {
  if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
    return {};
  std::string out(32, '\0');
  const unsigned char nothing = 0;
  if (SSL_export_keying_material(
        ssl, reinterpret_cast<unsigned char*>(out.data()), out.size(),
        exporter_label.data(), exporter_label.size(), &nothing, 0, 1)
      != 1) {
    ERR_clear_error();
    return {};
  }
  return out;
}

} // namespace

tls_facts_ptr tls_facts_of(byte_stream& stream) {
  if (!stream.secure())
    return nullptr;
  auto* ssl = stream.tls().native_handle();
  auto out = std::make_shared<tls_facts>();
  out->version = SSL_get_version(ssl);
  if (const auto* name = SSL_get_cipher_name(ssl))
    out->cipher = name;
  if (const auto* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
    out->server_name = foreign_text(name, longest_host);
  if (SSL_is_server(ssl))
    add_client(ssl, *out);
  out->binding = channel_binding_of(ssl);
  return out;
}

std::string handshake_failure(const boost::system::error_code& error) {
  if (error == asio::error::eof || error == asio::error::connection_reset
      || error == asio::error::broken_pipe
      || error == asio::error::operation_aborted
      || error == asio::ssl::error::stream_truncated)
    return {};
  if (error.category() != asio::error::get_ssl_category())
    return error.message();
  const auto reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  for (const auto& row : failure_table)
    if (row.reason == reason)
      return row.sentence;
  const auto* text
    = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
  return text ? text : error.message();
}

} // namespace aps
