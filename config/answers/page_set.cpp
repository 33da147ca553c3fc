#include "config/answers/page_set.hpp"

#include "config/host.hpp"

#include <algorithm>

namespace aps {

text_form form_of(std::string_view content_type) noexcept {
  const auto type
    = config::lower_case(content_type.substr(0, content_type.find(';')));
  const auto has = [&](std::string_view part) {
    return type.find(part) != std::string::npos;
  };
  if (has("json") || has("javascript"))
    return text_form::json;
  return has("html") || has("xml") ? text_form::html : text_form::plain;
}

page_set::page_set(const config::error_pages& pages) {
  for (const auto& each : pages) {
    all_.push_back(
      {each.answers,
       {text_template::of_page(each.body), form_of(each.content_type),
        each.content_type, each.status, each.of_target}});
    replaces_targets_ = replaces_targets_ || each.of_target;
  }
}

const page_set::entry* page_set::named(std::string_view name) const {
  const auto at = std::find_if(all_.begin(), all_.end(), [&](const auto& each) {
    return each.answers == name;
  });
  return at == all_.end() ? nullptr : &*at;
}

const page_set::page* page_set::find(unsigned status,
                                     std::string_view outcome) const {
  const auto number = std::to_string(status);
  const auto of_class = number.substr(0, 1) + "xx";
  for (const auto name : {outcome, std::string_view{number},
                          std::string_view{of_class}, std::string_view{"*"}})
    if (const auto* found = named(name))
      return &found->shown;
  return nullptr;
}

const page_set::page* page_set::find_for_target(unsigned status) const {
  const auto* found
    = replaces_targets_ && status >= 400 ? find(status, {}) : nullptr;
  return found && found->of_target ? found : nullptr;
}

} // namespace aps
