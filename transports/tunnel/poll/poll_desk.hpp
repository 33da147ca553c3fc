#pragma once

#include "transports/net/admission/gate.hpp"
#include "transports/net/io_unit.hpp"
#include "transports/seam/exchange/service.hpp"
#include "transports/seam/link.hpp"
#include "transports/tunnel/poll/poll_visit.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aps {

class poll_server_link;

/// The poll links of one listener by their tokens. Opens new ones and brings
/// every other request to the link that it names; a request with a wrong
/// token is answered before its body is read. Threads: any, unless it says
/// otherwise.
class poll_desk final : public service,
                        public std::enable_shared_from_this<poll_desk> {
 public:
  /// `on_link` gets each new link, not started, on the link's thread.
  /// `server` is the name of the listener.
  /// `gate` bounds those that have not said who they are: too many of one
  /// address, or of all, and one of them ends, or the next one is told 429.
  poll_desk(std::string server, std::shared_ptr<gate> gate,
            std::function<void(link_ptr)> on_link);

  // -- service ---------------------------------------------------------------

  /// A POST to `/.tunnel/poll` or below.
  bool takes(std::string_view method,
             std::string_view target) const noexcept override;
  const service_patience& patience() const noexcept override;
  void serve(const exchange_ptr& exchange) override;

  // -- for links -------------------------------------------------------------

  /// The link counts no longer as one that has not said who it is.
  void on_welcome(const std::string& token);

  /// The link is over; its token is unknown from now on.
  void forget(const std::string& token);

 private:
  struct entry {
    std::shared_ptr<poll_server_link> link;
    place_ptr unproven; ///< until its agent is welcome
  };

  void open(const exchange_ptr& exchange);
  void visit(const exchange_ptr& exchange, std::string_view path);
  void add(const std::string& token,
           const std::shared_ptr<poll_server_link>& link, place_ptr place);
  std::shared_ptr<poll_server_link> find(const std::string& token);

  const std::string server_;
  const std::shared_ptr<gate> gate_;
  const std::function<void(link_ptr)> on_link_;
  std::mutex mutex_;
  std::unordered_map<std::string, entry> links_; // by mutex_
};

} // namespace aps
