#include "config/routing/route_rewrites.hpp"

#include "config/host.hpp"

#include <algorithm>

namespace aps {

namespace {

std::vector<route_rewrites::field> fields_of(const config::named_texts& from) {
  std::vector<route_rewrites::field> out;
  for (const auto& [name, text] : from)
    out.push_back({name, text_template{text}});
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
         || c == '~';
}

std::string encoded(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(c))
      out += c;
    else
      out.append(1, '%')
        .append(1, digits[byte >> 4])
        .append(1, digits[byte & 15]);
  }
  return out;
}

} // namespace

route_rewrites::changes::changes(const config::field_changes& from)
    : remove(from.remove), set(fields_of(from.set)), add(fields_of(from.add)) {}

route_rewrites::route_rewrites(const config::rewrites& rules)
    : query(rules.query), request(rules.request_headers),
      response(rules.response_headers),
      path(rules.path.empty() ? std::nullopt
                              : std::optional<text_template>{rules.path}) {}

namespace {

// A path stays one, whatever a visitor has in it: two slashes at its beginning
// would make it another host.
std::string within_host(std::string path) {
  path.replace(0, std::min(path.find_first_not_of("/\\"), path.size()), "/");
  return path;
}

} // namespace

route_answer::route_answer(const config::fixed_answer& rule)
    : is_path_(rule.location.starts_with('/')) {
  bool typed = false;
  for (const auto& [name, text] : rule.headers) {
    typed = typed || config::lower_case(name) == "content-type";
    fields_.push_back({name, text_template{text}});
  }
  if (!rule.location.empty())
    location_.emplace(rule.location);
  if (!typed && !rule.body.empty())
    fields_.push_back(
      {"Content-Type", text_template{"text/plain; charset=utf-8"}});
}

std::vector<std::pair<std::string, std::string>>
route_answer::fields(const text_values& values) const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& each : fields_)
    out.emplace_back(each.name, values.expand(each.text));
  if (location_) {
    auto to = values.expand(*location_);
    out.emplace_back("Location",
                     is_path_ ? within_host(std::move(to)) : std::move(to));
  }
  return out;
}

std::string
changed_query(std::string_view path, const route_rewrites::changes& changes,
              const std::function<std::string(const text_template&)>& value) {
  const auto mark = std::min(path.find('?'), path.size());
  std::string out{path.substr(0, mark)};
  auto rest = path.substr(std::min(mark + 1, path.size()));
  char before = '?';
  const auto append = [&](std::string_view pair) {
    out.append(1, std::exchange(before, '&')).append(pair);
  };
  const auto goes = [&](std::string_view name) {
    return std::any_of(changes.remove.begin(), changes.remove.end(),
                       [&](const auto& each) { return each == name; })
           || std::any_of(changes.set.begin(), changes.set.end(),
                          [&](const auto& each) { return each.name == name; });
  };
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (!pair.empty() && !goes(form_decoded(pair.substr(0, pair.find('=')))))
      append(pair);
  }
  for (const auto* list : {&changes.set, &changes.add})
    for (const auto& each : *list)
      append(encoded(each.name) + "=" + encoded(value(each.text)));
  return out;
}

} // namespace aps
