#pragma once

#include "transports/listener.hpp"

#include <memory>

namespace aps {

/// Opens the port of a mapping of datagrams (`listen_options::stream`). All its
/// sessions live on one unit. `listener::sessions` is 0 always: none of them
/// has an end that a stop could wait for. Throws std::system_error naming
/// address and reason.
std::unique_ptr<listener> open_datagram_port(io_units& units,
                                             const listen_options& options,
                                             front_ptr to);

} // namespace aps
