#include "tests/simulation/world.hpp"

#include "tests/support/peek.hpp"
#include "transports/seam/auth.hpp"

#include <caf/raise_error.hpp>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace aps::test {

// -- what is simulated --------------------------------------------------------

void sim_request::on_head(const response_head_ptr& head) {
  ++heads;
  status = head->status;
}

void sim_request::on_failed(outcome how, const std::string&) {
  ++ends;
  failure = how;
}

std::unique_ptr<listener> sim_network::listen(const listen_options&,
                                              std::shared_ptr<front>) {
  throw std::logic_error("simulations have no listeners");
}

std::shared_ptr<origin_client> sim_network::origins(const origin_options&) {
  return nullptr;
}

void sim_network::dial(executor&, const dial_options& options,
                       std::function<void(dial_result)> done) {
  if (down[options.transport])
    return agent_unit.post([done] {
      done({nullptr, link_error::refused, "simulated refusal"});
    });
  if (silent)
    return dials.push_back(
      {options.transport, agent_unit.now() + options.timeout, std::move(done)});
  connect(options.transport, done);
}

void sim_network::connect(transport_kind transport,
                          const std::function<void(dial_result)>& done) {
  auto node_end = std::make_shared<sim_link>(node_unit, transport);
  auto agent_end = std::make_shared<sim_link>(agent_unit, transport);
  connections.push_back({node_end, agent_end});
  node_unit.post([this, node_end] { to->on_link(node_end); });
  if (!done)
    return agent_end->end(link_error::none);
  agent_unit.post([done, agent_end] {
    done({agent_end, link_error::none, ""});
  });
}

void sim_network::end_silence() {
  silent = false;
  for (const auto& one : std::exchange(dials, {}))
    connect(one.transport, one.done);
}

void sim_network::give_up_dials() {
  for (auto& one : dials)
    if (one.done && one.deadline <= agent_unit.now())
      agent_unit.post([done = std::exchange(one.done, nullptr)] {
        done({nullptr, link_error::timed_out, "simulated silence"});
      });
}

struct sim_origin_client final : origin_client {
  sim_origin_client(world& in, std::string endpoint)
      : in_(in), endpoint_(std::move(endpoint)) {}

  served_exchange_ptr serve(executor& unit, exchange_id id,
                            request_head_ptr head,
                            uint32_t response_window) override {
    ++in_.executions_[id];
    ++in_.executions_by_endpoint_[{id, endpoint_}];
    auto served = std::make_shared<served_exchange>(unit, id, head,
                                                    response_window, 2048);
    auto performer = std::make_shared<sim_origin>();
    performer->to = served;
    performer->complete = head->last;
    performer->sick
      = in_.options_.sick_rate > 0 && in_.chance(in_.options_.sick_rate);
    served->set_origin(performer);
    in_.origins_.push_back(performer);
    return served;
  }

  world& in_;
  const std::string endpoint_;
};

// Silent, unless APS_SIM_LOG asks for the log lines of a replay.
std::shared_ptr<spdlog::logger> make_log() {
  if (std::getenv("APS_SIM_LOG") == nullptr)
    return std::make_shared<spdlog::logger>(
      "sim", std::make_shared<spdlog::sinks::null_sink_mt>());
  return std::make_shared<spdlog::logger>(
    "sim", std::make_shared<spdlog::sinks::stderr_sink_mt>());
}

// -- the world ----------------------------------------------------------------

world::world(world_options options)
    : options_(std::move(options)), random_(options_.seed),
      net_(std::make_shared<sim_network>()) {
  config_.set("caf.scheduler.policy", "testing");
  system_ = std::make_unique<caf::actor_system>(config_);
  scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(
    &system_->scheduler());
  scheduler_->clock().current_time += std::chrono::hours(1);
  auto log = make_log();

  auto context = std::make_shared<node_context>();
  config::node config;
  config.tunnels["t"] = options_.tunnel;
  config.tunnels["t"].password = "p";
  config.tunnels["t"].servers = {"main"};
  config::mapping rule;
  rule.from = {"http", "example.com", 80, ""};
  rule.to = {"http", "origin", 80, ""};
  rule.tunnels = {"t"};
  if (options_.retry)
    rule.retry = *options_.retry;
  config.mappings.push_back(rule);
  context->use(config);
  context->node_id = "sim";
  context->units = std::make_shared<unit_contexts>(*system_, *net_);
  context->tunnels = std::make_shared<tunnel_directory>();
  context->alarms = std::make_shared<alarm_clock>(*system_);
  context->logs = std::make_shared<log_set>(log);
  monitor_ = system_->spawn<monitor_impl>(log);
  context->monitor = monitor_;
  context_ = context;
  supervisor_ = system_->spawn<supervisor_impl>(context_);
  net_->to = std::make_shared<node_front>(*system_, context_, nullptr, 1);
  while (scheduler_->has_job())
    scheduler_->run_once();

  agent_units_ = std::make_shared<unit_contexts>(*system_, *net_);
  agent_live_ = std::make_shared<std::atomic<size_t>>(0);
  agent_context agent;
  agent.tunnel = "t";
  agent.endpoint = "e";
  agent.key = std::make_shared<published<std::string>>(derive_key("t", "p"));
  agent.transports = options_.transports;
  agent.net = net_.get();
  agent.units = agent_units_;
  agent.alarms = context_->alarms;
  agent.log = {log_component::agent, log};
  agent.live = agent_live_;
  agent.connections = std::make_shared<std::atomic<size_t>>(0);
  for (uint8_t i = 1; i <= options_.agents; ++i) {
    agent.session = {i};
    if (options_.apart)
      agent.endpoint = "e" + std::to_string(i);
    agent.origins = std::make_shared<sim_origin_client>(*this, agent.endpoint);
    agents_.push_back(system_->spawn<agent_impl>(
      std::make_shared<const agent_context>(agent)));
  }
}

world::~world() {
  for (auto& one : requests_)
    if (!one->what->over())
      net_->node_unit.run_inside([&] {
        one->what->cancel(outcome::visitor_gone);
      });
  for (const auto& one : agents_)
    compat::stop_anonymously(one);
  compat::stop_anonymously(supervisor_);
  compat::stop_anonymously(monitor_);
  agents_.clear();
  supervisor_ = nullptr;
  monitor_ = nullptr;
  bool more = true;
  while (more) {
    more = scheduler_->try_run_once();
    more |= net_->node_unit.run_one();
    more |= net_->agent_unit.run_one();
  }
  for (auto& one : net_->connections) {
    one.node_end->end(link_error::lost);
    one.agent_end->end(link_error::lost);
  }
  net_->to = nullptr;
  requests_.clear();
  origins_.clear();
  while (scheduler_->try_run_once() || net_->node_unit.run_one()
         || net_->agent_unit.run_one()) {
  }
  context_ = nullptr;
}

bool world::chance(double p) {
  return !calm_ && std::uniform_real_distribution<>(0, 1)(random_) < p;
}

void world::step() {
  switch (pick(16)) {
    case 0: case 1: case 2: case 3:
      run_actor();
      break;
    case 4: case 5:
      net_->node_unit.run_one();
      break;
    case 6: case 7:
      net_->agent_unit.run_one();
      break;
    case 8: case 9: case 10:
      deliver();
      break;
    case 11: case 12:
      act_visitors();
      break;
    case 13: case 14:
      act_origins();
      break;
    default:
      if (pick(4) == 0)
        advance(std::chrono::milliseconds(1 + pick(20)));
  }
  if (chance(options_.cut_rate))
    cut();
  if (chance(options_.abandon_rate))
    abandon();
  if (chance(options_.blackout_rate))
    blackout();
  if (on_step)
    on_step();
}

void world::run_actor() {
  auto& jobs = scheduler_->jobs;
  if (jobs.empty())
    return;
  std::rotate(jobs.begin(), jobs.begin() + ptrdiff_t(pick(jobs.size())),
              jobs.end());
  scheduler_->run_once();
}

// Some of what waits in one direction of one connection.
void world::deliver() {
  net_->give_up_dials();
  if (net_->silent)
    return;
  auto& all = net_->connections;
  std::erase_if(all, [](const auto& one) {
    return one.node_end->closed && one.agent_end->closed
           && one.node_end->out.empty() && one.agent_end->out.empty();
  });
  if (all.empty())
    return;
  auto one = all[pick(all.size())];
  if (net_->node_unit.now() < one.silent_until)
    return;
  const auto to_node = pick(2) == 0;
  auto& from = to_node ? *one.agent_end : *one.node_end;
  auto& to = to_node ? *one.node_end : *one.agent_end;
  auto& unit = to_node ? net_->node_unit : net_->agent_unit;
  if (from.out.empty()) {
    // A closing handshake arrives after everything that was sent.
    if (from.closed)
      unit.run_inside([&] { to.end(link_error::none); });
    return;
  }
  if (!to.closed && !to.started())
    return; // nobody reads yet
  frame_batch batch;
  const auto count = 1 + pick(from.out.size());
  for (size_t i = 0; i < count; ++i) {
    batch.push_back(std::move(from.out.front()));
    from.out.pop_front();
  }
  if (!to.closed)
    unit.run_inside([&] { to.receive(std::move(batch)); });
}

// A reset: what is under way is lost; the ends learn of it in any order.
void world::cut() {
  auto& all = net_->connections;
  if (all.empty())
    return;
  auto one = all[pick(all.size())];
  one.node_end->out.clear();
  one.agent_end->out.clear();
  const auto end_node = [one] { one.node_end->end(link_error::lost); };
  const auto end_agent = [one] { one.agent_end->end(link_error::lost); };
  if (pick(2) == 0) {
    net_->node_unit.post(end_node);
    net_->agent_unit.post(end_agent);
  } else {
    net_->agent_unit.post(end_agent);
    net_->node_unit.post(end_node);
  }
}

// A link that stalls: one end gives it up, yet what is under way arrives
// later at an end that knows nothing of that.
void world::abandon() {
  auto& all = net_->connections;
  if (all.empty())
    return;
  auto& one = all[pick(all.size())];
  one.silent_until = net_->node_unit.now()
                     + std::chrono::milliseconds(pick(500));
  const auto end = pick(2) == 0 ? one.node_end : one.agent_end;
  auto& unit = end == one.node_end ? net_->node_unit : net_->agent_unit;
  unit.post([end] { end->end(link_error::stalled); });
}

void world::blackout() {
  const auto kind = options_.transports[pick(options_.transports.size())];
  if (net_->down[kind])
    net_->down[kind] = false;
  else
    take_down(kind);
}

void world::take_down(transport_kind transport) {
  net_->down[transport] = true;
  for (auto& one : net_->connections)
    if (one.node_end->transport() == transport) {
      one.node_end->out.clear();
      one.agent_end->out.clear();
      net_->node_unit.post([one] { one.node_end->end(link_error::lost); });
      net_->agent_unit.post([one] { one.agent_end->end(link_error::lost); });
    }
}

void world::take_network_down() {
  for (const auto kind : options_.transports)
    take_down(kind);
}

void world::calm_down() {
  calm_ = true;
  net_->down.clear();
}

std::shared_ptr<sim_request> world::ask(std::string method,
                                        std::string question) {
  auto head = std::make_shared<request_head>();
  head->method = std::move(method);
  head->last = question.empty();
  visitor_request address;
  address.host = "example.com";
  auto one = std::make_shared<sim_request>();
  one->question = std::move(question);
  one->what = std::make_shared<exchange>(
    net_->node_unit, net_->to->next_id(), head,
    exchange_facts{"127.0.0.1", "id",
                   std::get<visitor_entry>(net_->to->admit(address)).via},
    one, 2048);
  net_->node_unit.run_inside([&] { net_->to->start(one->what); });
  requests_.push_back(one);
  return one;
}

void world::act_visitors() {
  if (!calm_ && requests_.size() < options_.requests && pick(8) == 0) {
    std::string question(pick(2) == 0 ? 0 : pick(options_.max_body), '\0');
    for (auto& c : question)
      c = char('a' + pick(26));
    const auto method = question.empty() ? "GET" : "POST";
    ask(method, std::move(question));
    return;
  }
  if (requests_.empty())
    return;
  auto one = requests_[pick(requests_.size())];
  if (one->what->over() && one->consumed == one->body.size())
    return;
  net_->node_unit.run_inside([&] {
    auto& to = *one->what;
    if (chance(options_.cancel_rate) && !to.over()) {
      one->cancelled = true;
      return to.cancel(outcome::visitor_gone);
    }
    to.consumed(one->body.size() - one->consumed);
    one->consumed = one->body.size();
    const auto part = std::min(to.room(), one->question.size() - one->asked);
    if (part > 0)
      to.send_body(slice::copy(one->question.substr(one->asked, part)));
    one->asked += part;
    if (one->asked == one->question.size() && !one->question.empty()
        && !std::exchange(one->question_ended, true))
      to.send_end({});
  });
}

// The origin echoes, backwards, after an interim answer.
void world::act_origins() {
  std::erase_if(origins_, [](const auto& one) {
    return one->cancelled || one->ended || one->to.expired();
  });
  if (origins_.empty())
    return;
  auto one = origins_[pick(origins_.size())];
  auto to = one->to.lock();
  net_->agent_unit.run_inside([&] {
    to->consumed(one->body.size() - one->consumed);
    one->consumed = one->body.size();
    if (!one->complete)
      return;
    if (!std::exchange(one->head_sent, true)) {
      // Behind an interim one nothing is asked of others.
      auto interim = std::make_shared<response_head>();
      interim->status = 103;
      if (!options_.retry)
        to->send_head(interim);
      auto head = std::make_shared<response_head>();
      head->status = one->sick ? 503 : 200;
      to->send_head(head);
      one->reply.assign(one->body.rbegin(), one->body.rend());
      one->reply += "#" + std::to_string(to->id());
    }
    const auto part = std::min(to->room(), one->reply.size() - one->replied);
    if (part > 0)
      to->send_body(slice::copy(one->reply.substr(one->replied, part)));
    one->replied += part;
    if (one->replied == one->reply.size() && !std::exchange(one->ended, true))
      to->send_end({});
  });
}

bool world::quiet() const {
  return requests_.size() >= options_.requests
         && std::all_of(requests_.begin(), requests_.end(), [](auto& one) {
              return one->cancelled || one->ends > 0;
            });
}

bool world::run() {
  settle(std::chrono::seconds(1)); // the agent connects
  for (size_t i = 0; i < 400000; ++i) {
    step();
    if (i % 64 == 0 && quiet())
      return true;
  }
  return false;
}

void world::advance(duration by) {
  scheduler_->clock().advance_time(by);
  net_->node_unit.advance(by);
  net_->agent_unit.advance(by);
}

void world::settle(duration time) {
  const auto was = std::exchange(calm_, true);
  const auto end = scheduler_->clock().current_time + time;
  while (scheduler_->clock().current_time < end) {
    for (int i = 0; i < options_.pace; ++i)
      step();
    advance(std::chrono::milliseconds(100));
  }
  calm_ = was;
}

std::vector<const controller_state*> world::controllers() {
  std::vector<const controller_state*> out;
  const auto tunnels = context_->tunnels->get();
  for (const auto& [name, tunnel] : *tunnels)
    for (const auto* one :
         peek::controllers(peek::state_of<tunnel_impl>(tunnel)))
      out.push_back(one);
  return out;
}

std::vector<const pool_state*> world::pools() {
  std::vector<const pool_state*> out;
  for (const auto* controller : controllers())
    for (const auto* one : peek::pools(*controller))
      out.push_back(one);
  return out;
}

size_t world::parked() {
  size_t sum = 0;
  for (const auto* controller : controllers())
    sum += peek::parked(*controller);
  return sum;
}

bool world::nothing_under_way() {
  return !scheduler_->has_job() && net_->node_unit.idle()
         && net_->agent_unit.idle()
         && std::all_of(net_->connections.begin(), net_->connections.end(),
                        [](const auto& one) {
                          return one.node_end->out.empty()
                                 && one.agent_end->out.empty();
                        });
}

node_snapshot world::snapshot() {
  node_snapshot out;
  bool done = false;
  caf::scoped_actor self{*system_, true};
  auto handle = self->request(supervisor_, std::chrono::seconds(10),
                              get_snapshot{});
  while (scheduler_->try_run_once() || net_->node_unit.run_one()
         || net_->agent_unit.run_one()) {
  }
  handle.receive([&](node_snapshot& all) { out = std::move(all); done = true; },
                 [](const caf::error&) {});
  if (!done)
    throw std::runtime_error("the supervisor did not answer");
  return out;
}

size_t world::pool_leases() {
  size_t sum = 0;
  for (const auto& tunnel : snapshot().tunnels)
    for (const auto& endpoint : tunnel.endpoints)
      for (const auto& pool : endpoint.controller.pools)
        sum += pool.leases + pool.waiting;
  return sum;
}

} // namespace aps::test
