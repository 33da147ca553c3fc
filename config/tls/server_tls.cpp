// TLS of listeners and of targets: which files, and what is asked of the other
// side.
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_name = 4096; // of a file
constexpr size_t longest_host = 253;

void read_pair(reader& in, certificate& to) {
  to.place = in.path();
  in.require("cert", "a file");
  in.require("key", "a file");
  in.text("cert", to.cert, longest_name);
  in.text("key", to.key, longest_name);
}

void read_stapled_pair(reader& in, certificate& to) {
  read_pair(in, to);
  in.text("ocsp", to.ocsp, longest_name);
}

void read_more(reader& in, tls& to) {
  const auto* list = in.member("certificates");
  if (!list)
    return;
  const auto path = in.path("certificates");
  if (!list->is_array() || list->empty()) {
    in.fail(path, describe(*list), "a list of objects with cert and key");
    return;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    reader each{&(*list)[i], element_path(path, i), in.wrong()};
    read_stapled_pair(each, to.certificates.emplace_back());
    each.finish();
  }
}

} // namespace

void read_tls(reader&& in, std::optional<tls>& to) {
  if (!in)
    return;
  auto& settings = to.emplace();
  read_stapled_pair(in, settings.certificates.emplace_back());
  read_more(in, settings);
  in.word("min_version", settings.min_version, {"1.2", "1.3"});
  in.text("client_ca", settings.client_ca, longest_name);
  in.finish();
}

void read_operator_tls(reader&& in, std::optional<tls>& to) {
  if (!in)
    return;
  auto& settings = to.emplace();
  read_pair(in, settings.certificates.emplace_back());
  in.text("client_ca", settings.client_ca, longest_name);
  in.finish();
}

void read_target_tls(reader& mapping_in, mapping& to) {
  auto in = mapping_in.object("tls");
  if (!in)
    return;
  auto& settings = to.tls.emplace();
  in.text("ca", settings.ca, longest_name);
  in.text("cert", settings.cert, longest_name);
  in.text("key", settings.key, longest_name);
  in.text("server_name", settings.server_name, longest_host);
  const auto refuse
    = [&](const char* key, const std::string& found, const char* allowed) {
        in.fail(in.path(key), found, allowed);
      };
  if (settings.cert.empty() != settings.key.empty())
    refuse(settings.cert.empty() ? "cert" : "key", "nothing",
           "a file, as cert and key belong together");
  if (!settings.server_name.empty() && !is_dns_name(settings.server_name)
      && !is_ipv6(settings.server_name))
    refuse("server_name", describe(*in.member("server_name")),
           "the name of a host, or an address");
  if (to.to.scheme != "https" && !to.to.scheme.empty())
    mapping_in.fail(in.path(), "a target of " + to.to.scheme + "://",
                    "tls for targets of https:// only");
  if (settings.has_files() && !to.tunnels.empty())
    mapping_in.fail(in.path(), "files, with via",
                    "server_name alone where agents call the target: they have "
                    "-ca-file, -target-cert and -target-key of their own");
  in.finish();
}

} // namespace aps::config
