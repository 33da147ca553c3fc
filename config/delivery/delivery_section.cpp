#include "config/delivery/delivery_section.hpp"

#include "config/fields.hpp"
#include "config/sections.hpp"
#include "config/show_fields.hpp"
#include "config/syntax/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr auto a_reason = "502, 503, 504 or \"connect\"";
constexpr auto an_origin
  = "http://, https:// or h2c:// with a host, and no path; or unix:/path of a "
    "socket";
constexpr auto a_method = "a method in capital letters";

bool is_method(const std::string& text) {
  constexpr size_t longest = 32;
  return !text.empty() && text.size() <= longest
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool add_reason(const json& value, retry& to) {
  if (const auto number = whole_number(value)) {
    if (*number < 502 || *number > 504)
      return false;
    if (const auto status = static_cast<uint16_t>(*number); !to.has(status))
      to.statuses.push_back(status);
    return true;
  }
  to.connect = to.connect || value == "connect";
  return value == "connect";
}

// One or a list of them; calls `add` for each, which says whether it is right.
template <class Add>
void read_list(reader& in, const char* key, const char* allowed, Add add) {
  const auto* value = in.scalar(key);
  if (!value)
    return;
  const auto list = value->is_array() ? *value : json::array({*value});
  if (list.empty())
    in.fail(in.path(key), "an empty list", allowed);
  for (size_t i = 0; i < list.size(); ++i) {
    if (add(list[i]))
      continue;
    if (value->is_array())
      in.fail(element_path(in.path(key), i), in.found(key, i), allowed);
    else
      in.fail(in.path(key), in.found(key), allowed);
  }
}

void read_timeouts(reader&& in, mapping& to) {
  if (!in)
    return;
  timeouts own;
  read_fields(in, fields::timeouts, own);
  in.finish();
  to.timeouts = own;
}

void read_retry(reader& mapping_in, mapping& to) {
  auto in = mapping_in.object("retry");
  if (!in)
    return;
  retry rule;
  read_fields(in, fields::retry, rule);
  if (in.member("on"))
    rule.statuses.clear();
  read_list(in, "on", a_reason,
            [&](const json& value) { return add_reason(value, rule); });
  std::sort(rule.statuses.begin(), rule.statuses.end());
  read_list(in, "methods", a_method, [&](const json& value) {
    const auto text = text_of(value);
    if (!text.is_string() || !is_method(text.get<std::string>()))
      return false;
    rule.methods.push_back(text.get<std::string>());
    return true;
  });
  in.finish();
  if (!to.answer && !mapping_in.member("via"))
    in.fail(in.path(), "an object",
            "nothing, because without `via` nobody else could be asked");
  to.retry = std::move(rule);
}

// Why it is nobody who could be asked; "" = it is somebody.
std::string read_origin(const std::string& text, url& to) {
  std::string error;
  auto parsed = parse_url(text, false, error);
  if (!parsed)
    return error;
  if (parsed->scheme != "http" && parsed->scheme != "https")
    return "another scheme";
  if (!parsed->path.empty() && parsed->path != "/")
    return "a path";
  to = std::move(*parsed);
  to.path.clear();
  return {};
}

void read_copies(reader& mapping_in, const std::vector<std::string>* tunnels,
                 mapping& to) {
  auto in = mapping_in.object("cc");
  if (!in)
    return;
  copies rule;
  in.require("to", an_origin);
  if (const auto* value = in.member("to")) {
    const auto text = value->is_string() ? value->get<std::string>() : "";
    // A URL with a user may show a password.
    const bool secret = text.find('@') != text.npos;
    if (!value->is_string())
      in.fail(in.path("to"), describe(*value), an_origin);
    else if (const auto error = read_origin(text, rule.to); !error.empty())
      in.fail(in.path("to"), describe(*value, secret) + " (" + error + ")",
              an_origin);
  }
  auto via = in.object("via");
  if (via) {
    read_way(via, tunnels, rule.tunnels, rule.endpoints);
    via.finish();
  }
  read_fields(in, fields::copies, rule);
  in.finish();
  to.cc = std::move(rule);
}

json show(const copies& rule) {
  auto out = show_fields(fields::copies, rule);
  out["to"] = rule.to.str();
  if (!rule.tunnels.empty())
    out["via"]["tunnels"] = rule.tunnels;
  if (!rule.endpoints.empty())
    out["via"]["endpoints"] = rule.endpoints;
  return out;
}

json show(const retry& rule) {
  auto out = show_fields(fields::retry, rule);
  out["on"] = rule.statuses;
  if (rule.connect)
    out["on"].push_back("connect");
  if (!rule.methods.empty())
    out["methods"] = rule.methods;
  return out;
}

} // namespace

void read_delivery(reader& mapping_in, const std::vector<std::string>* tunnels,
                   mapping& to) {
  read_copies(mapping_in, tunnels, to);
  read_timeouts(mapping_in.object("timeouts"), to);
  read_retry(mapping_in, to);
  const std::pair<const char*, bool> rows[]
    = {{"cc", static_cast<bool>(to.cc)},
       {"timeouts", static_cast<bool>(to.timeouts)},
       {"retry", static_cast<bool>(to.retry)}};
  for (const auto& [key, is_there] : rows)
    if (to.answer && is_there)
      mapping_in.fail(mapping_in.path(key), "an object",
                      "nothing, because the node answers by itself");
}

void show_delivery(const mapping& rule, json& to) {
  if (rule.cc)
    to["cc"] = show(*rule.cc);
  if (rule.timeouts)
    to["timeouts"] = show_fields(fields::timeouts, *rule.timeouts);
  if (rule.retry)
    to["retry"] = show(*rule.retry);
}

} // namespace aps::config
