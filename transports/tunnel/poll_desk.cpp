#include "transports/tunnel/poll_desk.hpp"

#include "transports/seam/auth.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/tunnel/poll_server_link.hpp"
#include "transports/tunnel/websocket_link.hpp"

namespace aps {

namespace {

constexpr size_t token_bytes = 16;

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

poll_desk::poll_desk(std::string server, std::function<void(link_ptr)> on_link)
    : server_(std::move(server)), on_link_(std::move(on_link)) {}

void poll_desk::serve(const exchange_ptr& what) {
  const std::string_view target = what->head()->path;
  const auto path = target.substr(0, target.find('?'));
  if (path == poll_path)
    open(what);
  else
    visit(what, path);
}

void poll_desk::open(const exchange_ptr& what) {
  if (text_in(what->head()->headers, poll_protocol_field) != tunnel_subprotocol)
    return answer_poll(what, {400, {}, {}});
  const auto token = to_hex(random_bytes(token_bytes));
  auto link = std::make_shared<poll_server_link>(
    as_io_unit(what->unit()), what->facts().visitor_address, server_,
    weak_from_this(), token);
  if (!add(token, link)) {
    const auto code = close_code_of(close_reason::exhausted);
    return answer_poll(what, {503,
                              {field(poll_close_field, std::to_string(code)),
                               field("Retry-After", "1")},
                              {}});
  }
  link->open();
  answer_poll(what, {201, {field(poll_token_field, token)}, {}});
  on_link_(std::move(link));
}

void poll_desk::visit(const exchange_ptr& what, std::string_view path) {
  const auto& headers = what->head()->headers;
  auto link = find(text_in(headers, poll_token_field));
  if (!link)
    return answer_poll(what, {410, {}, {}});
  poll_request request;
  if (!read_poll_request(path, headers, request))
    return answer_poll(what, {400, {}, {}});
  const auto limit = limit_of(request.verb, *link);
  std::make_shared<poll_visit>(what, std::move(link), std::move(request), limit)
    ->start(what);
}

bool poll_desk::add(const std::string& token,
                    std::shared_ptr<poll_server_link> link) {
  std::lock_guard guard{mutex_};
  if (unauthenticated_ == max_unauthenticated)
    return false;
  ++unauthenticated_;
  links_.emplace(token, entry{std::move(link), false});
  return true;
}

std::shared_ptr<poll_server_link> poll_desk::find(const std::string& token) {
  std::lock_guard guard{mutex_};
  const auto i = links_.find(token);
  return i == links_.end() ? nullptr : i->second.link;
}

void poll_desk::on_welcome(const std::string& token) {
  std::lock_guard guard{mutex_};
  const auto i = links_.find(token);
  if (i == links_.end() || std::exchange(i->second.welcomed, true))
    return;
  --unauthenticated_;
}

void poll_desk::forget(const std::string& token) {
  std::shared_ptr<poll_server_link> last; // not destroyed under the lock
  std::lock_guard guard{mutex_};
  const auto i = links_.find(token);
  if (i == links_.end())
    return;
  if (!i->second.welcomed)
    --unauthenticated_;
  last = std::move(i->second.link);
  links_.erase(i);
}

} // namespace aps
