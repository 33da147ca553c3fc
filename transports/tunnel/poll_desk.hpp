#pragma once

#include "transports/io_unit.hpp"
#include "transports/seam/link.hpp"
#include "transports/tunnel/poll_visit.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace aps {

class poll_server_link;

/// The poll links of one listener by their tokens. Opens new ones and brings
/// every other request to the link that it names; a request with a wrong
/// token is answered before its body is read. Threads: any, unless it says
/// otherwise.
class poll_desk : public std::enable_shared_from_this<poll_desk> {
 public:
  /// `on_link` gets each new link, not started, on the link's thread.
  /// `server` is the name of the listener.
  poll_desk(std::string server, std::function<void(link_ptr)> on_link);

  /// Answers one request for `/.tunnel/poll` or below; its visitor address is
  /// "ip:port". Thread: the one of its HTTP session.
  void serve(const exchange_ptr& what);

  // -- for links -------------------------------------------------------------

  /// The link counts no longer as one that has not said who it is.
  void on_welcome(const std::string& token);

  /// The link is over; its token is unknown from now on.
  void forget(const std::string& token);

  /// Links whose agents are not authenticated; more are told to come later.
  static constexpr size_t max_unauthenticated = 1024;

 private:
  struct entry {
    std::shared_ptr<poll_server_link> link;
    bool welcomed = false;
  };

  void open(const exchange_ptr& what);
  void visit(const exchange_ptr& what, std::string_view path);
  bool add(const std::string& token, std::shared_ptr<poll_server_link> link);
  std::shared_ptr<poll_server_link> find(const std::string& token);

  const std::string server_;
  const std::function<void(link_ptr)> on_link_;
  std::mutex mutex_;
  std::unordered_map<std::string, entry> links_; // by mutex_
  size_t unauthenticated_ = 0;                   // by mutex_
};

} // namespace aps
