#include "actors/agent/agent_status.hpp"

#include "actors/admin/operator_front.hpp"
#include "actors/admin/resource_table.hpp"
#include "actors/agent/agent_snapshot.hpp"
#include "actors/agent/refusal_log.hpp"
#include "actors/base/gather.hpp"
#include "actors/policy/limits/complaints.hpp"
#include "actors/watch/limit_log.hpp"
#include "actors/watch/metrics.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <caf/event_based_actor.hpp>

namespace aps {

using admin::request;
using nlohmann::json;

namespace {

constexpr auto answer_patience = std::chrono::seconds(5);

using context_ptr = std::shared_ptr<const agent_status_context>;
using agent_list = std::vector<agent_snapshot>;

/// One request to an agent.
class call : public request {
 public:
  call(context_ptr context, request asked)
      : request(std::move(asked)), known_(std::move(context)) {}

  const agent_status_context& known() const noexcept { return *known_; }

  /// Asks the actors of all nodes; 503 when one of them is gone.
  void with_agents(std::function<void(const agent_list&)> then) const {
    known_->system.spawn(
      [](caf::event_based_actor* self, call from,
         std::function<void(const agent_list&)> then) {
        const auto count = from.known().actors.size();
        gather<agent_snapshot>(
          self, from.known().actors,
          [from, then, count](agent_list all) {
            if (all.size() == count)
              then(all);
            else
              from.problem(503, "the agent did not answer in time");
          },
          answer_patience);
      },
      *this, std::move(then));
  }

 private:
  context_ptr known_;
};

// -- parts --------------------------------------------------------------------

std::string_view to_string(agent_snapshot::phase state) {
  switch (state) {
    case agent_snapshot::phase::greeting: return "greeting";
    case agent_snapshot::phase::live: return "live";
    case agent_snapshot::phase::leaving: return "leaving";
  }
  return "";
}

json show_trouble(const std::optional<agent_snapshot::trouble>& trouble,
                  const std::optional<duration>& next_dial) {
  if (!trouble)
    return nullptr;
  const auto ms = [](duration value) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
  };
  json out{{"text", trouble->text},
           {"time_ms", wall_clock_ms() - ms(trouble->age)},
           {"age_seconds", to_seconds(trouble->age)},
           {"over", trouble->over},
           {"next_try_seconds", nullptr}};
  if (trouble->refused)
    out["reason"] = to_string(*trouble->refused);
  if (next_dial && !trouble->over)
    out["next_try_seconds"] = to_seconds(*next_dial);
  return out;
}

json show_node(const agent_snapshot& node) {
  auto connections = json::array();
  for (const auto& one : node.connections)
    connections.push_back(
      {{"name", one.name},
       {"transport", to_string(one.transport)},
       {"state", to_string(one.state)},
       {"since_ms", wall_clock_ms() - int64_t(to_seconds(one.age) * 1000)},
       {"age_seconds", to_seconds(one.age)}});
  auto transports = json::array();
  for (const auto& one : node.lanes)
    transports.push_back({{"transport", to_string(one.transport)},
                          {"wanted", one.wanted},
                          {"live", one.live},
                          {"under_way", one.under_way}});
  auto publications = json::array();
  for (const auto& one : node.publications)
    publications.push_back({{"name", one.name},
                            {"target", one.target},
                            {"url", one.url},
                            {"refused", one.refused}});
  return {{"server", node.server},
          {"node", node.node},
          {"connected", node.connected},
          {"connections", std::move(connections)},
          {"transports", std::move(transports)},
          {"publications", std::move(publications)},
          {"last_refusal", show_trouble(node.last_refusal, node.next_dial)},
          {"last_failure", show_trouble(node.last_failure, node.next_dial)}};
}

// Why visitors cannot come through; "" = they can.
std::string unready_reason(const agent_status_context& context,
                           const agent_list& all) {
  if (*context.stopping)
    return "the agent is stopping";
  std::string out;
  for (const auto& node : all) {
    if (node.connected)
      return {};
    out += out.empty() ? "" : "; ";
    out += node.last_failure && !node.last_failure->over
             ? node.last_failure->text
             : node.server + ": not connected yet";
    if (node.next_dial && *node.next_dial >= std::chrono::seconds(1))
      out += " (next try in " + in_words(*node.next_dial) + ")";
  }
  return out;
}

json show_readiness(const agent_status_context& context,
                    const agent_list& all) {
  const auto reason = unready_reason(context, all);
  json out{{"ready", reason.empty()}};
  if (!reason.empty())
    out["reason"] = reason;
  return out;
}

json show_agent(const agent_status_context& context) {
  const auto& agent = *context.agent;
  const auto now = wall_clock_ms();
  const auto started = static_cast<int64_t>(agent.started_ms);
  return {{"tunnel", agent.tunnel},
          {"endpoint", agent.endpoint},
          {"instance", agent.instance},
          {"version", context.version},
          {"started_ms", started},
          {"uptime_seconds", double(now - started) / 1000},
          {"time_ms", now},
          {"draining", context.stopping->load()}};
}

// -- resources ----------------------------------------------------------------

void get_health(const call& call) {
  call.answer(200, {{"status", "ok"}});
}

void get_readiness(const call& call) {
  call.with_agents([call](const agent_list& all) {
    const auto body = show_readiness(call.known(), all);
    call.answer(body["ready"] ? 200 : 503, body);
  });
}

void get_stats(const call& call) {
  call.with_agents([call](const agent_list& all) {
    auto nodes = json::array();
    uint64_t started = 0;
    uint64_t abandoned = 0;
    uint64_t live = 0;
    for (const auto& node : all) {
      nodes.push_back(show_node(node));
      started += node.started;
      abandoned += node.abandoned;
      live += node.live;
    }
    call.answer(
      200, {{"agent", show_agent(call.known())},
            {"ready", show_readiness(call.known(), all)},
            {"exchanges",
             {{"started", started}, {"abandoned", abandoned}, {"live", live}}},
            {"nodes", std::move(nodes)}});
  });
}

void get_metrics(const call& call) {
  call.known().process->update();
  admin::long_text body;
  body.steps(
    [text = std::make_shared<metrics_text>(call.known().system.metrics())](
      std::string& to) { return text->step(to); });
  call.answer_in_steps(std::move(body), admin::metrics_type);
}

const std::vector<admin::resource_of<call>>& resources() {
  using enum admin::access;
  // As the node does: probes and scrapers add some of their own.
  static const std::vector<admin::parameter_of<call>> any{{"*"}};
  static const std::vector<admin::resource_of<call>> table{
    {"GET", "/.api/health", open, get_health, any},
    {"GET", "/.api/ready", open, get_readiness, any},
    {"GET", "/.api/stats", token, get_stats},
    {"GET", "/metrics", token, get_metrics, any},
  };
  return table;
}

// "agent": who asks for what only a node has learns whom it speaks to. The
// words are those that a dialling agent knows (tunnel/peer_probe.cpp).
void refuse_unknown(const call& call) {
  call.answer(404, {{"error", "no such resource: " + std::string(call.path())
                                + "; this is an agent, which has /.api/health, "
                                  "/.api/ready, /.api/stats and /metrics"},
                    {"agent", true}});
}

// -- refusals -----------------------------------------------------------------

admin::desk_ptr desk_of(const context_ptr& context) {
  const auto log
    = std::make_shared<refusal_log>(context->agent->log, "Status listener");
  const auto limits = std::make_shared<limit_log>(context->system.metrics());
  return std::make_shared<const admin::desk>(admin::desk{
    context->system, context->agent->units, "status",
    [context] { return context->token; },
    [log, limits](limit kind, std::string_view peer, std::string_view detail) {
      limits->on_limit(kind, peer, detail);
      const std::string name{to_string(kind)};
      log->write(name, std::string(peer) + " reached the limit " + name
                         + (detail.empty() ? "" : ": " + std::string(detail)));
    },
    [log](const admin::refused_request& refusal) {
      log->write(refusal.result == outcome::ok
                   ? refusal.why
                   : std::string(to_string(refusal.result)),
                 "refused " + in_words(refusal));
    }});
}

} // namespace

front_ptr make_agent_status(agent_status_context what) {
  const auto context
    = std::make_shared<const agent_status_context>(std::move(what));
  return std::make_shared<operator_front>(
    desk_of(context), [context](request one) {
      admin::serve_from<call>(resources(), call{context, std::move(one)},
                              refuse_unknown);
    });
}

} // namespace aps
