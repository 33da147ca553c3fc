#include "actors/watch/log_set.hpp"

#include "actors/events.hpp"
#include "actors/watch/event_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps {

log_set::log_set(std::shared_ptr<spdlog::logger> general, bool json)
    : general_(std::move(general)), json_(json) {
  for (const auto& row : log_component_table)
    parts_[static_cast<size_t>(row.component)]
      = component_log{row.component, general_->clone(row.name)};
}

const component_log& log_set::of(log_component component) const {
  return parts_[static_cast<size_t>(component)];
}

void log_set::set_level(spdlog::level::level_enum level) {
  const auto before = general_->level();
  general_->set_level(level);
  for (const auto& part : parts_)
    if (part.logger()->level() == before)
      part.logger()->set_level(level);
}

bool log_set::set_level(const std::string& component,
                        spdlog::level::level_enum level) {
  const auto meant = log_components_of(component);
  for (const auto one : meant)
    of(one).logger()->set_level(level);
  return !meant.empty();
}

std::string log_set::level() const {
  return level_name(general_->level());
}

std::map<std::string, std::string> log_set::levels() const {
  std::map<std::string, std::string> out;
  for (const auto& row : log_component_table) {
    const auto level = of(row.component).logger()->level();
    if (level != general_->level())
      out.emplace(row.name, level_name(level));
  }
  return out;
}

void log_set::write(const event& event) const {
  const auto level = level_of(event.kind);
  const auto component = component_of(event);
  const auto& log = of(component);
  if (!log.should_log(level))
    return;
  const auto text = sentence(event);
  if (!json_)
    return log.log(level, "{}", text);
  using nlohmann::ordered_json;
  const ordered_json fields{{"kind", to_string(event.kind)},
                            {"serial", event.serial},
                            {"tunnel", event.tunnel},
                            {"endpoint", event.endpoint},
                            {"transport", event.transport},
                            {"connection", event.connection},
                            {"session", event.session},
                            {"request_id", event.request_id},
                            {"reason", event.reason},
                            {"peer", event.peer},
                            {"mapping", event.mapping},
                            {"detail", event.detail},
                            {"number", event.number == 0
                                         ? ordered_json{}
                                         : ordered_json(event.number)}};
  log.logger()->log(level, "{}", log_object(component, text, fields));
}

void log_set::write(log_component from, spdlog::level::level_enum level,
                    const std::string& text, const std::string& tunnel,
                    const std::string& endpoint) const {
  const auto& log = of(from);
  if (!log.should_log(level))
    return;
  if (!json_)
    return log.log(level, "{}", text);
  log.logger()->log(level, "{}",
                    log_object(from, text, {{"tunnel", tunnel},
                                            {"endpoint", endpoint}}));
}

std::string log_object(log_component component, std::string_view text,
                       const nlohmann::ordered_json& fields) {
  nlohmann::ordered_json out{{"component", to_string(component)},
                             {"text", text}};
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
