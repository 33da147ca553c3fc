#pragma once

#include <boost/asio/ssl/context.hpp>

#include <openssl/types.h>

#include <string>
#include <string_view>

namespace aps {

/// Has `context` trust the certificates of a file in PEM. Throws
/// std::runtime_error naming the file and what is wrong with it.
void trust_file(boost::asio::ssl::context& context, const std::string& file);

/// For connections that we begin: from TLS 1.2 on, and trusting the authorities
/// of a file, or those of the system where it is empty. Throws as `trust_file`.
boost::asio::ssl::context make_client_context(const std::string& ca_file);

/// Has `context` show the certificate of a client, files in PEM. Throws
/// std::runtime_error naming the file, as `prefix`cert or `prefix`key.
void show_certificate(boost::asio::ssl::context& context,
                      const std::string& cert_file, const std::string& key_file,
                      std::string_view prefix = {});

/// Asks for the certificate of `name` (SNI, RFC 6066, 3), which is a host's or
/// an address. One that is for others does not count, where any is verified.
void expect_peer(SSL* ssl, const std::string& name);

} // namespace aps
