#define CAF_SUITE memory

#include "transports/memory_bounds.hpp"

#include "transports/seam/exchange/windows.hpp"
#include "transports/wire/codec.hpp"
#include "transports/wire/wire_limits.hpp"

#include "tests/support/test.hpp"

using namespace aps;

namespace {

constexpr size_t mebibyte = 1024 * 1024;

} // namespace

// The figures of transports/README.md, "What one peer can make us keep".
CAF_TEST(what_one_peer_can_hold_is_a_sum_of_limits) {
  CAF_CHECK_LESS_OR_EQUAL(memory::stranger, 4 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::connection, 24 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::node_exchange(default_window),
                          5 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::node_exchange(max_response_window),
                          19 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::agent_exchange, 12 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::agent_connection, 32 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::grown_windows, 256 * mebibyte);
  CAF_CHECK_LESS_OR_EQUAL(memory::record, 6 * 1024u);
}

CAF_TEST(the_sums_use_the_limits_that_are_enforced) {
  CAF_CHECK_EQUAL(memory::message, max_message_bytes);
  CAF_CHECK_EQUAL(memory::message_frames, wire::batch_frames.most);
  CAF_CHECK_EQUAL(memory::message_headers, wire::batch_headers.most);
  CAF_CHECK_EQUAL(memory::stranger_message, unauthenticated_bytes);
  // No answer weighs less, so none is counted for less than it takes.
  for (const frame& answer :
       {frame{0, pong_frame{}}, frame{1, ack_frame{}}, frame{1, reset_frame{}},
        frame{1, resumed_frame{}}})
    CAF_CHECK_GREATER_OR_EQUAL(answer.weight(), 32u);
}

CAF_TEST(limits_do_not_contradict_each_other) {
  // A visitor's request fits into a frame, together with what we add.
  CAF_CHECK_LESS(max_visitor_fields, max_head_fields);
  CAF_CHECK_LESS(max_visitor_head_bytes, max_head_bytes);
  // A frame with the largest head or payload fits into a message.
  CAF_CHECK_LESS(2 * max_head_bytes + max_head_fields * 16,
                 max_message_bytes);
  CAF_CHECK_LESS(max_payload_bytes, max_message_bytes);
  CAF_CHECK_LESS_OR_EQUAL(max_data_payload, max_payload_bytes);
  CAF_CHECK_LESS_OR_EQUAL(default_window, max_window);
  // What an honest node sends before the agent's first ack.
  CAF_CHECK_LESS_OR_EQUAL(initial_request_window, max_early_bytes);
}
