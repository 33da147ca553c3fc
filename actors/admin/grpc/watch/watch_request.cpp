#include "actors/admin/grpc/watch/watch_request.hpp"

#include "actors/admin/event_id.hpp"
#include "config/syntax/text.hpp"

#include <vector>

namespace aps::admin {

namespace {

bad_call unknown(const std::string& noun, const std::string& word,
                 const std::vector<std::string>& known) {
  const auto near = config::nearest(word, known);
  return {"there is no " + noun + " " + config::quote(word)
          + (near.empty() ? "" : "; do you mean " + near + "?")};
}

std::vector<std::string> names_of_kinds() {
  std::vector<std::string> out;
  for (const auto& row : event_table)
    out.emplace_back(row.name);
  return out;
}

} // namespace

std::variant<watch_wish, bad_call> read_watch(const wire::WatchRequest& call,
                                              const std::string& node_id,
                                              const config::node& config) {
  watch_wish out;
  kind_set kinds = 0;
  for (const auto& word : call.filter().kinds()) {
    if (word == "all")
      kinds |= all_kinds;
    else if (const auto kind = event_kind_named(word))
      kinds |= set_of(*kind);
    else
      return unknown("kind of event", word, names_of_kinds());
  }
  if (kinds != 0)
    out.filter.kinds = kinds;
  out.filter.tunnel = call.filter().tunnel();
  if (!out.filter.tunnel.empty()
      && !config.tunnels.contains(out.filter.tunnel)) {
    std::vector<std::string> known;
    for (const auto& [name, settings] : config.tunnels)
      known.push_back(name);
    return unknown("tunnel", out.filter.tunnel, known);
  }
  out.after = read_event_id(call.after(), node_id);
  return out;
}

} // namespace aps::admin
