#include "actors/node.hpp"

#include "actors/admin/admin_front.hpp"
#include "actors/base/certificate_watch.hpp"
#include "actors/base/wait.hpp"
#include "actors/path/front/node_front.hpp"
#include "actors/path/front/stream_doors.hpp"
#include "actors/path/supervisor.hpp"
#include "actors/watch/monitor.hpp"
#include "config/answers/live_answers.hpp"
#include "config/diff.hpp"
#include "config/streams/tls_names.hpp"
#include "config/syntax/text.hpp"
#include "transports/seam/auth.hpp"
#include "transports/seam/limits/hold.hpp"
#include "transports/seam/process/wall_clock.hpp"

#include <spdlog/logger.h>

namespace aps {

namespace {

http_limits limits_of(const config::http& settings) {
  http_limits out;
  out.max_header_bytes = settings.max_header_bytes;
  out.max_headers = settings.max_headers;
  out.max_body_bytes = settings.max_body_bytes;
  out.header_timeout = to_duration(settings.header_timeout);
  out.body_timeout = to_duration(settings.body_timeout);
  out.idle_timeout = to_duration(settings.idle_timeout);
  out.first_byte_timeout = to_duration(settings.first_byte_timeout);
  out.write_timeout = to_duration(settings.write_timeout);
  out.min_receive_rate = settings.min_receive_rate;
  out.min_send_rate = settings.min_send_rate;
  out.half_close_timeout = to_duration(settings.half_close_timeout);
  out.continue_timeout = to_duration(settings.continue_timeout);
  out.discard_timeout = to_duration(settings.discard_timeout);
  out.discard_bytes = settings.discard_bytes;
  out.error_detail = settings.error_detail;
  out.handshake_timeout = to_duration(settings.handshake_timeout);
  return out;
}

stream_limits limits_of(const config::streams& settings) {
  return {to_duration(settings.idle_timeout),
          to_duration(settings.write_timeout),
          to_duration(settings.udp_idle_timeout)};
}

std::map<uint32_t, origin_tls>
files_of(const std::vector<config::mapping>& mappings) {
  std::map<uint32_t, origin_tls> out;
  for (const auto& rule : mappings)
    if (const auto number = origin_tls_of(rule); number != 0)
      out[number] = {rule.tls->ca, rule.tls->cert, rule.tls->key};
  return out;
}

origin_options origins_of(const config::node& all) {
  const auto& settings = all.targets;
  origin_options out;
  out.tls = files_of(all.mappings);
  out.connect_timeout = to_duration(settings.connect_timeout);
  out.read_timeout = to_duration(settings.read_timeout);
  out.send_timeout = to_duration(settings.send_timeout);
  out.min_rate = settings.min_rate;
  return out;
}

connection_limits limits_of(const config::limits& settings) {
  connection_limits out;
  out.total = settings.max_connections;
  out.per_address = settings.max_connections_per_address;
  out.unauthenticated = settings.max_unauthenticated;
  out.unauthenticated_per_address = settings.max_unauthenticated_per_address;
  out.handshakes_per_address = settings.max_handshakes_per_address;
  out.trusted = settings.trusted;
  return out;
}

// What a reload says about itself; `stay` = why the mappings do.
std::string reload_text(const std::vector<std::string>& used,
                        std::vector<std::string> left,
                        const std::string& stay) {
  std::string out = used.empty() ? "" : "in use: " + config::listed(used);
  const auto add = [&out](const std::string& part) {
    out += (out.empty() ? "" : "; ") + part;
  };
  if (!stay.empty())
    std::erase_if(left,
                  [](const auto& key) { return key.starts_with("mappings"); });
  if (!left.empty())
    add("these take a restart: " + config::listed(left));
  if (!stay.empty())
    add("all mappings stay as they were: " + stay);
  return out.empty() ? "nothing changed" : out;
}

// Threads that derive the keys of tunnels that agents dial.
constexpr size_t key_workers = 2;

// How long a reload waits for those who read what was before.
constexpr auto patience_with_readers = std::chrono::seconds(1);

// How long the last words to operators may take.
constexpr auto farewell_of_operators = std::chrono::seconds(1);

class node_impl final : public node {
 public:
  node_impl(caf::actor_system& system, const config::node& config,
            std::shared_ptr<network> net, std::shared_ptr<spdlog::logger> log,
            node_options options)
      : system_(system), net_(std::move(net)),
        logs_(log, config.log.format == "json"), options_(std::move(options)) {
    for (const auto& name : log_component_names())
      if (const auto i = config.log.components.find(name);
          i != config.log.components.end())
        logs_.set_level(name, spdlog::level::from_str(i->second));
    auto context = std::make_shared<node_context>();
    context->node_id = to_hex(random_bytes(8));
    context->version = options_.version;
    context->units = std::make_shared<unit_contexts>(system, *net_);
    context->keys = std::make_shared<tunnel_keys>(key_workers);
    context->tunnels = std::make_shared<tunnel_directory>();
    context->alarms = std::make_shared<alarm_clock>(system);
    context->logs = std::make_shared<log_set>(logs_);
    context->limits = std::make_shared<limit_log>(system.metrics());
    context->monitor = system.spawn<monitor_impl>(
      logs_, context->node_id, context->request_watch,
      std::make_shared<event_metrics>(system.metrics()), context->limits);
    context->limits->set_monitor(context->monitor);
    context->publications = std::make_shared<publication_table>();
    context->use(config);
    context_ = context;
    watch_exceptions();
    watch_certificates();
    recorders_ = std::make_shared<exchange_recorders>(system, context_, logs_,
                                                      *net_);
    supervisor_ = system.spawn<supervisor_impl>(context_);
    try {
      open_ports();
      opened_ = true;
    } catch (...) {
      stop(std::chrono::milliseconds(0));
      throw;
    }
  }

  ~node_impl() override { stop(std::chrono::milliseconds(0)); }

  const std::map<std::string, uint16_t>& ports() const noexcept override {
    return ports_;
  }

  uint16_t admin_port() const noexcept override {
    return admin_ ? admin_->port() : 0;
  }

  uint16_t grpc_port() const noexcept override {
    return grpc_ ? grpc_->port() : 0;
  }

  bool reload(const config::node& fresh) override {
    using change = config::mapping_change;
    std::shared_ptr<const configuration> before = context_->in_effect->get();
    const auto& running = before->config;
    auto stay = config::why_mappings_stay(running, fresh);
    auto next = context_->prepare(config::in_effect(
      running, fresh, stay.empty() ? change::whole : change::rules));
    *config_stale_ = false;
    if (stay.empty() && next.config.mappings != running.mappings) {
      stay = open_for(next.config.mappings);
      if (!stay.empty()) {
        *config_stale_ = true;
        log().error("The mappings are not used: {}", stay);
        next
          = context_->prepare(config::in_effect(running, fresh, change::rules));
      }
    }
    const auto left = config::changed_keys(next.config, fresh);
    event done{event_kind::config_reloaded};
    done.detail
      = reload_text(config::changed_keys(running, next.config), left, stay);
    context_->use(std::move(next));
    tell_parts(done);
    let_go(std::move(before));
    return !left.empty();
  }

  void note_broken_config() override { *config_stale_ = true; }

  monitor_actor monitor() const override { return context_->monitor; }

  const component_log& log() const noexcept override {
    return logs_.of(log_component::node);
  }

  // Each step takes away what the next one relies on being quiet.
  void stop(std::chrono::milliseconds grace) override {
    if (stopped_)
      return;
    stopped_ = true;
    *draining_ = true;
    // 1. Nothing new comes in; agents are told to go.
    for (auto& one : listeners_)
      one->stop_accepting();
    doors_.stop_accepting();
    published_doors_.stop_accepting();
    if (front_)
      front_->drain();
    if (opened_)
      compat::enqueue(nullptr, context_->monitor,
                      event{event_kind::node_draining});
    compat::enqueue(nullptr, supervisor_, drain{});
    // 2. Live exchanges end; draining connections close behind them.
    wait_until(grace, [this] { return visitors() == 0; });
    // 3. The rest is cut: actors end first, so that nobody redials a link
    //    that the listeners close; then sockets.
    stop_and_wait(system_, supervisor_);
    admin_.reset();
    if (grpc_)
      grpc_->stop(farewell_of_operators);
    certificates_->stop();
    listeners_.clear();
    doors_.close();
    published_doors_.close();
    if (front_)
      front_->close();
    // 4. Nothing on the I/O side may talk to actors once the host lets go of
    //    the actor system.
    exception_watch_.reset();
    context_->keys->stop();
    context_->access->stop();
    wait_until(std::chrono::seconds(5),
               [this] { return context_->units->users() == 0; });
    recorders_->close();
    context_->limits->close();
    stop_and_wait(system_, context_->monitor);
    context_->alarms->stop();
    context_->units->leave();
  }

 private:
  // What mappings need of the world outside before somebody goes by them; all
  // of it or nothing. Returns why not, or "".
  std::string open_for(const std::vector<config::mapping>& mappings) {
    try {
      origins_->add_tls(files_of(mappings));
    } catch (const std::exception& error) {
      return error.what();
    }
    const auto published = published_doors_.make_way_for(mappings);
    auto why = doors_.apply(mappings);
    if (!why.empty())
      for (const auto& rule : published)
        published_doors_.open(rule);
    return why;
  }

  // Who does not look by itself hears of another configuration.
  void tell_parts(event& done) {
    const std::shared_ptr<const config::node> now = context_->config();
    compat::enqueue(nullptr, supervisor_,
                    reconfigure_node{now->tunnels, {now, &now->mappings}});
    compat::enqueue(nullptr, context_->monitor, std::move(done));
    certificates_->use(config::secure_hosts(now->mappings));
    for (const auto& [name, server] : now->servers)
      answers_.at(name)->set(server.error_pages, server.compress);
    for (const auto& [name, server] : now->servers)
      if (server.tls)
        certificates_->change(name, *server.tls);
    certificates_->look(true);
  }

  // Its last reader would have to take it apart, and has no time for that: a
  // unit's thread, or an actor.
  void let_go(std::shared_ptr<const configuration> former) {
    formers_.push_back(std::move(former));
    wait_until(patience_with_readers,
               [this] { return formers_.back().use_count() == 1; });
    std::erase_if(formers_,
                  [](const auto& each) { return each.use_count() == 1; });
  }

  void watch_exceptions() {
    if (const auto exceptions = net_->exceptions())
      exception_watch_ = exceptions->add(
        [to = context_->monitor](const std::string& text) {
          event failed{event_kind::handler_failed};
          failed.detail = text;
          compat::enqueue(nullptr, to, std::move(failed));
        });
  }

  void watch_certificates() {
    certificate_watch::outlets out;
    out.tell = [to = context_->monitor](event news) {
      compat::enqueue(nullptr, to, std::move(news));
    };
    out.show = [&registry = system_.metrics()](const std::string& server,
                                               int64_t days) {
      registry
        .gauge_instance("aps", "certificate-days-left",
                        {{"server", caf::string_view{server}}},
                        "Days until a server's certificate ends.")
        ->value(days);
    };
    certificates_ = std::make_unique<certificate_watch>(std::move(out));
    const auto config = context_->config();
    certificates_->use(config::secure_hosts(config->mappings));
  }

  void open_ports() {
    supervisor_ready();
    const auto hop = std::make_shared<node_hop>("aps-" + context_->node_id);
    const auto config = context_->config();
    origins_ = net_->origins(origins_of(*config));
    front_ = std::make_shared<node_front>(system_, context_, origins_, 0,
                                          recorders_);
    // Tunnels end before this does.
    context_->publications->use(publication_table::port_keeper{
      [this](const config::mapping& rule) {
        return published_doors_.open(rule);
      },
      [this](const config::mapping& rule) { published_doors_.close(rule); }});
    for (const auto& [server_name, settings] : config->servers) {
      listen_options options;
      options.name = server_name;
      options.key = config::member_path("$.servers", server_name);
      options.host = settings.host;
      options.port = settings.port;
      options.agents = config->takes_agents(server_name);
      options.limits = limits_of(settings.http);
      options.connections = limits_of(config->limits);
      options.trusted_proxies = settings.trusted_proxies;
      options.agent_origins = settings.agent_origins;
      options.proxy_protocol = settings.proxy_protocol;
      options.hop = hop;
      options.answers = answers_[server_name]
        = std::make_shared<live_answers>();
      options.answers->set(settings.error_pages, settings.compress);
      options.redirect_https = static_cast<uint16_t>(settings.redirect_https);
      options.streams = limits_of(config->streams);
      if (settings.tls)
        options.tls = certificates_->add(server_name, *settings.tls);
      listeners_.push_back(net_->listen(options, front_));
      ports_[server_name] = listeners_.back()->port();
      if (settings.tls)
        certificates_->use(
          server_name, [port = listeners_.back().get()](
                         const tls_material& fresh) { port->renew(fresh); });
    }
    certificates_->start();
    doors_.leave(config::tls_server_ports(*config));
    if (const auto why = doors_.apply(config->mappings); !why.empty())
      throw std::runtime_error(why);
    context_->publications->use(public_servers());
    if (const auto& admin = config->admin) {
      auto options = operator_listener("admin", admin->host, admin->port);
      options.key = "$.admin";
      options.connections = limits_of(config->limits);
      const auto shown = make_admin();
      admin_ = net_->listen(options, std::make_shared<admin_front>(shown));
      if (admin->grpc)
        open_grpc(shown);
    }
  }

  std::unique_ptr<listener> open_stream(const config::mapping& rule,
                                        const std::string& key) {
    const auto& from = rule.from;
    const auto config = context_->config();
    const auto host = rule.is_named() ? "" : from.host; // it is no address
    listen_options options;
    options.name
      = rule.is_named() ? "tls://*:" + std::to_string(from.port) : from.str();
    options.key = key;
    options.host = host.empty() ? "0.0.0.0" : host;
    options.port = from.port;
    options.agents = false;
    options.limits = limits_of(config->http);
    options.connections = limits_of(config->limits);
    options.trusted_proxies = config->trusted_proxies;
    options.proxy_protocol = rule.accept_proxy;
    options.streams = limits_of(config->streams);
    options.stream = stream_address{from.scheme, host, from.port};
    return net_->listen(options, front_);
  }

  stream_doors::opener stream_opener() {
    return [this](const config::mapping& rule, const std::string& key) {
      return open_stream(rule, key);
    };
  }

  // Those that answer themselves.
  std::vector<publication_table::public_server> public_servers() const {
    std::vector<publication_table::public_server> out;
    const auto config = context_->config();
    for (const auto& [name, settings] : config->servers)
      if (settings.redirect_https == 0)
        out.push_back({settings.tls.has_value(), ports_.at(name)});
    return out;
  }

  void open_grpc(const admin::context_ptr& shown) {
    if (!options_.open_grpc)
      throw std::runtime_error("$.admin.grpc: this program speaks no gRPC");
    grpc_ = options_.open_grpc(shown);
  }

  admin::context_ptr make_admin() {
    return std::make_shared<const admin::context>(
      admin::context{system_, context_, supervisor_, recorders_, logs_,
                     std::make_shared<snapshot_metrics>(
                       system_.metrics(), sums(), options_.version),
                     options_, draining_, wall_clock_ms(), config_stale_});
  }

  // What others count, for the metrics.
  std::vector<outside_sum> sums() const {
    auto out = process_sums(net_->exceptions(), options_.log_dropped);
    out.push_back({"config-stale",
                   "1 = the configuration file is broken, or its mappings "
                   "cannot be used.",
                   [stale = config_stale_] { return uint64_t{stale->load()}; },
                   false});
    return out;
  }

  // The tunnels stand before the first agent can dial in.
  void supervisor_ready() {
    caf::scoped_actor self{system_};
    self->request(supervisor_, caf::infinite, get_snapshot{})
      .receive([](const node_snapshot&) {}, [](const caf::error&) {});
  }

  size_t visitors() const {
    size_t sum = 0;
    for (const auto& one : listeners_)
      sum += one->sessions();
    return sum + doors_.sessions() + published_doors_.sessions();
  }

  caf::actor_system& system_;
  std::shared_ptr<network> net_;
  node_context_ptr context_;
  log_set logs_;
  node_options options_;
  /// Former configurations that somebody still reads.
  std::vector<std::shared_ptr<const configuration>> formers_;
  std::shared_ptr<exchange_recorders> recorders_;
  std::shared_ptr<std::atomic<bool>> draining_
    = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> config_stale_
    = std::make_shared<std::atomic<bool>>(false);
  hold exception_watch_;
  std::unique_ptr<certificate_watch> certificates_;
  supervisor_actor supervisor_;
  std::shared_ptr<origin_client> origins_;
  std::shared_ptr<node_front> front_;
  std::vector<std::unique_ptr<listener>> listeners_;
  std::map<std::string, std::shared_ptr<live_answers>> answers_; // of servers
  stream_doors doors_{stream_opener()};
  stream_doors published_doors_{stream_opener()};
  std::unique_ptr<listener> admin_;
  std::unique_ptr<operator_door> grpc_;
  std::map<std::string, uint16_t> ports_;
  bool opened_ = false; ///< all ports
  bool stopped_ = false;
};

} // namespace

std::unique_ptr<node> spawn_node(caf::actor_system& system,
                                 const config::node& config,
                                 std::shared_ptr<network> net,
                                 std::shared_ptr<spdlog::logger> log,
                                 node_options options) {
  return std::make_unique<node_impl>(system, config, std::move(net),
                                     std::move(log), std::move(options));
}

} // namespace aps
