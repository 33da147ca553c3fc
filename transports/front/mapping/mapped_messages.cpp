#include "transports/front/mapping/mapped_messages.hpp"

#include "config/host.hpp"
#include "transports/http/fields.hpp"

#include <algorithm>

namespace aps {

namespace {

using translation = config::rewrites::translation;
using host_kind = config::rewrites::host_kind;

translation translation_of(const route& via) {
  return via.rule.rewrite ? via.rule.rewrite->translate : translation::target;
}

// A path prefix without the slash at its end.
std::string_view base_of(const config::url& of) {
  std::string_view out = of.path;
  if (out.ends_with('/'))
    out.remove_suffix(1);
  return out;
}

bool is_within(std::string_view path, std::string_view base) {
  return path.starts_with(base)
         && (path.size() == base.size() || path[base.size()] == '/'
             || path[base.size()] == '?' || path[base.size()] == '#');
}

// A path at the target as the visitor knows it; "" = it does not.
std::string visitors_path(std::string_view path, const route& via) {
  const auto base = base_of(via.rule.to);
  if (via.rewriting && via.rewriting->path)
    return std::string{path}; // nobody knows the way back
  if (!is_within(path, base))
    return {};
  auto out
    = std::string{base_of(via.rule.from)}.append(path.substr(base.size()));
  return out.starts_with('/') ? out : "/" + out;
}

// Splits "http://authority/path".
bool split(std::string_view url, std::string_view& scheme,
           std::string_view& authority, std::string_view& path) {
  const auto mark = url.find("://");
  if (mark == url.npos)
    return false;
  scheme = url.substr(0, mark);
  url.remove_prefix(mark + 3);
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  authority = url.substr(0, end);
  path = url.substr(end);
  return iequals(scheme, "http") || iequals(scheme, "https");
}

// Whether an authority is that one; without a port it is the scheme's.
bool is_same(std::string_view authority, std::string_view scheme,
             std::string_view host, uint16_t port) {
  const uint16_t usual = iequals(scheme, "https") ? 443 : 80;
  std::string_view name;
  uint16_t named = usual;
  return config::read_authority(authority, name, named).empty()
         && config::canonical_host(name) == config::canonical_host(host)
         && named == port;
}

std::string_view first_element(const header_list& fields,
                               std::string_view name) {
  const auto* field = find_header(fields, name);
  const auto value
    = field ? std::string_view{field->value} : std::string_view{};
  return trimmed(value.substr(0, value.find(',')));
}

// What the visitor asked, as the target was told.
std::string visitors_origin(const exchange& exchange) {
  const auto& fields = exchange.head()->headers;
  const auto scheme = first_element(fields, "x-forwarded-proto");
  const auto host = first_element(fields, "x-forwarded-host");
  if (scheme.empty() || host.empty())
    return {};
  return std::string{scheme}.append("://").append(host);
}

std::string visitors_refresh(std::string_view value, const route& via,
                             std::string_view origin) {
  const auto mark = config::lower_case(value).find("url=");
  if (mark == std::string::npos)
    return {};
  auto url = value.substr(mark + 4);
  const bool quoted = url.starts_with('"') || url.starts_with('\'');
  if (quoted)
    url = url.substr(1, url.find(url.front(), 1) - 1);
  const auto out = visitors_reference(url, via, origin);
  return out.empty() ? out : std::string{value.substr(0, mark + 4)} + out;
}

std::string visitors_cookie_of(std::string_view value, const route& via,
                               std::string_view origin) {
  std::string_view scheme, authority, path, host;
  uint16_t port = 0;
  if (!split(origin, scheme, authority, path)
      || !config::read_authority(authority, host, port).empty())
    return {};
  return visitors_cookie(value, via, host);
}

/// A field of an answer that may have an address of the target in it.
struct translated_field {
  std::string_view name;
  /// The value for the visitor; "" = it stays.
  std::string (*visitors)(std::string_view value, const route& via,
                          std::string_view origin);
};

constexpr translated_field translated_fields[]
  = {{"location", visitors_reference},
     {"set-cookie", visitors_cookie_of},
     {"content-location", visitors_reference},
     {"refresh", visitors_refresh}};

const translated_field* translated(const header& field) noexcept {
  for (const auto& each : translated_fields)
    if (iequals(field.name, each.name))
      return &each;
  return nullptr;
}

} // namespace

text_values values_of(const exchange& exchange) {
  return text_values_of(exchange.facts(), exchange.head()->method,
                        exchange.pass()
                          ? std::string_view{exchange.pass()->user}
                          : std::string_view{});
}

void change_fields(header_list& fields, const route_rewrites::changes& changes,
                   const text_values& values) {
  const auto drop = [&](std::string_view name) {
    std::erase_if(
      fields, [&](const header& field) { return iequals(field.name, name); });
  };
  for (const auto& name : changes.remove)
    drop(name);
  for (const auto& each : changes.set) {
    drop(each.name);
    fields.push_back({each.name, values.expand(each.text)});
  }
  for (const auto& each : changes.add)
    fields.push_back({each.name, values.expand(each.text)});
}

void map_request(request_head& request, const route& via,
                 std::string_view authority, const text_values& values) {
  const auto& rules = *via.rule.rewrite;
  if (rules.host_from == host_kind::given)
    request.headers.front().value = rules.host;
  else if (rules.host_from == host_kind::kept && !authority.empty())
    request.headers.front().value = authority;
  const auto& changes = *via.rewriting;
  if (!changes.query.empty())
    request.path = changed_query(
      request.path, changes.query,
      [&](const text_template& text) { return values.expand(text); });
  if (!changes.request.empty())
    change_fields(request.headers, changes.request, values);
}

void map_destination(request_head& request, const route& via,
                     std::string_view authority) {
  if (translation_of(via) == translation::off)
    return;
  for (auto& field : request.headers) {
    if (!iequals(field.name, "destination"))
      continue;
    std::string_view scheme, named, path;
    std::string_view host;
    const uint16_t usual = field.value.starts_with("https") ? 443 : 80;
    uint16_t port = usual;
    if (!split(field.value, scheme, named, path)
        || !config::read_authority(authority, host, port).empty()
        || !is_same(named, scheme, host, port)
        || !is_within(path, base_of(via.rule.from)) || !via.admits(path))
      continue;
    field.value = std::string{via.rule.to.scheme}
                    .append("://")
                    .append(request.headers.front().value)
                    .append(via.target_path(path));
  }
}

std::string visitors_reference(std::string_view reference, const route& via,
                               std::string_view origin) {
  const auto& to = via.rule.to;
  std::string_view scheme, authority, path;
  if (split(reference, scheme, authority, path)) {
    if (origin.empty() || !is_same(authority, scheme, to.host, to.port))
      return {};
    const auto known = visitors_path(path.empty() ? "/" : path, via);
    return known.empty() ? known : std::string{origin} + known;
  }
  // RFC 3986, 4.2: of the scheme by which the target was asked.
  if (reference.starts_with("//"))
    return visitors_reference(
      std::string{to.scheme}.append(":").append(reference), via, origin);
  const bool whole
    = translation_of(via) == translation::all || !base_of(to).empty();
  // A path of its own means the same to both sides where nothing was moved.
  if (!whole || !reference.starts_with('/')
      || base_of(to) == base_of(via.rule.from)
      || (via.rewriting && via.rewriting->path))
    return {};
  return visitors_path(reference, via);
}

std::string visitors_cookie(std::string_view cookie, const route& via,
                            std::string_view host) {
  const auto& to = via.rule.to;
  std::string out;
  bool changed = false;
  for (size_t i = 0; !cookie.empty(); ++i) {
    const auto part = cookie.substr(0, cookie.find(';'));
    cookie.remove_prefix(std::min(part.size() + 1, cookie.size()));
    const auto sign = std::min(part.find('='), part.size());
    const auto name = trimmed(part.substr(0, sign));
    auto value = trimmed(part.substr(std::min(sign + 1, part.size())));
    if (i > 0 && iequals(name, "domain")) {
      if (value.starts_with('.'))
        value.remove_prefix(1);
      if (config::canonical_host(value) == config::canonical_host(to.host)) {
        changed = true;
        // Of an address, and of this host alone without.
        if (config::is_dns_name(host) && !config::is_ipv4(host))
          out.append("; Domain=").append(host);
        continue;
      }
    }
    if (i > 0 && iequals(name, "path")) {
      const auto known = visitors_reference(value, via, {});
      if (!known.empty()) {
        changed = true;
        out.append("; Path=").append(known);
        continue;
      }
    }
    out.append(i == 0 ? "" : ";").append(part);
  }
  return changed ? out : std::string{};
}

response_head_ptr map_answer(const response_head_ptr& answer,
                             const exchange& exchange) {
  const auto& via = exchange.facts().via;
  if (!via || answer->status == 101 || via->rule.answer)
    return answer;
  const bool translates = translation_of(*via) != translation::off
                          && std::any_of(answer->headers.begin(),
                                         answer->headers.end(), translated);
  const bool changes = via->rewriting && !via->rewriting->response.empty();
  if (!translates && !changes)
    return answer;
  auto out = std::make_shared<response_head>(*answer);
  if (translates) {
    const auto origin = visitors_origin(exchange);
    for (auto& field : out->headers)
      if (const auto* known = translated(field))
        if (auto value = known->visitors(field.value, *via, origin);
            !value.empty())
          field.value = std::move(value);
  }
  if (changes) {
    auto values = values_of(exchange);
    const auto by = exchange.carried_by();
    if (by) {
      values.tunnel = by->tunnel;
      values.endpoint = by->endpoint;
    }
    change_fields(out->headers, via->rewriting->response, values);
  }
  return out;
}

} // namespace aps
