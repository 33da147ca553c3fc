#pragma once

#include "transports/seam/frame.hpp"

#include "aps/tunnel/v1/tunnel.pb.h"

#include <random>

namespace aps::test {

namespace pb = ::aps::tunnel::v1;

/// The same frame in Protobuf's own classes.
pb::Frame to_proto(const frame& what);
pb::Batch to_proto(const frame_batch& frames);

/// One frame of each kind with every field set.
frame_batch full_frames();

/// One frame of each kind with every field at its wire default.
frame_batch bare_frames();

/// `n` frames of random kinds with random contents.
frame_batch random_frames(std::mt19937& random, size_t n);

/// What the codec writes, in one piece.
std::string encode_flat(const frame_batch& frames);

} // namespace aps::test
