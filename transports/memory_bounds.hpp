#pragma once

#include "transports/seam/foreign_text.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/slice.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <cstddef>

/// What one peer can make us keep at most, in bytes, as sums of the limits
/// that hold it. The table of transports/README.md says the same; its test
/// adds them up. Buffers of the kernel and of TLS come on top.
namespace aps::memory {

/// A message on its way through the decoder.
inline constexpr size_t message = 4 * 1024 * 1024;
inline constexpr size_t message_frames = 16 * 1024;
inline constexpr size_t message_headers = 64 * 1024;

/// What a stranger may send, and the smallest frame there is.
inline constexpr size_t stranger_message = 64 * 1024;
inline constexpr size_t smallest_frame = 4;

/// A message and the frames that it becomes; texts are inside of it once more.
constexpr size_t decoded(size_t bytes, size_t frames, size_t headers) {
  return 2 * bytes + frames * sizeof(frame) + headers * sizeof(header);
}

/// Frames that wait until the peer reads; the lightest weighs 32.
inline constexpr size_t answers = max_waiting_answers / 32 * sizeof(frame);

/// A connection that proved nothing yet, node side: its one message.
inline constexpr size_t stranger
  = decoded(stranger_message, stranger_message / smallest_frame, 0);

/// An admitted connection, without its exchanges: one message in, answers.
inline constexpr size_t connection
  = decoded(message, message_frames, message_headers) + answers;

/// The head of an exchange: its texts, its fields.
inline constexpr size_t head = 2 * max_head_bytes
                               + max_head_fields * sizeof(header);

/// What a record keeps: host, path, detail, names.
inline constexpr size_t record = 4 * max_foreign_text + 8 * max_foreign_name;

/// So many bytes of a body that were read from a socket: the blocks are used up
/// to their tails, and of the first one a byte may be left.
constexpr size_t read_bytes(size_t window) {
  return 2 * window;
}

/// So many bytes of a body that came in messages of the other side, which
/// decides what else is in them.
constexpr size_t received_bytes(size_t window) {
  return max_kept_per_byte * window;
}

/// One exchange in the node: both heads, what the agent did not confirm of
/// the request, what the visitor did not take of the answer, interim heads.
constexpr size_t node_exchange(size_t exchange_window) {
  return 2 * head + read_bytes(max_window) + received_bytes(exchange_window)
         + max_interim_bytes + record;
}

/// The same in the agent: what the node did not confirm of the answer, what
/// the target did not take of the request.
inline constexpr size_t agent_exchange
  = 2 * head + read_bytes(max_response_window) + received_bytes(max_window)
    + max_interim_bytes;

/// What the windows of all exchanges of a node or an agent grew by.
inline constexpr size_t grown_windows = received_bytes(most_window_growth);

/// A connection of an agent: the same as the node's, and frames whose
/// exchanges are not there yet.
inline constexpr size_t agent_connection = connection + max_early_bytes;

} // namespace aps::memory
