// Login services that are asked about each request.
#include "config/access/forward_auth.hpp"

#include "config/access/field_names.hpp"
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>

namespace aps::config {

namespace {

constexpr size_t longest_address = 2048;
constexpr auto address_rule = "an absolute URL: http, https or "
                              "h2c://host[:port][/path][?query]";

bool is_query(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '#' && c != '"' && c != '<' && c != '>';
  });
}

void read_address(reader& in, forward_auth& to) {
  if (!in.member("url")) {
    in.require("url", address_rule);
    return;
  }
  std::string text;
  std::string error;
  if (!in.text("url", text, longest_address))
    return;
  if (parse_login_address(text, error))
    to.url = std::move(text);
  else if (text.find('@') != text.npos) // it may show a password
    in.fail(in.path("url"), "a string (" + error + ")", address_rule);
  else
    in.fail(in.path("url"), in.found("url") + " (" + error + ")", address_rule);
}

// A target would take them for ours, or for the message's own.
bool may_be_copied(const std::string& name) {
  return is_field_name(name)
         && (!is_taken_field(name) || lower_case(name) == "authorization");
}

void read_names(reader& in, const char* key, std::vector<std::string>& to,
                bool (*fits)(const std::string&), const std::string& rule) {
  if (!in.member(key))
    return;
  std::vector<std::string> names;
  if (!in.strings(key, names, {false, nullptr, "a list of header fields"}))
    return;
  for (size_t i = 0; i < names.size(); ++i)
    if (!fits(names[i]))
      in.fail(element_path(in.path(key), i), in.found(key, i), rule);
  to = std::move(names);
}

void check_way(const access& asked, const std::string& path, const node& all,
               problems& out) {
  if (!asked.forward_auth)
    return;
  std::vector<std::string> known;
  for (const auto& [name, tunnel] : all.tunnels)
    known.push_back(name);
  for (const auto& name : asked.forward_auth->tunnels)
    if (!all.tunnels.contains(name))
      out.push_back({path + ".forward_auth.via.tunnels", quote(name),
                     known.empty() ? "a tunnel, but none is defined"
                                   : "one of " + joined(known),
                     nearest(name, known)});
}

} // namespace

std::optional<login_address> parse_login_address(std::string_view text,
                                                 std::string& error) {
  const auto mark = text.find('?');
  const auto query = mark == text.npos ? std::string_view{} : text.substr(mark);
  auto parsed = parse_url(text.substr(0, mark), false, error);
  if (!parsed)
    return std::nullopt;
  if (!is_query(query)) {
    error = "an invalid query";
    return std::nullopt;
  }
  login_address out{std::move(*parsed), {}};
  out.target = out.url.path.empty() ? "/" : out.url.path;
  out.target += query;
  return out;
}

void read_forward_auth(reader& outer, access& to) {
  auto in = outer.object("forward_auth");
  if (!in)
    return;
  auto& asked = to.forward_auth.emplace();
  read_address(in, asked);
  auto via = in.object("via");
  read_way(via, nullptr, asked.tunnels, asked.endpoints);
  via.finish();
  read_names(
    in, "request_headers", asked.request_headers,
    [](const std::string& name) { return is_field_name(name); },
    field_name_rule);
  if (const auto* none = in.member("copy_headers");
      none && none->is_array() && none->empty())
    asked.copy_headers.clear();
  else
    read_names(in, "copy_headers", asked.copy_headers, may_be_copied,
               std::string(field_name_rule) + " that is nobody else's");
  read_fields(in, fields::forward_auth, asked);
  in.finish();
}

void check_forward_auth(const node& all, problems& out) {
  for (const auto& [name, tunnel] : all.tunnels)
    check_way(tunnel.access, member_path("$.tunnels", name), all, out);
  for (size_t i = 0; i < all.mappings.size(); ++i)
    check_way(all.mappings[i].access, element_path("$.mappings", i), all, out);
}

} // namespace aps::config
