#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// What a mapping makes of requests and answers on their way, as the file says
/// it. Texts may have variables (config/routing/text_template.hpp).
namespace aps::config {

using named_texts = std::vector<std::pair<std::string, std::string>>;

/// Changes of header fields, or of parameters in the query, in this order.
struct field_changes {
  std::vector<std::string> remove = {};
  named_texts set = {}; ///< instead of those of the name, if any
  named_texts add = {}; ///< beside them
  bool operator==(const field_changes&) const = default;

  bool empty() const noexcept {
    return remove.empty() && set.empty() && add.empty();
  }
};

struct rewrites {
  /// The Host that the target gets.
  enum class host_kind : uint8_t {
    target, ///< that of `to`
    kept,   ///< the visitor's
    given,  ///< `host`
  };

  /// Which addresses in answers become the visitor's again.
  enum class translation : uint8_t {
    target, ///< of the target itself, and below a path that `to` has
    all,    ///< paths too, where `to` has none
    off,
  };

  host_kind host_from = host_kind::target;
  std::string host = {};
  translation translate = translation::target;
  std::string path = {}; ///< instead of that of the request; empty = as ever
  field_changes query = {};
  field_changes request_headers = {};
  field_changes response_headers = {};
  bool operator==(const rewrites&) const = default;
};

/// An answer that the node itself gives.
struct fixed_answer {
  uint16_t status = 200;
  std::string location = {}; ///< where it sends visitors; empty = nowhere
  std::string body = {};
  named_texts headers = {};
  bool operator==(const fixed_answer&) const = default;
};

} // namespace aps::config
