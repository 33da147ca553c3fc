#include "actors/path/front/node_front.hpp"

#include "actors/base/header_fields.hpp"
#include "actors/path/connection.hpp"
#include "actors/path/front/fixed_answer.hpp"
#include "actors/policy/balance.hpp"
#include "config/routing/path.hpp"
#include "transports/seam/auth.hpp"

#include <algorithm>
#include <cstring>

namespace aps {

namespace {

exchange_id random_start() {
  const auto bytes = random_bytes(sizeof(exchange_id));
  exchange_id out = 0;
  std::memcpy(&out, bytes.data(), sizeof(out));
  return out | 1;
}

// The value of a cookie (RFC 6265, 4.2.1); empty when there is none.
std::string_view cookie_of(const header_list& headers, std::string_view name) {
  for (const auto& field : headers) {
    if (!iequals(field.name, "Cookie"))
      continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      auto pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
      pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
      const auto sign = pair.find('=');
      if (sign != pair.npos && pair.substr(0, sign) == name)
        return pair.substr(sign + 1);
    }
  }
  return {};
}

// What makes a visitor the same one; without its mark the address counts.
uint64_t visitor_of(const exchange& exchange, const config::stickiness& by) {
  using kind = config::stickiness::kind;
  std::string_view mark;
  const auto& headers = exchange.head()->headers;
  if (by.by == kind::cookie)
    mark = cookie_of(headers, by.name);
  else if (by.by == kind::header)
    if (const auto* found = find_header(headers, by.name))
      mark = found->value;
  return hash_of(mark.empty() ? exchange.facts().visitor_address : mark);
}

// For somebody who asked for something else.
std::string addresses_of(const std::vector<config::mapping>& all) {
  constexpr size_t most = 20;
  std::string out
    = all.empty() ? "\nThis node has no mappings." : "\nThis node serves:";
  for (size_t i = 0; i < std::min(all.size(), most); ++i)
    out += "\n  " + all[i].from.str();
  if (all.size() > most)
    out += "\n  and " + std::to_string(all.size() - most) + " more";
  return out;
}

denial no_mapping(const visitor_request& request, const configuration& now) {
  if (request.scheme == "connect" && now.connects.empty())
    return {outcome::not_implemented,
            "No tunnels by CONNECT; send http:// URLs.",
            {}};
  if (request.scheme == "connect")
    return {outcome::no_mapping,
            "No mapping lets a CONNECT to this host and port.",
            {}};
  const header_fields fields{request.headers};
  const asking_user user{now.access, request};
  return {.cause = outcome::no_mapping,
          .detail = std::string{why_no_route(
            now.routes, to_route_request(request, fields, &user))},
          .more
          = request.local ? addresses_of(now.config.mappings) : std::string{}};
}

} // namespace

node_front::node_front(caf::actor_system& system, node_context_ptr context,
                       std::shared_ptr<origin_client> origins,
                       exchange_id first_id,
                       std::shared_ptr<exchange_recorders> recorders)
    : system_(system), context_(std::move(context)),
      origins_(std::move(origins)), recorders_(std::move(recorders)),
      retries_(std::make_shared<retry_desk>(system)),
      // Copies end before this does.
      copies_(std::make_shared<copy_desk>(
        system, context_, [this](const exchange_ptr& copy) { carry(copy); })) {
  for (size_t i = 0; i < context_->units->size(); ++i)
    logins_.push_back(std::make_shared<login_checks>(
      system_, context_, context_->units->any(i).unit()));
  *context_->next_id = first_id != 0 ? first_id : random_start();
}

route_decision node_front::admit(const visitor_request& request) {
  const auto now = context_->in_effect->get();
  auto found = find_for(request, *now);
  if (found && request.refuse)
    if (auto refused = request.refuse(*found)) {
      refused->via = std::move(found);
      return std::move(*refused);
    }
  if (visitor_access::asks(now->access))
    return admit_visitor(request, std::move(found), *now);
  if (found)
    return found;
  return no_mapping(request, *now);
}

route_ptr node_front::find_for(const visitor_request& request,
                               const configuration& now) const {
  if (request.scheme == "connect")
    return now.connects.find(request.host, request.port);
  const header_fields fields{request.headers};
  const asking_user user{now.access, request};
  return find_in_effect(now.routes, context_->publications.get(),
                        to_route_request(request, fields, &user));
}

route_ptr node_front::find_name(std::string_view name, uint16_t port) const {
  const auto now = context_->in_effect->get();
  return find_route(now->routes,
                    {.scheme = "tls", .host = name, .port = port, .path = {}});
}

bool node_front::has_names(uint16_t port) const {
  const auto now = context_->in_effect->get();
  return now->routes.has_names(port);
}

route_decision node_front::admit_visitor(const visitor_request& request,
                                         route_ptr found,
                                         const configuration& now) {
  auto answer = context_->access->admit(request, found.get(), clock_type::now(),
                                        now.access);
  if (auto* refused = std::get_if<access_refusal>(&answer)) {
    auto denied = tell(std::move(*refused), request.visitor_address);
    denied.via = std::move(found);
    return denied;
  }
  if (!found)
    return no_mapping(request, now);
  return visitor_entry{std::move(found),
                       std::get<visitor_pass_ptr>(std::move(answer))};
}

denial node_front::tell(access_refusal refused, std::string_view address) {
  if (refused.reached)
    on_limit(*refused.reached, address, refused.answer.reason);
  return std::move(refused.answer);
}

exchange_id node_front::next_id() {
  return next_exchange_id(*context_);
}

void node_front::start(exchange_ptr exchange) {
  if (recorders_)
    recorders_->of(exchange->unit()).begin(*exchange);
  if (draining_)
    return exchange->fail(outcome::draining, "the node is shutting down");
  if (const auto& pass = exchange->pass(); pass && pass->claim)
    return prove(exchange);
  let_in(exchange);
}

// Meanwhile its body waits for credit.
void node_front::prove(const exchange_ptr& exchange) {
  context_->access->prove(
    exchange->pass(), [self = shared_from_this(), exchange,
                       use = context_->units->use()](access_answer answer) {
      exchange->unit().post(
        [self, exchange, use, answer] { self->on_proven(exchange, answer); });
    });
}

void node_front::on_proven(const exchange_ptr& exchange, access_answer answer) {
  if (exchange->over())
    return;
  if (auto* refused = std::get_if<access_refusal>(&answer)) {
    const auto denied
      = tell(std::move(*refused), exchange->facts().visitor_address);
    return exchange->refuse(denied.cause, denied.reason, denied.headers);
  }
  exchange->admit_with(std::get<visitor_pass_ptr>(std::move(answer)));
  // What came meanwhile, as far as there was credit for it.
  if (exchange->over_quota())
    return exchange->fail_over_quota();
  let_in(exchange);
}

// The passwords are right, and the login services are left to ask.
void node_front::let_in(const exchange_ptr& exchange) {
  const auto& pass = exchange->pass();
  if (!pass || pass->logins.empty()) {
    if (exchange->facts().via->rule.cc)
      copies_->copy(exchange);
    return carry(exchange);
  }
  const auto service = pass->logins.front();
  logins_[exchange->unit().index()]->ask(
    exchange, service,
    [this](const exchange_ptr& question) { carry(question); },
    [self = shared_from_this(), exchange, service,
     use = context_->units->use()](const login_verdict& verdict) {
      self->on_login(exchange, *service, verdict);
    });
}

void node_front::close() {
  for (size_t i = 0; i < logins_.size(); ++i) {
    auto& unit = context_->units->any(i).unit();
    unit.post([of = logins_[i], copies = copies_, &unit] {
      of->close();
      copies->close(unit);
    });
  }
}

void node_front::on_login(const exchange_ptr& exchange,
                          const login_service& service,
                          const login_verdict& verdict) {
  using kind = login_verdict::kind;
  if (exchange->over())
    return;
  if (verdict.result == kind::failed)
    return exchange->refuse(outcome::login_unavailable,
                            service.place() + ": " + verdict.why, {});
  auto pass = std::make_shared<visitor_pass>(*exchange->pass());
  pass->reason.append(pass->reason.empty() ? "" : ", ")
    .append(service.place())
    .append(verdict.result == kind::answered ? " answered " : " said ")
    .append(std::to_string(verdict.status));
  if (verdict.result == kind::answered) {
    pass->logins.clear();
    return exchange->admit_with(std::move(pass));
  }
  pass->logins.erase(pass->logins.begin());
  if (auto user = login_service::user_of(verdict.fields); !user.empty())
    pass->user = std::move(user);
  pass->cookies.insert(pass->cookies.end(), verdict.cookies.begin(),
                       verdict.cookies.end());
  exchange->amend(service.amended(*exchange->head(), verdict.fields));
  exchange->admit_with(std::move(pass));
  let_in(exchange);
}

void node_front::carry(const exchange_ptr& exchange) {
  const auto& rule = exchange->facts().via->rule;
  if (rule.answer)
    return answer_here(exchange);
  if (rule.tunnels.empty())
    return serve_here(exchange);
  exchange->grow_with(context_->window_growth,
                      exchange->facts().via->most_window);
  if (rule.retry) {
    retries_->note_request(*exchange->facts().via, exchange->unit().now());
    exchange->retry_with(std::make_shared<retrier>(
      context_, retries_,
      [self = shared_from_this()](const exchange_ptr& again, places asked) {
        self->carry_through_tunnels(again, std::move(asked));
      }));
  }
  carry_through_tunnels(exchange, nullptr);
}

// To an endpoint that is none of `asked`.
void node_front::carry_through_tunnels(const exchange_ptr& exchange,
                                       places asked) {
  const auto& rule = exchange->facts().via->rule;
  const auto table = context_->tunnels->get();
  std::vector<tunnel_actor> tunnels;
  for (const auto& tunnel_name : rule.tunnels)
    if (auto i = table->find(tunnel_name); i != table->end())
      tunnels.push_back(i->second);
  if (tunnels.empty())
    return exchange->fail(outcome::no_endpoint, "the tunnel is disabled");
  job carried{exchange};
  carried.asked = std::move(asked);
  const auto sticky = rule.balance == config::balance::sticky;
  if (sticky)
    carried.visitor = visitor_of(*exchange, rule.sticky_by);
  auto first = tunnels.front();
  if (tunnels.size() > 1) {
    const auto turn = next_tunnel_.fetch_add(1, std::memory_order_relaxed);
    carried.first_tunnel = static_cast<uint32_t>(
      (sticky ? mix(carried.visitor) : turn) % tunnels.size());
    first = tunnels[carried.first_tunnel];
    carried.tunnels
      = std::make_shared<const std::vector<tunnel_actor>>(std::move(tunnels));
  }
  compat::enqueue(context_->units->of(exchange->unit()).get(), first,
                  std::move(carried));
}

void node_front::serve_here(const exchange_ptr& exchange) {
  connect_directly(exchange,
                   origins_->serve(exchange->unit(), exchange->id(),
                                   exchange->head(), exchange->window()));
}

void node_front::on_link(link_ptr link) {
  if (draining_)
    return link->close(close_reason::shutdown, "the node is shutting down");
  try {
    spawn_connection(system_, context_, link);
  } catch (...) {
    link->abort(link_error::lost); // nobody would read it
    throw;
  }
}

void node_front::on_limit(limit kind, std::string_view peer,
                          std::string_view detail) {
  if (context_->limits)
    context_->limits->on_limit(kind, peer, detail);
}

void node_front::on_own_answer(executor& unit, const own_answer& answer) {
  if (recorders_)
    recorders_->of(unit).keep(answer, next_id());
}

} // namespace aps
