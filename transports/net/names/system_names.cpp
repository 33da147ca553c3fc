#include "transports/net/names/name_service.hpp"

#include <boost/asio/error.hpp>

#include <cstring>
#include <deque>
#include <mutex>
#include <netdb.h>
#include <sys/socket.h>
#include <thread>

namespace aps {

namespace asio = boost::asio;

namespace {

constexpr size_t max_queued = 1024;

// getaddrinfo tells no lifetime; a new address is seen after this time.
constexpr std::chrono::seconds valid_time{5};

boost::system::error_code lookup_error(int code) {
  if (code == EAI_NONAME || code == EAI_NODATA)
    return asio::error::host_not_found;
  return asio::error::host_not_found_try_again;
}

name_answer look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  name_answer out;
  if (const auto code = ::getaddrinfo(name.c_str(), nullptr, &hints, &found)) {
    out.error = lookup_error(code);
    return out;
  }
  for (const auto* item = found; item; item = item->ai_next)
    if (item->ai_family == AF_INET || item->ai_family == AF_INET6)
      out.addresses.push_back(to_address(*item->ai_addr));
  ::freeaddrinfo(found);
  out.valid = valid_time;
  if (out.addresses.empty())
    out.error = asio::error::host_not_found;
  return out;
}

struct question {
  std::string name;
  name_service::handler done;
};

/// Shared with the threads. A thread may be stuck in a question for minutes,
/// so nobody waits for it: it is detached, and finds `unit` null when it comes
/// back too late.
struct line {
  std::mutex mutex;
  // By mutex:
  io_unit* unit = nullptr;
  std::deque<question> waiting;
  size_t threads = 0;
};

void give(io_unit& unit, name_service::handler done, name_answer answer) {
  unit.post([done = std::move(done), answer = std::move(answer)] {
    done(answer);
  });
}

void work(const std::shared_ptr<line>& all, question current) {
  for (;;) {
    auto answer = look_up(current.name);
    const std::lock_guard guard{all->mutex};
    if (!all->unit)
      return;
    give(*all->unit, std::move(current.done), std::move(answer));
    if (all->waiting.empty()) {
      --all->threads;
      return;
    }
    current = std::move(all->waiting.front());
    all->waiting.pop_front();
  }
}

class system_names final : public name_service {
 public:
  system_names(io_unit& unit, size_t threads)
      : unit_(unit), max_threads_(threads) {
    line_->unit = &unit;
  }

  ~system_names() override {
    std::deque<question> dropped;
    const std::lock_guard guard{line_->mutex};
    line_->unit = nullptr;
    dropped.swap(line_->waiting);
  }

  void ask(const std::string& name, handler done) override {
    const std::lock_guard guard{line_->mutex};
    if (line_->threads < max_threads_) {
      try {
        std::thread{work, line_, question{name, done}}.detach();
        ++line_->threads;
        return;
      } catch (const std::system_error&) {
        // No thread to be had; those that run may take it.
      }
    }
    if (line_->threads == 0 || line_->waiting.size() >= max_queued)
      return give(unit_, std::move(done),
                  {asio::error::host_not_found_try_again, {}, {}});
    line_->waiting.push_back({name, std::move(done)});
  }

 private:
  io_unit& unit_;
  const size_t max_threads_;
  const std::shared_ptr<line> line_ = std::make_shared<line>();
};

} // namespace

asio::ip::address to_address(const sockaddr& from) {
  if (from.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &from, sizeof(v4));
    return asio::ip::address_v4{ntohl(v4.sin_addr.s_addr)};
  }
  sockaddr_in6 v6;
  std::memcpy(&v6, &from, sizeof(v6));
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return asio::ip::address_v6{bytes, v6.sin6_scope_id};
}

std::unique_ptr<name_service> make_system_names(io_unit& unit,
                                                size_t threads) {
  return std::make_unique<system_names>(unit, threads);
}

} // namespace aps
