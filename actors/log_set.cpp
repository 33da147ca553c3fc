#include "actors/log_set.hpp"

#include "actors/events.hpp"
#include "actors/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps {

log_set::log_set(std::shared_ptr<spdlog::logger> general, bool json)
    : general_(std::move(general)), json_(json) {
  for (const auto& component : components())
    parts_.emplace(component, general_->clone(component));
}

const std::vector<std::string>& log_set::components() {
  static const std::vector<std::string> all{
    "pool", "tunnel", "auth",  "hybrid",
    "supervisor", "node", "admin", "request"};
  return all;
}

const std::shared_ptr<spdlog::logger>&
log_set::of(std::string_view component) const {
  const auto i = parts_.find(component);
  return i == parts_.end() ? general_ : i->second;
}

void log_set::set_level(spdlog::level::level_enum level) {
  const auto before = general_->level();
  general_->set_level(level);
  for (auto& [component, part] : parts_)
    if (part->level() == before)
      part->set_level(level);
}

bool log_set::set_level(const std::string& component,
                        spdlog::level::level_enum level) {
  const auto i = parts_.find(component);
  if (i == parts_.end())
    return false;
  i->second->set_level(level);
  return true;
}

std::string log_set::level() const {
  return level_name(general_->level());
}

std::map<std::string, std::string> log_set::levels() const {
  std::map<std::string, std::string> out;
  for (const auto& [component, part] : parts_)
    if (part->level() != general_->level())
      out.emplace(component, level_name(part->level()));
  return out;
}

void log_set::write(const event& what) const {
  const auto level = level_of(what.kind);
  auto& log = *of(component_of(what.kind));
  if (!log.should_log(level))
    return;
  const auto text = render(what);
  if (!json_)
    return log.log(level, "{}", text);
  using nlohmann::ordered_json;
  const ordered_json fields{
    {"kind", to_string(what.kind)},
    {"serial", what.serial},
    {"tunnel", what.tunnel},
    {"endpoint", what.endpoint},
    {"transport", what.transport},
    {"connection", what.connection},
    {"session", what.session},
    {"request_id", what.request_id},
    {"reason", what.reason},
    {"peer", what.peer},
    {"detail", what.detail},
    {"number", what.number == 0 ? ordered_json{} : ordered_json(what.number)}};
  log.log(level, "{}",
          log_object(component_of(what.kind), without_tag(text), fields));
}

std::string log_object(std::string_view component, std::string_view text,
                       const nlohmann::ordered_json& fields) {
  nlohmann::ordered_json out{{"component", component}, {"text", text}};
  for (const auto& [key, value] : fields.items())
    if (!value.is_null() && value != "")
      out[key] = value;
  return out.dump(-1, ' ', false,
                  nlohmann::ordered_json::error_handler_t::replace);
}

std::string level_name(spdlog::level::level_enum level) {
  const auto name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

} // namespace aps
