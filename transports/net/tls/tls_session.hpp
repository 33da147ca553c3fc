#pragma once

#include "transports/net/byte_stream.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <boost/system/error_code.hpp>

#include <string>

namespace aps {

/// What both sides agreed on, after the handshake; null = the stream is plain.
tls_facts_ptr tls_facts_of(byte_stream& stream);

/// Why a client's handshake failed, for the operator of the server: no more
/// than a few words, none of them the client's. Empty = it only went away.
std::string handshake_failure(const boost::system::error_code& error);

} // namespace aps
