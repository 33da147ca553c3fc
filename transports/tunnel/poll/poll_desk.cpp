#include "transports/tunnel/poll/poll_desk.hpp"

#include "transports/seam/auth.hpp"
#include "transports/seam/tunnel_path.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/tunnel/poll/poll_server_link.hpp"
#include "transports/tunnel/poll/poll_wire.hpp"

namespace aps {

namespace {

constexpr size_t token_bytes = 16;

// A link's second connection is used now and then only; an answer is held as
// long as the agent asks for; and an agent repeats what does not arrive, on a
// new connection.
constexpr service_patience poll_patience{.idle = std::chrono::seconds(75),
                                         .answer = std::chrono::seconds(60),
                                         .taking = std::chrono::seconds(15)};
static_assert(poll_patience.answer > max_poll_hold);

header field(std::string_view name, std::string value) {
  return {std::string{name}, std::move(value)};
}

std::string text_in(const header_list& headers, std::string_view name) {
  const auto* found = find_header(headers, name);
  return found ? found->value : std::string{};
}

size_t limit_of(poll_verb verb, const poll_server_link& at) {
  switch (verb) {
    case poll_verb::up: return at.body_limit();
    case poll_verb::close: return max_close_detail;
    case poll_verb::down: break;
  }
  return 0;
}

} // namespace

poll_desk::poll_desk(std::string server, std::shared_ptr<gate> gate,
                     std::function<void(link_ptr)> on_link)
    : server_(std::move(server)), gate_(std::move(gate)), on_link_(std::move(on_link)) {}

bool poll_desk::takes(std::string_view method,
                      std::string_view target) const noexcept {
  if (method != "POST" || !target.starts_with(poll_path))
    return false;
  const auto rest = target.substr(poll_path.size());
  return rest.empty() || rest.front() == '/' || rest.front() == '?';
}

const service_patience& poll_desk::patience() const noexcept {
  return poll_patience;
}

void poll_desk::serve(const exchange_ptr& exchange) {
  const std::string_view target = exchange->head()->path;
  const auto path = target.substr(0, target.find('?'));
  if (path == poll_path)
    open(exchange);
  else
    visit(exchange, path);
}

void poll_desk::open(const exchange_ptr& exchange) {
  if (text_in(exchange->head()->headers, poll_protocol_field)
      != tunnel_subprotocol)
    return answer_poll(exchange, {400, {}, {}});
  auto place
    = gate_->enter_link(exchange->unit(), exchange->facts().visitor_address);
  if (!place)
    return answer_poll(exchange, {429, {field("Retry-After", "1")}, {}});
  const auto token = to_hex(random_bytes(token_bytes));
  auto link = std::make_shared<poll_server_link>(
    as_io_unit(exchange->unit()), exchange->facts().visitor_address, server_,
    weak_from_this(), token, exchange->facts().tls);
  add(token, link, std::move(place));
  link->open();
  answer_poll(exchange, {201, {field(poll_token_field, token)}, {}});
  on_link_(std::move(link));
}

void poll_desk::visit(const exchange_ptr& exchange, std::string_view path) {
  const auto& headers = exchange->head()->headers;
  auto link = find(text_in(headers, poll_token_field));
  if (!link)
    return answer_poll(exchange, {410, {}, {}});
  poll_request request;
  if (!read_poll_request(path, headers, request))
    return answer_poll(exchange, {400, {}, {}});
  const auto limit = limit_of(request.verb, *link);
  std::make_shared<poll_visit>(exchange, std::move(link), std::move(request),
                               limit)
    ->start(exchange);
}

void poll_desk::add(const std::string& token,
                    const std::shared_ptr<poll_server_link>& link,
                    place_ptr place) {
  place->on_evict([weak = std::weak_ptr<aps::link>{link}] {
    if (const auto oldest = weak.lock())
      oldest->abort(link_error::exhausted);
  });
  std::lock_guard guard{mutex_};
  links_.emplace(token, entry{link, std::move(place)});
}

std::shared_ptr<poll_server_link> poll_desk::find(const std::string& token) {
  std::lock_guard guard{mutex_};
  const auto i = links_.find(token);
  return i == links_.end() ? nullptr : i->second.link;
}

void poll_desk::on_welcome(const std::string& token) {
  place_ptr proven; // not touched under the lock
  {
    std::lock_guard guard{mutex_};
    if (const auto i = links_.find(token); i != links_.end())
      proven = std::move(i->second.unproven);
  }
  if (proven)
    proven->set(standing::agent);
}

void poll_desk::forget(const std::string& token) {
  entry last; // not destroyed under the lock
  std::lock_guard guard{mutex_};
  const auto i = links_.find(token);
  if (i == links_.end())
    return;
  last = std::move(i->second);
  links_.erase(i);
}

} // namespace aps
