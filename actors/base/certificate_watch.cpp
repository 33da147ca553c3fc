#include "actors/base/certificate_watch.hpp"

#include "config/syntax/expand.hpp"
#include "config/syntax/text.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace aps {

namespace {

constexpr std::chrono::seconds look_interval{2};

// Days before the end of a certificate at which it is told.
constexpr std::array<int64_t, 3> warning_days{1, 7, 30};

template <class T>
T good(std::variant<T, config::problem> found) {
  if (const auto* wrong = std::get_if<config::problem>(&found))
    throw std::runtime_error(wrong->str());
  return std::move(std::get<T>(found));
}

std::string days_text(int64_t days) {
  if (days < 0)
    return "is over";
  return "ends in " + std::to_string(days) + (days == 1 ? " day" : " days");
}

} // namespace

certificate_watch::certificate_watch(outlets to) : to_(std::move(to)) {}

certificate_watch::~certificate_watch() {
  stop();
}

// -- files --------------------------------------------------------------------

std::vector<certificate_watch::stamp>
certificate_watch::stamps_of(const config::tls& settings) {
  std::vector<stamp> out;
  const auto add = [&out](const std::string& name) {
    struct stat now {};
    auto& added = out.emplace_back();
    if (::stat(name.c_str(), &now) != 0)
      return;
    added.written_ns
      = int64_t{now.st_mtim.tv_sec} * 1'000'000'000 + now.st_mtim.tv_nsec;
    added.size = static_cast<uint64_t>(now.st_size);
    added.inode = now.st_ino;
  };
  for (const auto& each : settings.certificates) {
    add(each.cert);
    add(each.key);
    if (!each.ocsp.empty())
      add(each.ocsp);
  }
  if (!settings.client_ca.empty())
    add(settings.client_ca);
  return out;
}

void certificate_watch::read(served& to) const {
  const auto& settings = to.settings;
  to.pairs.clear();
  for (const auto& files : settings.certificates)
    to.pairs.push_back(good(
      config::read_certificate(files, config::system_source(), to_.now())));
  to.client_ca.clear();
  if (!settings.client_ca.empty())
    to.client_ca = good(config::read_authorities(
      settings.client_ca, config::system_source(), "$.client_ca"));
}

tls_material_ptr certificate_watch::material_of(const served& server) {
  auto out = std::make_shared<tls_material>();
  out->only_tls13 = server.settings.min_version == "1.3";
  out->client_ca = server.client_ca;
  for (const auto& pair : server.pairs)
    out->pairs.push_back({pair.chain, pair.key, pair.names, pair.key_type,
                          pair.ocsp.der, pair.ocsp.until});
  return out;
}

// -- servers ------------------------------------------------------------------

tls_material_ptr certificate_watch::add(const std::string& server,
                                        const config::tls& settings) {
  std::lock_guard guard{mutex_};
  auto& added = all_[server];
  added.settings = settings;
  added.stamps = stamps_of(settings);
  read(added);
  look_at_end(server, added);
  look_at_responses(server, added);
  return material_of(added);
}

void certificate_watch::use(const std::string& server, renewal renew) {
  std::lock_guard guard{mutex_};
  all_.at(server).renew = std::move(renew);
}

void certificate_watch::change(const std::string& server,
                               const config::tls& settings) {
  std::lock_guard guard{mutex_};
  const auto i = all_.find(server);
  if (i == all_.end() || i->second.settings == settings)
    return;
  i->second.settings = settings;
  i->second.changed = true;
}

void certificate_watch::look(bool all) {
  std::lock_guard guard{mutex_};
  for (auto& [name, server] : all_)
    look_at(name, server, all);
}

void certificate_watch::look_at(const std::string& name, served& server,
                                bool all) {
  // Before the files: what changes while they are read is seen next time.
  auto stamps = stamps_of(server.settings);
  if (all || stamps != server.stamps) {
    server.stamps = std::move(stamps);
    renew(name, server);
  }
  look_at_end(name, server);
  look_at_responses(name, server);
}

bool certificate_watch::has_same_chains(const served& x, const served& y) {
  return std::equal(
           x.pairs.begin(), x.pairs.end(), y.pairs.begin(), y.pairs.end(),
           [](const auto& a, const auto& b) { return a.chain == b.chain; })
         && x.client_ca == y.client_ca;
}

void certificate_watch::renew(const std::string& name, served& server) {
  try {
    auto fresh = server;
    read(fresh);
    if (fresh.pairs == server.pairs && fresh.client_ca == server.client_ca
        && !server.changed)
      return;
    look_at_names(server, fresh);
    const bool settings_changed = std::exchange(fresh.changed, false);
    fresh.warned_days = 0;
    fresh.told_over.clear();
    if (server.renew)
      server.renew(*material_of(fresh));
    const bool same = has_same_chains(server, fresh);
    server = std::move(fresh);
    tell(event_kind::certificate_renewed,
         "Server " + name
           + (same && !settings_changed ? " has new OCSP responses"
                                        : " has new certificates"));
  } catch (const std::exception& error) {
    tell(event_kind::certificate_refused,
         "Server " + name + " keeps its certificates: " + error.what());
  }
}

void certificate_watch::use(std::vector<std::string> hosts) {
  const std::lock_guard guard{mutex_};
  hosts_ = std::move(hosts);
}

// Throws what visitors would: another name.
void certificate_watch::look_at_names(const served& before,
                                      const served& fresh) const {
  const auto names_of = [](const served& server) {
    std::vector<std::string> out;
    for (const auto& pair : server.pairs)
      out.insert(out.end(), pair.names.begin(), pair.names.end());
    return out;
  };
  const auto known = names_of(before);
  std::vector<std::string> hosts;
  for (const auto& host : hosts_)
    if (config::uncovered({host}, known).empty())
      hosts.push_back(host);
  const auto names = names_of(fresh);
  if (const auto lost = config::uncovered(hosts, names); !lost.empty())
    throw std::runtime_error("they are for " + config::joined(names)
                             + ", and none for " + lost
                             + ", which a mapping has");
}

// Once at each threshold, and for the nearest one alone.
void certificate_watch::look_at_end(const std::string& name, served& server) {
  if (server.pairs.empty())
    return;
  const auto first = std::min_element(
    server.pairs.begin(), server.pairs.end(),
    [](const auto& x, const auto& y) { return x.not_after < y.not_after; });
  const auto days = config::days_left(first->not_after, to_.now());
  if (to_.show)
    to_.show(name, days);
  const auto passed = std::find_if(warning_days.begin(), warning_days.end(),
                                   [days](auto each) { return days <= each; });
  if (passed == warning_days.end()
      || (server.warned_days != 0 && server.warned_days <= *passed))
    return;
  server.warned_days = *passed;
  tell(event_kind::certificate_ends, "The certificate of server " + name
                                       + " for " + first->names.front() + " "
                                       + days_text(days));
}

// Once for each that is over; who needs one asks the authority then.
void certificate_watch::look_at_responses(const std::string& name,
                                          served& server) {
  server.told_over.resize(server.pairs.size());
  for (size_t i = 0; i < server.pairs.size(); ++i) {
    const auto& pair = server.pairs[i];
    if (server.told_over[i] || !pair.ocsp.over(to_.now()))
      continue;
    server.told_over[i] = true;
    tell(event_kind::certificate_ends, "The OCSP response of server " + name
                                         + " for " + pair.names.front()
                                         + " is over and not shown any more");
  }
}

void certificate_watch::tell(event_kind kind, const std::string& text) {
  if (!to_.tell)
    return;
  event out{kind};
  out.detail = text;
  to_.tell(std::move(out));
}

// -- thread -------------------------------------------------------------------

void certificate_watch::start() {
  thread_ = std::thread{[this] { run(); }};
}

void certificate_watch::run() {
  std::unique_lock guard{wait_mutex_};
  while (!wait_.wait_for(guard, look_interval, [this] { return over_; })) {
    guard.unlock();
    look(false);
    guard.lock();
  }
}

void certificate_watch::stop() {
  {
    std::lock_guard guard{wait_mutex_};
    over_ = true;
  }
  wait_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

} // namespace aps
