#pragma once

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace aps {

/// Has `context` trust the certificates of a file in PEM. Throws
/// std::runtime_error naming the file and what is wrong with it.
void trust_file(boost::asio::ssl::context& context, const std::string& file);

} // namespace aps
