#include "transports/net/names/resolver.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace aps {

namespace asio = boost::asio;

namespace {

// RFC 6761, 6.3: the name and all below it, without asking anybody.
bool is_localhost(std::string_view name) {
  if (name.ends_with('.'))
    name.remove_suffix(1);
  constexpr std::string_view localhost = "localhost";
  if (name.size() < localhost.size())
    return false;
  const auto end = name.substr(name.size() - localhost.size());
  const auto same = std::equal(end.begin(), end.end(), localhost.begin(),
                               [](char x, char y) { return (x | 0x20) == y; });
  return same
         && (name.size() == localhost.size()
             || name[name.size() - localhost.size() - 1] == '.');
}

} // namespace

resolver::resolver(io_unit& unit, std::unique_ptr<name_service> service)
    : unit_(unit), service_(std::move(service)) {}

void resolver::find(const std::string& name, std::weak_ptr<const void> owner,
                    handler done) {
  waiter asker{std::move(owner), std::move(done)};
  if (is_localhost(name))
    return answer_later(
      std::move(asker), {},
      {asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()});
  const auto now = unit_.now();
  if (names_.size() >= max_names && names_.count(name) == 0)
    make_room(now);
  if (names_.size() >= max_names && names_.count(name) == 0)
    return answer_later(std::move(asker), asio::error::host_not_found_try_again,
                        {});
  auto& found = names_[name];
  if (now < found.fresh_until)
    return answer_later(std::move(asker), {}, found.known);
  if (now < found.failed_until)
    return answer_later(std::move(asker), found.failure, {});
  // Asked long ago: it would only wait in vain.
  if (found.asking && now - found.asked >= patience)
    return now < found.stale_until
             ? answer_later(std::move(asker), {}, found.known)
             : answer_later(std::move(asker), asio::error::timed_out, {});
  if (found.waiting.size() >= max_waiting)
    std::erase_if(found.waiting,
                  [](const waiter& one) { return one.owner.expired(); });
  if (found.waiting.size() >= max_waiting)
    return answer_later(std::move(asker), asio::error::host_not_found_try_again,
                        {});
  found.waiting.push_back(std::move(asker));
  if (!found.asking)
    ask(name, found);
}

void resolver::ask(const std::string& name, entry& entry) {
  entry.asking = true;
  entry.asked = unit_.now();
  ++asking_;
  if (!std::exchange(watching_, true))
    unit_.watch(weak_from_this());
  service_->ask(name, [weak = weak_from_this(), name](name_answer answer) {
    if (const auto self = weak.lock())
      self->on_answer(name, answer);
  });
}

void resolver::on_answer(const std::string& name, const name_answer& answer) {
  const auto i = names_.find(name);
  if (i == names_.end() || !std::exchange(i->second.asking, false))
    return;
  --asking_;
  auto& found = i->second;
  const auto now = unit_.now();
  if (!answer.error) {
    found.known = answer.addresses;
    found.fresh_until = now + answer.valid;
    found.stale_until = now + stale_for;
    return give(found, {}, answer.addresses);
  }
  const bool last_word = answer.error == asio::error::host_not_found;
  if (!last_word && now < found.stale_until) {
    found.fresh_until = now + failure_valid; // and then ask again
    return give(found, {}, addresses{found.known});
  }
  found.stale_until = {};
  found.failure = answer.error;
  found.failed_until = now + failure_valid;
  give(found, answer.error, {});
}

void resolver::give(entry& to, const error_code& error,
                    const addresses& found) {
  for (auto& waiter : std::exchange(to.waiting, {}))
    answer_later(std::move(waiter), error, found);
}

void resolver::answer_later(waiter waiter, const error_code& error,
                            const addresses& found) {
  unit_.post([waiter = std::move(waiter), error, found] {
    if (const auto owner = waiter.owner.lock())
      waiter.done(error, found);
  });
}

void resolver::on_tick(time_point now) {
  if (asking_ == 0)
    return;
  for (auto& [name, one] : names_) {
    if (!one.asking || one.waiting.empty())
      continue;
    if (now - one.asked >= stale_after && now < one.stale_until)
      give(one, {}, addresses{one.known});
    else if (now - one.asked >= patience)
      give(one, asio::error::timed_out, {});
  }
}

void resolver::make_room(time_point now) {
  std::erase_if(names_, [now](const auto& item) {
    const auto& one = item.second;
    return !one.asking && now >= one.fresh_until && now >= one.failed_until;
  });
}

} // namespace aps
