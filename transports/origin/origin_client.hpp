#pragma once

#include "transports/seam/origins.hpp"

#include <memory>

namespace aps {

/// The origin client over real sockets (HTTP/1.1, http and https). Units
/// passed to `serve` must be io_units, and must outlive the client. Throws
/// std::runtime_error when `options.ca_file` cannot be read.
std::shared_ptr<origin_client>
make_origin_client(const origin_options& options);

} // namespace aps
