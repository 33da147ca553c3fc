#pragma once

#include "transports/seam/executor.hpp"
#include "transports/seam/frame.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aps {

// How a poll link speaks: HTTP/1.1 requests of the agent, each a POST with a
// Content-Length and an answer with one, on as many TCP connections as the
// network in between leaves alive. tunnel/README.md tells the whole protocol.

/// Opens a link; below it stand the requests of an open one.
inline constexpr std::string_view poll_path = "/.tunnel/poll";
inline constexpr std::string_view poll_down_path = "/.tunnel/poll/down";
inline constexpr std::string_view poll_up_path = "/.tunnel/poll/up";
inline constexpr std::string_view poll_close_path = "/.tunnel/poll/close";

/// The protocol that an agent asks for when it opens a link.
inline constexpr std::string_view poll_protocol_field = "Aps-Protocol";

/// 32 hexadecimal digits that name an open link and are known to nobody else.
inline constexpr std::string_view poll_token_field = "Aps-Token";

/// The number of the batch in the body; each direction counts from 1.
inline constexpr std::string_view poll_batch_field = "Aps-Batch";

/// The number of the last batch that the sender of this field received.
inline constexpr std::string_view poll_received_field = "Aps-Received";

/// How long the node may keep the request while it has no frames, ms.
inline constexpr std::string_view poll_hold_field = "Aps-Hold";

/// The link is over: a close code (link_errors.hpp). The body is the detail.
inline constexpr std::string_view poll_close_field = "Aps-Close";

/// How long an agent asks the node to keep its request, at first; after a
/// connection died meanwhile, less. The node keeps none longer than the limit.
inline constexpr std::chrono::seconds poll_hold{15};
inline constexpr std::chrono::seconds min_poll_hold{1};
inline constexpr std::chrono::seconds max_poll_hold{20};

/// A node gives up a link whose agent has no request there for so long; less
/// when the last one went away unanswered, because its agent should know.
inline constexpr std::chrono::seconds poll_visit_timeout{8};
inline constexpr std::chrono::seconds poll_return_timeout{4};

/// The detail of a closing, bytes.
inline constexpr size_t max_close_detail = 1024;

/// The close code that stands for no code at all (RFC 6455, 7.1.5).
inline constexpr uint16_t abnormal_closure = 1006;

/// Statuses by which the node tells an agent more than that it failed.
inline constexpr uint16_t poll_conflict = 409; ///< a later request took over
inline constexpr uint16_t poll_gone = 410;     ///< no such link any more

/// A field with a number, as all of the above but the token have one.
inline header poll_number(std::string_view field, uint64_t number) {
  return {std::string{field}, std::to_string(number)};
}

/// What a request below `/.tunnel/poll/` asks of its link.
enum class poll_verb : uint8_t { down, up, close };

/// A complete request of an agent.
struct poll_request {
  poll_verb verb = poll_verb::down;
  uint64_t number = 0; ///< up: of the batch; down: received so far
  duration hold{};     ///< down
  uint16_t code = 0;   ///< close
  std::string body;
};

/// Reads what a request asks, but for its body; false when it lacks what its
/// path demands.
bool read_poll_request(std::string_view path, const header_list& headers,
                       poll_request& to);

/// A decimal number without sign, or nothing.
std::optional<uint64_t> to_number(std::string_view text) noexcept;

/// The value of a field that is such a number.
std::optional<uint64_t> number_in(const header_list& headers,
                                  std::string_view name) noexcept;

/// The head of a request, with everything that keeps caches out of it.
std::string poll_request_head(std::string_view path, std::string_view authority,
                              const header_list& headers, size_t body_bytes);

} // namespace aps
