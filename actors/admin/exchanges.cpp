#include "actors/admin/explain.hpp"
#include "actors/admin/router.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <charconv>

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

std::string_view kind_of(exchange_attempt::kind how) {
  switch (how) {
    case exchange_attempt::kind::first: return "first";
    case exchange_attempt::kind::resume: return "resume";
    case exchange_attempt::kind::restart: return "restart";
  }
  return "unknown";
}

json show(const exchange_attempt& one, time_point start) {
  static const carrier nobody;
  const auto& by = one.by ? *one.by : nobody;
  return {{"at_ms", ms_between(start, one.at)},
          {"kind", kind_of(one.how)},
          {"tunnel", by.tunnel},
          {"endpoint", by.endpoint},
          {"session", by.session},
          {"connection", by.connection},
          {"transport", by.transport},
          {"lost_at_ms", ms_or_null(start, one.lost_at)},
          {"reason", one.reason}};
}

json show(const exchange_record& what, time_point now,
          const std::vector<config::mapping>& mappings) {
  static const carrier nobody;
  const auto& by = what.attempts.empty() || !what.attempts.back().by
                     ? nobody
                     : *what.attempts.back().by;
  const auto& facts = *what.facts;
  const auto& rule = facts.via->rule;
  auto attempts = json::array();
  for (const auto& one : what.attempts)
    attempts.push_back(show(one, what.started));
  const auto outcome_or_null = [&](std::string_view word) {
    return what.over ? json(word) : json(nullptr);
  };
  return {{"id", std::to_string(what.id)},
          {"request_id", foreign_text(facts.request_id, max_foreign_name)},
          {"state", !what.over                 ? "live"
                    : what.how == outcome::ok ? "finished"
                                              : "failed"},
          {"visitor", facts.visitor_address},
          {"method", what.method},
          {"host", foreign_text(facts.host, max_path)},
          {"path", foreign_text(facts.path, max_path)},
          {"mapping",
           {{"index", facts.via->index},
            {"from", rule.from.str()},
            {"to", rule.to.str()},
            {"why", why_it_won(mappings, facts.via->index, facts.scheme,
                               facts.host, facts.path)}}},
          {"tunnel", by.tunnel},
          {"endpoint", by.endpoint},
          {"session", by.session},
          {"connection", by.connection},
          {"transport", by.transport},
          {"attempts", std::move(attempts)},
          {"moves", what.moves},
          {"bytes_up", what.bytes_up},
          {"bytes_down", what.bytes_down},
          {"started_ms", what.started_ms},
          {"acquired_ms", ms_or_null(what.started, what.acquired)},
          {"first_byte_ms", ms_or_null(what.started, what.first_byte)},
          {"duration_ms",
           ms_between(what.started, what.over ? what.ended : now)},
          {"status", what.status == 0 ? json(nullptr) : json(what.status)},
          {"outcome", outcome_or_null(to_string(what.how))},
          {"outcome_class", outcome_or_null(class_of(what.how))},
          {"detail", what.detail}};
}

struct filter {
  std::optional<std::string> id;
  std::optional<std::string> tunnel;
  std::optional<std::string> outcome;

  bool admits(const exchange_record& what) const {
    if (id && *id != what.facts->request_id && *id != std::to_string(what.id))
      return false;
    if (outcome
        && (!what.over
            || (*outcome != to_string(what.how)
                && *outcome != class_of(what.how))))
      return false;
    if (!tunnel)
      return true;
    const auto& rule = what.facts->via->rule;
    return what.attempts.empty() || !what.attempts.back().by
             ? std::find(rule.tunnels.begin(), rule.tunnels.end(), *tunnel)
                 != rule.tunnels.end()
             : what.attempts.back().by->tunnel == *tunnel;
  }
};

} // namespace

void get_exchanges(const call& what) {
  const filter only{what.parameter("id"), what.parameter("tunnel"),
                    what.parameter("outcome")};
  size_t limit = 100000;
  if (const auto text = what.parameter("limit")) {
    const auto* end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, limit);
    if (error != std::errc{} || at != end)
      return what.problem(400, "limit is a whole number", "limit");
  }
  what.with_records([what, only, limit](const record_list& all) {
    const auto config = what.where().config->get();
    const auto& mappings = config->mappings;
    const auto pick = [&](const auto& from) {
      auto out = json::array();
      for (const auto& one : from)
        if (out.size() < limit && only.admits(*one))
          out.push_back(show(*one, all.now, mappings));
      return out;
    };
    json body{{"totals", show_totals(what.where().recorders->totals())},
              {"live", pick(all.live)},
              {"finished", pick(all.ended)}};
    if (only.id && body["live"].empty() && body["finished"].empty())
      return what.problem(404, "no exchange has the id \"" + *only.id + "\"");
    what.answer(200, body);
  });
}

} // namespace aps::admin
