#pragma once

#include "actors/events.hpp"
#include "config/tls/certificates.hpp"
#include "transports/seam/tls/tls_material.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aps {

/// The certificates of a node's servers, and what authorities say of them
/// (OCSP): read at the start, and again when a file changed or the host says
/// so. What is wrong with new ones is told, and the old ones stay; so is it
/// when one ends soon. Reading files may take long, so it happens on a thread
/// of its own. Thread: any.
class certificate_watch {
 public:
  using renewal = std::function<void(const tls_material&)>;

  /// Called on the watch's thread, or within `look`.
  struct outlets {
    std::function<void(event)> tell;
    std::function<void(const std::string& server, int64_t days)> show;
    std::function<int64_t()> now = &config::seconds_now; ///< s since 1970
  };

  explicit certificate_watch(outlets to);

  /// As `stop`.
  ~certificate_watch();

  certificate_watch(const certificate_watch&) = delete;
  certificate_watch& operator=(const certificate_watch&) = delete;

  /// Reads the files of a server. Throws std::runtime_error naming key and
  /// file. Its names are `server`'s from now on.
  tls_material_ptr add(const std::string& server, const config::tls& settings);

  /// Who is to be given a server's new certificates; may throw
  /// std::runtime_error, and has changed nothing then.
  void use(const std::string& server, renewal renew);

  /// Other files for a server from now on. Does not look yet.
  void change(const std::string& server, const config::tls& settings);

  /// Whom visitors reach over TLS: certificates that are for these stay so.
  void use(std::vector<std::string> hosts);

  /// Looks every few seconds.
  void start();

  /// Looks now: at changed files, or with `all` at every one.
  void look(bool all);

  /// Joins the thread; nobody is called any more.
  void stop();

 private:
  /// What shows that a file is another one.
  struct stamp {
    int64_t written_ns = 0;
    uint64_t size = 0;
    uint64_t inode = 0;
    bool operator==(const stamp&) const = default;
  };

  struct served {
    config::tls settings;
    std::vector<stamp> stamps;                   ///< as of the last look
    std::vector<config::certificate_pair> pairs; ///< in use
    std::string client_ca;                       ///< PEM, in use
    renewal renew;
    bool changed = false;    ///< `settings`, since the last renewal
    int64_t warned_days = 0; ///< the last threshold that was told; 0 = none
    std::vector<bool> told_over; ///< of each pair: its OCSP response is over
  };

  static std::vector<stamp> stamps_of(const config::tls& settings);
  static tls_material_ptr material_of(const served& server);
  void read(served& to) const;
  void look_at(const std::string& name, served& server, bool all);
  void renew(const std::string& name, served& server);
  void look_at_names(const served& before, const served& fresh) const;
  void look_at_end(const std::string& name, served& server);
  void look_at_responses(const std::string& name, served& server);
  static bool has_same_chains(const served& x, const served& y);
  void tell(event_kind kind, const std::string& text);
  void run();

  const outlets to_;
  std::mutex mutex_; ///< for all below; held while files are read
  std::map<std::string, served> all_;
  std::vector<std::string> hosts_;
  std::mutex wait_mutex_;
  std::condition_variable wait_;
  bool over_ = false; ///< by wait_mutex_
  std::thread thread_;
};

} // namespace aps
