#pragma once

#include "transports/http/chunk_reader.hpp"
#include "transports/http/payload_collector.hpp"
#include "transports/seam/frame.hpp"
#include "transports/seam/slice.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Why a message cannot be taken.
enum class parse_fault : uint8_t {
  none,
  malformed,          ///< breaks RFC 9112 or could be read in two ways
  unsupported_coding, ///< a transfer coding other than chunked
  header_too_large,   ///< bytes or number of header or trailer fields
  body_too_large,     ///< over `parse_limits::body_bytes`
  truncated,          ///< the connection ended inside the message
};

/// One sentence for humans.
std::string_view render(parse_fault fault) noexcept;

struct message_head;

struct parse_limits {
  size_t header_bytes = 64 * 1024; ///< start line and fields; trailers again
  size_t headers = 100;            ///< number of fields, trailers included
  uint64_t body_bytes = 0;         ///< 0 = no limit

  /// Messages that are not held to `body_bytes`, because whoever takes them
  /// has a limit of its own; null = none.
  std::function<bool(const message_head& head)> exempt = {};
};

/// The head of a message as received, with what its framing means.
struct message_head {
  std::string method;  ///< requests
  std::string target;  ///< requests; any of the four forms of RFC 9112, 3.2
  unsigned status = 0; ///< responses
  std::string reason;  ///< responses
  unsigned version = 11;
  header_list headers; ///< all of them, framing and hop-by-hop included

  bool has_body = false; ///< false: the message ends with its head
  bool chunked = false;
  bool until_close = false; ///< the body ends with the connection
  bool keep_alive = false;  ///< the sender leaves the connection open
  bool upgrade = false;     ///< Connection: upgrade together with Upgrade
  std::optional<uint64_t> content_length;

  /// Back to empty; keeps capacity.
  void clear();
};

/// Incremental HTTP/1.1 parser for requests (`true`) or responses (`false`),
/// over Beast's, with the checks that Beast 1.81 leaves to its users: foreign
/// transfer codings, Host, obs-fold, size limits, trailers kept apart.
/// Requests are read strictly. Of responses, whose writers are many and old,
/// what breaks the rules but means one thing only is taken (head_repair.hpp);
/// where framing is in doubt they are as strict.
/// Feed it, look at `head_done`, `body`, `done` and `fault`, feed it on.
/// One object serves all messages of a connection. Not thread-safe.
template <bool IsRequest>
class message_parser {
 public:
  explicit message_parser(const parse_limits& limits = {});
  ~message_parser();

  message_parser(const message_parser&) = delete;
  message_parser& operator=(const message_parser&) = delete;

  /// Ready for the next message. `no_body`: the response is to a HEAD.
  void reset(bool no_body = false);

  /// Parses from the front of `bytes`, which lie in a buffer kept by `owner`,
  /// and returns how many it took; the caller presents the rest again with
  /// more behind it. Stops behind the head, at the end of the message, on a
  /// fault and after `budget` payload bytes.
  size_t feed(const std::shared_ptr<const void>& owner, std::string_view bytes,
              size_t budget, size_t share_from);

  /// The connection ended, with `rest` not taken: completes a body that ends
  /// so, else `truncated`.
  void feed_eof(std::string_view rest = {});

  /// Payload is parsed but dropped from now on.
  void discard_payload() noexcept { discard_ = true; }

  bool started() const noexcept { return phase_ >= phase::head; }
  bool head_done() const noexcept { return phase_ >= phase::body; }

  /// The message was understood, but not everybody would have: nothing should
  /// follow it on its connection.
  bool doubtful() const noexcept { return found_.doubtful; }
  bool done() const noexcept { return phase_ == phase::done; }
  parse_fault fault() const noexcept { return fault_; }

  /// What is wrong, for humans: of a malformed message the rule that it broke.
  std::string_view problem() const noexcept {
    return problem_.empty() ? render(fault_) : problem_;
  }

  message_head& head() noexcept { return head_; }
  header_list& trailers() noexcept { return trailers_; }

  /// Payload found since the caller last cleared it.
  std::vector<slice>& body() noexcept { return payload_.slices; }

  /// Payload bytes so far, dropped ones included.
  uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  class machine;
  friend class machine;

  /// How far the message was read; one without a body is `done` at its head.
  enum class phase : uint8_t { idle, head, body, done };

  /// What was noticed about a message.
  struct findings {
    bool upgrade_field = false;
    bool doubtful = false; ///< not everybody would have understood it
  };

  /// The first one counts. `problem` lives for ever.
  void fail(parse_fault fault, std::string_view problem = {}) noexcept {
    if (fault_ != parse_fault::none)
      return;
    fault_ = fault;
    problem_ = problem;
  }
  void fail_malformed(std::string_view problem) noexcept {
    fail(parse_fault::malformed, problem);
  }
  bool waits_for_first_chunk(size_t available) const noexcept;
  void finish_head();
  size_t feed_machine(std::string_view bytes);
  void hold_to_limit(size_t missing) noexcept;
  size_t feed_response_head(std::string_view bytes);
  bool read_head(std::string_view text);
  void forget_head();
  size_t feed_chunks(std::string_view bytes);
  size_t feed_trailers(std::string_view bytes);
  void read_trailers(std::string_view lines);
  bool announce(uint64_t size) noexcept;
  size_t take_payload(std::string_view bytes);

  const parse_limits limits_;
  message_head head_;
  header_list trailers_;
  payload_collector payload_;
  std::unique_ptr<machine> machine_;
  chunk_reader chunks_; // of responses
  size_t scanned_ = 0;  // for the end of a header section
  size_t header_bytes_ = 0; // of the head, or what is around payload
  size_t hosts_ = 0;
  size_t budget_ = 0;
  uint64_t body_bytes_ = 0;
  uint64_t announced_ = 0;  // sum of the chunk sizes
  uint64_t body_limit_ = 0; // of this message
  parse_fault fault_ = parse_fault::none;
  std::string_view problem_; // empty = as the fault says
  findings found_;
  phase phase_ = phase::idle;
  bool no_body_ = false;
  bool discard_ = false;
  bool blocked_ = false;
  bool first_chunk_seen_ = false;
};

using request_parser = message_parser<true>;
using response_parser = message_parser<false>;

extern template class message_parser<true>;
extern template class message_parser<false>;

} // namespace aps
