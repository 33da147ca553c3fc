#include "actors/admin/resources/explain.hpp"
#include "actors/admin/router.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>

namespace aps::admin {

using nlohmann::json;

namespace {

constexpr size_t max_path = 1024;

double ms_between(time_point start, time_point end) {
  return std::chrono::duration<double, std::milli>(end - start).count();
}

json ms_or_null(time_point start, time_point end) {
  return end == time_point{} ? json(nullptr) : json(ms_between(start, end));
}

std::string_view kind_of(exchange_attempt::kind kind) {
  switch (kind) {
    case exchange_attempt::kind::first: return "first";
    case exchange_attempt::kind::resume: return "resume";
    case exchange_attempt::kind::restart: return "restart";
    case exchange_attempt::kind::retry: return "retry";
  }
  return "unknown";
}

json show(const exchange_attempt& one, time_point start) {
  static const carrier nobody;
  const auto& by = one.by ? *one.by : nobody;
  return {{"at_ms", ms_between(start, one.at)},
          {"kind", kind_of(one.cause)},
          {"tunnel", by.tunnel},
          {"endpoint", by.endpoint},
          {"session", by.session},
          {"connection", by.connection},
          {"transport", by.transport},
          {"lost_at_ms", ms_or_null(start, one.lost_at)},
          {"reason", one.reason}};
}

// Null for what the node answered by itself.
json show_mapping(const exchange_facts& facts, std::string_view method,
                  const route_table& routes) {
  if (!facts.via)
    return nullptr;
  const auto& rule = facts.via->rule;
  if (facts.via->declared)
    return {{"index", nullptr},
            {"from", rule.from.str()},
            {"to", rule.to.str()},
            {"why", "endpoint " + rule.endpoints.front() + " of tunnel "
                      + rule.tunnels.front() + " publishes it"}};
  return {{"index", facts.via->index},
          {"from", rule.from.str()},
          {"to", rule.to.str()},
          {"why", why_it_won(routes, *facts.via, method, facts)}};
}

// Null = plain.
json show(const tls_facts_ptr& tls) {
  if (!tls)
    return nullptr;
  return {{"version", tls->version},
          {"cipher", tls->cipher},
          {"server_name", tls->server_name},
          {"client", tls->subject}};
}

json show(const exchange_record& record, time_point now,
          const route_table& routes) {
  static const carrier nobody;
  const auto& by = record.attempts.empty() || !record.attempts.back().by
                     ? nobody
                     : *record.attempts.back().by;
  const auto& facts = *record.facts;
  auto attempts = json::array();
  for (const auto& one : record.attempts)
    attempts.push_back(show(one, record.started));
  const auto outcome_or_null = [&](std::string_view word) {
    return record.over ? json(word) : json(nullptr);
  };
  return {{"id", std::to_string(record.id)},
          {"request_id", foreign_text(facts.request_id, max_foreign_name)},
          {"state", !record.over                   ? "live"
                    : record.result == outcome::ok ? "finished"
                                                   : "failed"},
          {"visitor", facts.visitor_address},
          {"method", record.method},
          {"scheme", facts.scheme},
          {"tls", show(facts.tls)},
          {"host", foreign_text(facts.host, max_path)},
          {"path", foreign_text(facts.path, max_path)},
          {"mapping", show_mapping(facts, record.method, routes)},
          {"tunnel", by.tunnel},
          {"endpoint", by.endpoint},
          {"session", by.session},
          {"connection", by.connection},
          {"transport", by.transport},
          {"attempts", std::move(attempts)},
          {"moves", record.moves},
          {"bytes_up", record.bytes_up},
          {"bytes_down", record.bytes_down},
          {"started_ms", record.started_ms},
          {"acquired_ms", ms_or_null(record.started, record.acquired)},
          {"first_byte_ms", ms_or_null(record.started, record.first_byte)},
          {"duration_ms",
           ms_between(record.started, record.over ? record.ended : now)},
          {"status", record.status == 0 ? json(nullptr) : json(record.status)},
          {"outcome", outcome_or_null(to_string(record.result))},
          {"outcome_class", outcome_or_null(class_of(record.result))},
          {"detail", record.detail},
          {"user", record.user},
          {"access", record.access}};
}

struct filter {
  std::optional<std::string> id;
  std::optional<std::string> tunnel;
  std::optional<std::string> outcome;

  bool admits(const exchange_record& record) const {
    if (id && *id != record.facts->request_id
        && *id != std::to_string(record.id))
      return false;
    if (outcome
        && (!record.over
            || (*outcome != to_string(record.result)
                && *outcome != class_of(record.result))))
      return false;
    if (!tunnel)
      return true;
    if (!record.facts->via)
      return false;
    const auto& rule = record.facts->via->rule;
    return record.attempts.empty() || !record.attempts.back().by
             ? std::find(rule.tunnels.begin(), rule.tunnels.end(), *tunnel)
                 != rule.tunnels.end()
             : record.attempts.back().by->tunnel == *tunnel;
  }
};

void add_records(long_text& to, const call& call, const record_list_ptr& all,
                 std::vector<const exchange_record*> which) {
  const auto count = which.size();
  const auto now = call.known().node->in_effect->get();
  to.pieces(count, [routes = now->routes, all, which = std::move(which),
                    between = separator{}](size_t i, std::string& to) mutable {
    between(to);
    to += on_a_line(show(*which[i], all->now, routes));
  });
}

} // namespace

void get_exchanges(const call& call) {
  const filter only{call.parameter("id"), call.parameter("tunnel"),
                    call.parameter("outcome")};
  const auto limit = call.number("limit", 100000);
  if (!limit)
    return;
  call.with_records([call, only, limit](const record_list_ptr& all) {
    const auto pick = [&](const auto& from) {
      std::vector<const exchange_record*> out;
      for (const auto& one : from)
        if (out.size() < *limit && only.admits(*one))
          out.push_back(one.get());
      return out;
    };
    const auto live = pick(all->live);
    const auto ended = pick(all->ended);
    if (only.id && live.empty() && ended.empty())
      return call.problem(404, "no exchange has the id \"" + *only.id + "\"");
    const json totals{
      {"totals", show_totals(call.known().recorders->totals())}};
    long_text body;
    body.text(opened(totals) + "\n\"live\":[");
    add_records(body, call, all, live);
    body.text("],\n\"finished\":[");
    add_records(body, call, all, ended);
    body.text("]}\n");
    call.answer_in_steps(std::move(body));
  });
}

} // namespace aps::admin
