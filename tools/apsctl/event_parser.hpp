#pragma once

#include "tools/apsctl/client.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace aps::ctl {

/// The text/event-stream format (HTML standard, 9.2.6), fed in pieces of any
/// size.
class event_parser {
 public:
  using handler = std::function<bool(const client::message&)>;

  /// Calls `on_message` for every complete message; false as soon as that
  /// returned false.
  bool feed(std::string_view piece, const handler& on_message);

 private:
  bool line(std::string_view text, const handler& on_message);
  void field(std::string_view name, std::string_view value);

  std::string rest_;
  client::message message_;
  bool has_data_ = false;
};

} // namespace aps::ctl
