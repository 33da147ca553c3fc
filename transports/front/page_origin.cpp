#include "transports/front/page_origin.hpp"

#include "config/syntax/text.hpp"
#include "transports/http/fields.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>

namespace aps {

namespace {

constexpr size_t max_shown_origin = 100;

struct page_origin {
  const header* field = nullptr; ///< the first
  size_t count = 0;
};

page_origin origin_of(const header_list& headers) {
  page_origin out;
  for (const auto& field : headers)
    if (iequals(field.name, "origin") && ++out.count == 1)
      out.field = &field;
  return out;
}

std::string sentence(const page_origin& page, const char* who_may) {
  if (page.count > 1)
    return "There is more than one Origin.";
  return "A page of "
         + foreign_text(config::without_user_info(page.field->value),
                        max_shown_origin)
         + who_may;
}

} // namespace

std::string why_foreign(const config::origin_rule& rule,
                        const header_list& headers,
                        const config::web_address& to) {
  if (rule.allowed == config::origin_rule::kind::any)
    return {};
  const auto page = origin_of(headers);
  if (page.count == 0
      || (page.count == 1 && config::allows(rule, page.field->value, to)))
    return {};
  return sentence(page, " may not open a WebSocket here.");
}

std::string why_no_agent(const std::vector<std::string>& listed,
                         const header_list& headers) {
  const auto page = origin_of(headers);
  if (page.count == 0
      || (page.count == 1 && config::lists_origin(listed, page.field->value)))
    return {};
  return sentence(page, " is no agent.");
}

} // namespace aps
