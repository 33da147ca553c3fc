#pragma once

#include "config/config.hpp"
#include "config/syntax/reader.hpp"

/// What holds for mappings of streams alone.
namespace aps::config {

/// What of a mapping that was read makes no sense for a stream, or with its
/// two addresses together.
void check_stream(reader& in, mapping& to);

/// Whether tunnels of mappings of raw streams ask visitors for nothing that
/// those cannot show.
void check_stream_tunnels(const node& all, problems& out);

/// Whether what the node connects to itself leads back to a port of its own.
/// What agents connect to is left to limits: theirs are other machines.
void check_stream_loops(const node& all, problems& out);

} // namespace aps::config
