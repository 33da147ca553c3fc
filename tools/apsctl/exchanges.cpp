// Commands about single requests and events.
#include "tools/apsctl/commands.hpp"
#include "tools/apsctl/render.hpp"
#include "transports/seam/outcomes.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <iostream>
#include <set>

namespace aps::ctl {

using nlohmann::json;

namespace {

std::string outcome_of(const json& exchange) {
  const auto outcome = text(exchange, "outcome");
  return outcome.empty() ? text(exchange, "state") : outcome;
}

/// "*" and the authority of a CONNECT are no paths of a host.
std::string url_of(const json& exchange) {
  const auto path = text(exchange, "path");
  return path.empty() || path.starts_with('/') ? text(exchange, "host") + path
                                               : path;
}

std::string request_line(const json& exchange) {
  const auto url = url_of(exchange);
  return text(exchange, "method") + (url.empty() ? "" : ' ' + url);
}

std::string endpoint_of(const json& one) {
  const auto endpoint = text(one, "endpoint");
  return endpoint.empty() ? "-" : text(one, "tunnel") + '.' + endpoint;
}

std::string exchange_list(const json& answer) {
  table result({"STARTED", "REQUEST ID", "OUTCOME", ">STATUS", ">TIME", ">DOWN",
                ">MOVES", "TRANSPORT", "ENDPOINT", "REQUEST"});
  for (const auto* group : {"live", "finished"})
    for (const auto& one : answer.at(group))
      result.add({clock(number(one, "started_ms")),
                  clipped(text(one, "request_id"), 36), outcome_of(one),
                  number(one, "status") > 0 ? count(one, "status") : "-",
                  milliseconds(number(one, "duration_ms")),
                  bytes(number(one, "bytes_down")), count(one, "moves"),
                  text(one, "transport"), endpoint_of(one),
                  clipped(request_line(one), 70)});
  return result.str();
}

/// "after 1.2 ms", or "-" when it has not happened.
std::string after(const json& exchange, const char* key) {
  const auto found = exchange.find(key);
  return found != exchange.end() && found->is_number()
           ? "after " + milliseconds(found->get<double>())
           : "-";
}

std::string attempt_line(const json& attempt) {
  auto line = fmt::format(
    "  {:<8} after {}: {} over {}, connection {}", text(attempt, "kind"),
    milliseconds(number(attempt, "at_ms")), endpoint_of(attempt),
    text(attempt, "transport"), text(attempt, "connection"));
  if (!attempt.at("lost_at_ms").is_null())
    line += fmt::format("; lost after {}: {}",
                        milliseconds(number(attempt, "lost_at_ms")),
                        text(attempt, "reason"));
  return line + '\n';
}

std::string mapping_of(const json& exchange) {
  const auto& mapping = exchange.at("mapping");
  if (!mapping.is_object())
    return "none; the node answered by itself";
  return fmt::format("{} -> {}: {}", text(mapping, "from"),
                     text(mapping, "to"), text(mapping, "why"));
}

std::string exchange_details(const json& one) {
  auto result = fmt::format(
    "{}\n"
    "request id   {} (exchange {})\n"
    "visitor      {}\n"
    "mapping      {}\n"
    "outcome      {}, status {}{}\n"
    "bytes        {} to the visitor, {} from the visitor\n"
    "connection   {}\nfirst byte   {}\n{:<13}{}\n"
    "attempts     {}\n",
    request_line(one), text(one, "request_id"), text(one, "id"),
    text(one, "visitor"), mapping_of(one), outcome_of(one),
    number(one, "status") > 0 ? count(one, "status") : "-",
    text(one, "detail").empty() ? "" : "; " + text(one, "detail"),
    bytes(number(one, "bytes_down")), bytes(number(one, "bytes_up")),
    after(one, "acquired_ms"), after(one, "first_byte_ms"),
    text(one, "state") == "live" ? "running" : "end", after(one, "duration_ms"),
    one.at("attempts").size());
  for (const auto& attempt : one.at("attempts"))
    result += attempt_line(attempt);
  return result;
}

std::string event_line(const json& event) {
  auto line = fmt::format("{}  {:<7} {:<24}", clock(number(event, "time_ms")),
                          text(event, "severity"), text(event, "kind"));
  if (const auto at = endpoint_of(event); at != "-")
    line += ' ' + at;
  else if (const auto tunnel = text(event, "tunnel"); !tunnel.empty())
    line += ' ' + tunnel;
  const auto detail = text(event, "detail"); // often has the reason in it
  for (const auto* key : {"connection", "request_id", "reason"})
    if (const auto value = text(event, key);
        !value.empty() && value != "none" && detail.find(value) == detail.npos)
      line += ' ' + value;
  if (!detail.empty())
    line += ' ' + detail;
  return line;
}

/// Takes the messages of the stream; false when there is nothing to wait for.
/// Prints events as they come, with -follow the first -limit of them; of the
/// past it is the last ones that are wanted, once all are there.
class event_printer {
 public:
  explicit event_printer(const options& options) : what_(options) {}

  void finish() {
    for (const auto& line : last_)
      std::cout << line << '\n';
    std::cout << std::flush;
  }

  bool operator()(const client::message& message) {
    const auto value = json::parse(message.data, nullptr, false);
    if (!value.is_object())
      return true;
    if (message.type == "snapshot") {
      newest_ = number(value, "serial");
      return what_.follow || newest_ > 0;
    } else if (message.type == "missed") {
      std::cerr << "apsctl events: " << count(value, "count")
                << " events are not remembered" << std::endl;
      return true;
    } else if (what_.endpoint.empty()
               || text(value, "endpoint") == what_.endpoint) {
      const auto line = what_.json ? value.dump() : event_line(value);
      if (what_.follow || what_.limit == 0) {
        std::cout << line << std::endl;
        if (what_.limit > 0 && ++printed_ >= what_.limit)
          return false;
      } else {
        last_.push_back(line);
        if (last_.size() > what_.limit)
          last_.pop_front();
      }
    }
    return (what_.follow || number(value, "serial") < newest_) && std::cout;
  }

 private:
  const options& what_;
  double newest_ = 0;
  uint32_t printed_ = 0;
  std::deque<std::string> last_;
};

std::string event_path(const options& options) {
  std::string path = "events?";
  if (!options.kind.empty())
    path += "kind=" + encoded(options.kind) + '&';
  if (!options.tunnel.empty())
    path += "tunnel=" + encoded(options.tunnel);
  path.erase(path.find_last_not_of("?&") + 1);
  return path;
}

/// The outcomes and their classes.
std::vector<std::string> known_outcomes() {
  std::set<std::string> result;
  for (const auto one : all_outcomes()) {
    result.emplace(to_string(one));
    result.emplace(class_of(one));
  }
  return {result.begin(), result.end()};
}

void check_outcome(const std::string& word) {
  const auto known = known_outcomes();
  if (!word.empty() && std::find(known.begin(), known.end(), word) == known.end())
    throw usage("-outcome: " + unknown("outcome", word, known));
}

/// Only those of an endpoint, which the API does not choose by.
void keep_endpoint(json& list, const options& options) {
  if (options.endpoint.empty())
    return;
  auto result = json::array();
  for (auto& one : list)
    if (text(one, "endpoint") == options.endpoint
        && (options.limit == 0 || result.size() < options.limit))
      result.push_back(std::move(one));
  list = std::move(result);
}

/// A URL as people write it.
std::string with_scheme(const std::string& url) {
  return url.find("://") == url.npos ? "http://" + url : url;
}

} // namespace

int show_exchanges(const client& node, const options& options) {
  check_outcome(options.outcome);
  check_names(node, options.tunnel, options.endpoint);
  auto path = "exchanges?limit="
              + std::to_string(options.limit > 0 && options.endpoint.empty()
                                 ? options.limit
                                 : UINT32_MAX);
  for (const auto& [key, value] : {std::pair{"id", options.id},
                                   {"tunnel", options.tunnel},
                                   {"outcome", options.outcome}})
    if (!value.empty())
      path += std::string("&") + key + '=' + encoded(value);
  auto answer = node.get(path);
  for (const auto* group : {"live", "finished"})
    keep_endpoint(answer.at(group), options);
  if (options.json) {
    print(answer);
  } else if (options.id.empty()) {
    std::cout << exchange_list(answer) << std::flush;
  } else {
    for (const auto* group : {"live", "finished"})
      for (const auto& one : answer.at(group))
        std::cout << exchange_details(one) << std::flush;
  }
  return cli::exit_ok;
}

int show_events(const client& node, const options& options) {
  check_names(node, options.tunnel, options.endpoint);
  const auto stats = node.get("stats");
  if (is_agent(stats))
    throw failure(node.peer_name() + " " + only_an_agent);
  if (!options.follow && options.kind.empty()
      && number(stats.at("events"), "serial") == 0)
    return cli::exit_ok;
  // What came after the first one (0 would mean no history), as far as it is
  // remembered.
  const auto from = stats.at("node").at("id").get<std::string>() + "-1";
  event_printer printer(options);
  node.stream(event_path(options), from,
              options.follow ? client::until::told : client::until::quiet,
              std::ref(printer));
  printer.finish();
  return cli::exit_ok;
}

namespace {

// Who asks, as far as the flags say.
std::string access_query(const options& options) {
  std::string out;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty())
      out.append("&").append(name).append("=").append(encoded(value));
  };
  add("user", options.user);
  add("from", options.from);
  add("certificate", options.certificate);
  add("origin", options.origin);
  add("server", options.server);
  for (const auto& field : options.headers)
    add("header", field);
  if (options.body_bytes > 0)
    add("body_bytes", std::to_string(options.body_bytes));
  return out;
}

} // namespace

int show_explanation(const client& node, const options& options) {
  const auto answer
    = node.get("explain?url=" + encoded(with_scheme(options.first))
               + "&method=" + encoded(options.method) + access_query(options));
  const auto works = text(answer, "outcome") == "ok";
  if (options.json) {
    print(answer);
    return cli::exit_ok;
  }
  std::cout << text(answer, "summary") << '\n';
  if (!works && answer.at("status") == 0)
    std::cout << "a visitor would be cut off (" << text(answer, "outcome")
              << ")\n";
  else if (!works)
    std::cout << "a visitor would get " << count(answer, "status") << " ("
              << text(answer, "outcome") << ")\n";
  if (const auto why = text(answer.at("access"), "reason");
      works && !why.empty())
    std::cout << "let in: " << why << '\n';
  table mappings({"MAPPING", "FROM", "TO", "RESULT", "WHY"});
  for (const auto& one : answer.at("candidates"))
    mappings.add({count(one, "index"), text(one, "from"), text(one, "to"),
                  one.value("wins", false)      ? "wins"
                  : one.value("matches", false) ? "matches"
                                                : "no",
                  text(one, "why")});
  table endpoints({"TUNNEL", "ENDPOINT", "COULD SERVE", "TRANSPORT", "WHY"});
  for (const auto& tunnel : answer.at("tunnels")) {
    if (const auto problem = text(tunnel, "problem"); !problem.empty())
      endpoints.add({text(tunnel, "name"), "-", "unknown", "", problem});
    for (const auto& one : tunnel.at("endpoints"))
      endpoints.add({text(tunnel, "name"), text(one, "name"),
                     !one.value("could_serve", false) ? "no"
                     : one.value("healthy", true)     ? "yes"
                                                      : "if no other can",
                     text(one, "transport"),
                     text(one, "why") == text(one, "transport_why")
                       ? text(one, "why")
                       : text(one, "why") + ", " + text(one, "transport_why")});
  }
  std::cout << '\n' << mappings.str() << '\n' << endpoints.str() << std::flush;
  return cli::exit_ok;
}

} // namespace aps::ctl
