#include "tools/agent/agent_flags.hpp"

#include "actors/base/transports.hpp"
#include "config/access/target_rules.hpp"
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/reader.hpp"
#include "tools/agent/http_proxy.hpp"
#include "tools/agent/publications.hpp"
#include "tools/cli/values.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/tls/client_tls.hpp"

#include <cstdlib>
#include <filesystem>

namespace aps {

namespace {

constexpr uint16_t default_port = 8080;
constexpr uint16_t default_tls_port = 443;
constexpr uint16_t default_status_port = 9091;
constexpr uint32_t max_threads = 1024;

/// Why `Parse` refuses a value; "" = it does not.
template <auto Parse>
std::string why_not(const std::string& text) {
  std::string error;
  Parse(text, error);
  return error;
}

std::string why_no_server(const std::string& text) {
  std::string error;
  parse_server(text, error);
  return error;
}

std::string why_no_pin(const std::string& text) {
  return is_pin(text) ? ""
                      : cli::quoted(text)
                          + " is no pin: sha256/ and the base64 of the "
                            "SHA-256 of a public key";
}

std::string why_no_dns(const std::string& text) {
  return config::is_dns_server(text)
           ? ""
           : cli::quoted(text)
               + " is no IP address, with :PORT unless it is 53";
}

std::string why_no_target(const std::string& text) {
  std::string error;
  return config::parse_target_rule(text, error)
           ? ""
           : cli::quoted(text) + " " + error;
}

std::string why_no_proxy(const std::string& text) {
  return config::lower_case(text) == no_proxy ? std::string{}
                                              : why_not<parse_http_proxy>(text);
}

/// A name that the node would take, too.
std::string why_no_name(const std::string& text) {
  if (is_foreign_name(text))
    return {};
  return cli::quoted(text) + " is no name: 1 to "
         + std::to_string(max_foreign_name)
         + " bytes of UTF-8 without control characters";
}

// "grpc, ws, poll (plain HTTP/1.1), "
std::string transport_words() {
  std::string out;
  for (const auto& row : transport_table) {
    out += row.word;
    if (!row.note.empty())
      out += " (" + std::string(row.note) + ")";
    out += ", ";
  }
  return out;
}

std::vector<std::string> transport_choices() {
  std::vector<std::string> out;
  for (const auto& row : transport_table)
    out.emplace_back(row.word);
  out.emplace_back("mix");
  return out;
}

bool has_password(const agent_flags& flags) {
  const auto* variable = std::getenv("APS_PASSWORD");
  return !flags.password.empty() || !flags.password_file.empty()
         || (variable && *variable);
}

} // namespace

void declare(cli::command_line& line, agent_flags& to, bool choice) {
  line.add({.names = "config",
            .value = "FILE",
            .help = "Configuration, JSON with comments: each flag is a key, "
                    "with _ for -, such as \"target_timeout\"; flags and "
                    "variables win",
            .key = ""},
           to.config);
  line.add({.names = "check",
            .value = "",
            .help = "Only validate command line and configuration",
            .key = ""},
           to.check);
  line.add({.names = "server",
            .value = "HOST:PORT",
            .help = "Node to dial, port 8080 if left out (443 with -tls), or "
                    "as a URL: https:// or wss:// for TLS, http:// or ws:// "
                    "without, port 443 or 80 if left out; several times or "
                    "separated by commas for several nodes",
            .required = true,
            .check = why_no_server},
           to.servers);
  line.add({.names = "tunnel",
            .value = "NAME",
            .help = "Tunnel to serve",
            .required = true,
            .check = why_no_name},
           to.tunnel);
  line.add({.names = "name,endpoint",
            .value = "NAME",
            .help = "Endpoint to be in the tunnel; agents of one name share "
                    "its requests; with -publish it may be left out: one of "
                    "its own then, made from the machine",
            .required = true,
            .unless = "publish,publish-file",
            .check = why_no_name},
           to.name);
  line.add({.names = "password",
            .value = "TEXT",
            .help = "Password of the tunnel; if left out, -password-file or "
                    "the environment variable APS_PASSWORD is read",
            .variable = "",
            .secret = true},
           to.password);
  line.add({"password-file", "FILE", "File with the password of the tunnel"},
           to.password_file);
  if (choice)
    line.add({"transport", "KIND",
              transport_words()
                + "or mix: gRPC and WebSocket at once, and polling when "
                  "neither gets through"},
             to.transport, transport_choices());
  line.add({.names = "publish",
            .value = "TARGET",
            .help = "Serve this target under a public name, which the node's "
                    "`publish` has to allow, and print its URL: a port of "
                    "this machine, HOST:PORT, a URL, tcp://HOST:PORT or "
                    "unix:/PATH; several times or "
                    "separated by commas for several",
            .check = why_not<parse_published_target>},
           to.publish);
  line.add_beside(
    {.names = "as",
     .value = "NAME",
     .help = "Name for the -publish before it: app1 (under the node's own "
             "domain), a host, host and path, or of tcp:// a port "
             "(:2222); if left out, it is named after -name",
     .variable = "",
     .check = why_no_public_name,
     .beside = "-publish"},
    to.publish_as, to.publish);
  line.add({"publish-file", "FILE",
            "More of them, JSON: {\"publish\": [3000, {\"publish\": "
            "\"https://localhost:3001\", \"as\": \"app1\"}]}"},
           to.publish_file);
  line.add({.names = "instance",
            .value = "NAME",
            .help = "Names this agent across its restarts, so that the node "
                    "drops its former life at once (default: made from machine "
                    "and slot)",
            .check = why_no_name},
           to.instance);
  line.add({.names = "proxy",
            .value = "URL",
            .help = "HTTP proxy to reach the nodes through (CONNECT), "
                    "http://[USER:PASSWORD@]HOST:PORT; if left out, the "
                    "environment's HTTPS_PROXY, but for the nodes that "
                    "NO_PROXY lists; none = none in any case",
            .check = why_no_proxy,
            .secret = true},
           to.proxy);
  line.add({"tls", "", "Dial over TLS, also where no address says so"}, to.tls);
  line.add({"ca", "FILE",
            "Trust these certificates for the node, PEM, instead of the "
            "system's"},
           to.ca);
  line.add({.names = "server-name",
            .value = "NAME",
            .help = "What the node's certificate has to be for (default: the "
                    "host of -server)",
            .check = why_no_name},
           to.server_name);
  line.add({"cert", "FILE", "Certificate to show to the node, PEM; takes -key"},
           to.cert);
  line.add({"key", "FILE", "Key of -cert, PEM, without a passphrase"}, to.key);
  line.add({.names = "pin",
            .value = "PIN",
            .help = "The node's public key has to be this one, sha256/... in "
                    "base64, beside all else that is checked; several times "
                    "or separated by commas for any of several",
            .check = why_no_pin},
           to.pins);
  line.add({"insecure", "",
            "Accept any certificate of the node: whoever is in between can "
            "read and change everything. With -pin the key alone counts, "
            "which is safe"},
           to.insecure);
  line.add({"insecure-target", "", "Accept any certificate of https targets"},
           to.insecure_target);
  line.add({"ca-file", "FILE",
            "More trusted certificates for https targets, PEM (default: those "
            "of the system alone)"},
           to.ca_file);
  line.add({"target-cert", "FILE",
            "Certificate to show to https targets that ask for one, PEM; takes "
            "-target-key"},
           to.target_cert);
  line.add(
    {"target-key", "FILE", "Key of -target-cert, PEM, without a passphrase"},
    to.target_key);
  line.add({.names = "dns",
            .value = "ADDRESS",
            .help = "DNS server (with :PORT, if it is not 53) to ask instead "
                    "of the system's resolver; several times or separated by "
                    "commas",
            .check = why_no_dns},
           to.dns);
  line.add({.names = "allow-target",
            .value = "PATTERN",
            .help
            = "Targets to ask, whatever the node says: names (app.test, "
              "*.app.test for all below it), IP addresses or CIDR blocks "
              "that names are held against once they are resolved, or *, "
              "with :PORT or :FROM-TO if not all ports are meant; several "
              "times or separated by commas (default: everything but "
              "link-local addresses and those of clouds' metadata, which "
              "no * and no name lets in either; with -publish what that "
              "names and nothing else)",
            .check = why_no_target},
           to.allow_targets);
  line.add({"target-connect-timeout", "SECONDS",
            "How long resolving, connecting to and shaking hands with a target "
            "may take"},
           to.target_connect_timeout, true);
  line.add({"target-timeout", "SECONDS",
            "How long a target may be silent inside an answer, or take nothing "
            "of a request; event streams and upgrades may be silent; 0 = for "
            "ever"},
           to.target_timeout);
  line.add({"target-min-rate", "BYTES",
            "Bytes per second that a target has to send or take, over "
            "-target-timeout; 0 = any"},
           to.target_min_rate);
  line.add({"threads", "COUNT", "I/O threads, 0 = one per core"}, to.threads,
           max_threads);
  line.add({"wait", "SECONDS",
            "End with exit code 4 when no node is connected within this time; "
            "0 = go on dialling"},
           to.wishes.wait);
  line.add({"once", "",
            "End with exit code 4 when the connection to the last node is "
            "lost, instead of dialling again"},
           to.wishes.once);
  line.add(
    {"exit-on-refusal", "",
     "End with exit code 3 when a node refuses this agent (password, "
     "tunnel, version), or the port takes none, instead of asking again"},
    to.wishes.exit_on_refusal);
  line.add({.names = "status",
            .value = "HOST:PORT",
            .help = "Tell over HTTP how this agent is (/.api/health, "
                    "/.api/ready, /.api/stats, /metrics), e.g. at "
                    "127.0.0.1:9091",
            .check = why_not<parse_status>},
           to.status);
  line.add({"status-token-file", "FILE",
            "File with the token that -status asks for; has to be given unless "
            "it is a loopback address"},
           to.status_token_file);
  line.add(
    {"log-level", "LEVEL", "One of trace, debug, info, warning, error, off"},
    to.log_level, cli::log_levels());
  line.add({"grace", "SECONDS", "How long live requests may end on shutdown"},
           to.grace);
}

void read_agent(cli::command_line& line, const nlohmann::json& root,
                agent_flags& to, config::problems& out) {
  const auto before = to;
  config::reader in{&root, "$", out};
  config::read_frame(in);
  line.read_keys(in);
  in.finish();
  if (!has_password(before))
    return;
  to.password = before.password;
  to.password_file = before.password_file;
}

config::problems read_agent_file(cli::command_line& line, agent_flags& to) {
  const std::filesystem::path file{to.config};
  const auto before = to;
  config::locator locator;
  auto wrong = config::read_file(
    file, config::system_source(),
    [&](const nlohmann::json& root, config::problems& out) {
      read_agent(line, root, to, out);
    },
    &locator);
  if (!wrong.empty())
    return wrong;
  const std::pair<const char*, std::string agent_flags::*> names[]
    = {{"$.password_file", &agent_flags::password_file},
       {"$.publish_file", &agent_flags::publish_file},
       {"$.ca", &agent_flags::ca},
       {"$.cert", &agent_flags::cert},
       {"$.key", &agent_flags::key},
       {"$.ca_file", &agent_flags::ca_file},
       {"$.target_cert", &agent_flags::target_cert},
       {"$.target_key", &agent_flags::target_key},
       {"$.status_token_file", &agent_flags::status_token_file}};
  for (const auto& [key, name] : names)
    if (!(to.*name).empty() && to.*name != before.*name)
      to.*name = (locator.file(key).parent_path() / (to.*name)).string();
  return wrong;
}

std::optional<cli::address> parse_server(const std::string& text,
                                         std::string& error, bool with_tls) {
  return cli::parse_address(text, with_tls ? default_tls_port : default_port,
                            error, cli::secure::possible);
}

std::optional<cli::address> parse_status(const std::string& text,
                                         std::string& error) {
  auto result = cli::parse_address(text, default_status_port, error);
  if (!result || result->host == "localhost" || config::is_ipv4(result->host)
      || config::is_ipv6(result->host))
    return result;
  error = cli::quoted(text)
          + ": listens on an IP address or localhost, such "
            "as 127.0.0.1:9091";
  return std::nullopt;
}

} // namespace aps
