#pragma once

#include "transports/seam/frame.hpp"
#include "transports/seam/slice.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace aps {

/// Error codes of RFC 9113, 7, that are said or looked for by name.
namespace h2_code {
inline constexpr uint32_t no_error = 0x0;
inline constexpr uint32_t protocol_error = 0x1;
inline constexpr uint32_t internal_error = 0x2;
inline constexpr uint32_t refused_stream = 0x7;
inline constexpr uint32_t cancel = 0x8;
inline constexpr uint32_t enhance_your_calm = 0xb;
inline constexpr uint32_t inadequate_security = 0xc;
inline constexpr uint32_t http_1_1_required = 0xd;
} // namespace h2_code

/// How a stream ended.
struct h2_ending {
  enum class kind : uint8_t {
    complete, ///< both sides said all
    reset,    ///< one of both gave it up
    lost,     ///< its connection is gone
    broken,   ///< its connection was ended: the peer broke the rules
  };

  kind how = kind::complete;
  uint32_t code = h2_code::no_error; ///< of a reset
  std::string detail = {};           ///< for logs
  boost::system::error_code error = {}; ///< of `lost`, the socket's
  bool unprocessed = false; ///< the server says it never looked at it
};

/// Who a stream of an HTTP/2 connection belongs to hears of it here. On the
/// unit's thread, one call at a time; the session may be asked for anything
/// meanwhile.
class h2_stream_owner {
 public:
  virtual ~h2_stream_owner() = default;

  /// The head of an answer, pseudo-header fields included; interim ones, too.
  /// `last`: nothing follows it.
  virtual void on_response(header_list fields, bool last) {
    static_cast<void>(fields);
    static_cast<void>(last);
  }

  /// Bytes of the peer's body. They count against the stream's window until
  /// `h2_session::consume`. Keeping a slice keeps `retained` bytes.
  virtual void on_body(const slice& bytes, size_t retained) = 0;

  virtual void on_trailers(header_list fields) { static_cast<void>(fields); }

  /// The peer sends nothing more.
  virtual void on_peer_end() = 0;

  /// So many bytes of our body were handed to the kernel.
  virtual void on_sent(size_t bytes) { static_cast<void>(bytes); }

  /// The last call.
  virtual void on_over(const h2_ending& ending) = 0;
};

using h2_stream_owner_ptr = std::shared_ptr<h2_stream_owner>;

} // namespace aps
