#pragma once

#include "transports/net/names/name_service.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aps {

/// The addresses of names as one unit knows them. However long a name takes,
/// and however many ask for it: there is one question per name at a time, the
/// other names are not affected, and nobody waits longer than `patience`.
///
/// Answers are kept for a while. When they are too old and the new question
/// is not answered soon, the old addresses serve: an outage of the DNS is no
/// outage of what was reached a moment ago (RFC 8767). Everything on the
/// unit's thread.
class resolver final : public watched,
                       public std::enable_shared_from_this<resolver> {
 public:
  using error_code = boost::system::error_code;
  using addresses = std::vector<boost::asio::ip::address>;
  using handler = std::function<void(const error_code&, const addresses&)>;

  static constexpr std::chrono::seconds patience{10};
  static constexpr std::chrono::milliseconds stale_after{500};
  static constexpr std::chrono::hours stale_for{1};
  static constexpr std::chrono::seconds failure_valid{1};
  static constexpr size_t max_waiting = 1024; ///< per name
  static constexpr size_t max_names = 4096;

  resolver(io_unit& unit, std::unique_ptr<name_service> service);

  /// `done` is called once, not from within the call, unless `owner` is gone
  /// by then. `localhost` needs nobody's help.
  void find(const std::string& name, std::weak_ptr<const void> owner,
            handler done);

  void on_tick(time_point now) override;

 private:
  struct waiter {
    std::weak_ptr<const void> owner;
    handler done;
  };
  struct entry {
    addresses known;
    time_point fresh_until{};
    time_point stale_until{};
    error_code failure;
    time_point failed_until{};
    time_point asked{};
    bool asking = false;
    std::vector<waiter> waiting;
  };

  void ask(const std::string& name, entry& entry);
  void on_answer(const std::string& name, const name_answer& answer);
  void give(entry& to, const error_code& error, const addresses& found);
  void answer_later(waiter waiter, const error_code& error,
                    const addresses& found);
  void make_room(time_point now);

  io_unit& unit_;
  const std::unique_ptr<name_service> service_;
  std::map<std::string, entry> names_;
  size_t asking_ = 0;
  bool watching_ = false;
};

} // namespace aps
