#include "transports/front/pages/own_page.hpp"

#include "config/answers/live_answers.hpp"
#include "transports/front/mapping/mapped_messages.hpp"
#include "transports/http/response_writer.hpp"

namespace aps {

namespace {

using settings_ptr = live_answers::settings_ptr;

settings_ptr settings_of(const http_front_context& context) {
  const auto& answers = context.options().answers;
  return answers ? answers->get() : nullptr;
}

const route* route_of(const request_facts& facts) {
  return facts.asked ? facts.asked->facts().via.get() : facts.refused_by.get();
}

// A page with what is known of the answer; `values` has the rest.
own_page expanded(const page_set::page& page, unsigned status,
                  text_values values) {
  const auto number = std::to_string(status);
  values.status = number;
  values.reason = reason_of(status);
  return {page.status != 0 ? page.status : status, page.content_type,
          values.expand(page.text, page.form)};
}

// What no exchange knows stands in the head.
exchange_facts facts_of(const page_request& request) {
  const auto& facts = request.facts;
  exchange_facts out{facts.visitor_ip.empty() ? std::string{request.peer.ip}
                                              : facts.visitor_ip,
                     facts.id, facts.refused_by};
  out.tls = request.peer.tls;
  const auto read = address_of(request.head, request.peer.tls != nullptr);
  if (const auto* address = std::get_if<request_address>(&read)) {
    out.scheme = address->scheme;
    out.host = address->authority;
    out.path = address->path;
  }
  return out;
}

} // namespace

bool has_pages(const http_front_context& context, const route* via) {
  if (via && via->pages)
    return true;
  const auto settings = settings_of(context);
  return settings && settings->pages;
}

std::optional<own_page> page_of(const page_request& request, outcome cause,
                                std::string_view detail) {
  const auto status = status_of(cause);
  const auto word = to_string(cause);
  const auto settings = settings_of(request.context);
  const auto* via = route_of(request.facts);
  const auto* page
    = via && via->pages ? via->pages->find(status, word) : nullptr;
  if (!page && settings && settings->pages)
    page = settings->pages->find(status, word);
  if (!page || (request.facts.json && page->form != text_form::json))
    return std::nullopt;
  const auto& asked = request.facts.asked;
  const auto facts = asked ? exchange_facts{} : facts_of(request);
  auto values
    = asked ? values_of(*asked)
            : text_values_of(facts, request.head.method, request.facts.user);
  values.outcome = word;
  values.message = render(cause);
  values.detail = detail;
  return expanded(*page, status, values);
}

std::optional<own_page> page_for_target(const http_front_context& context,
                                        const exchange& asked,
                                        const response_head& answer) {
  if (answer.status < 400)
    return std::nullopt;
  const auto& via = asked.facts().via;
  const auto* page
    = via && via->pages ? via->pages->find_for_target(answer.status) : nullptr;
  const auto settings = page ? nullptr : settings_of(context);
  if (settings && settings->pages)
    page = settings->pages->find_for_target(answer.status);
  if (!page)
    return std::nullopt;
  auto values = values_of(asked);
  values.message = reason_of(answer.status);
  return expanded(*page, answer.status, values);
}

response_head with_page(const response_head& answer, const own_page& page) {
  response_head out;
  out.status = static_cast<uint16_t>(page.status);
  for (const auto& field : answer.headers)
    if (!(field.name.size() > 8 && iequals(field.name.substr(0, 8), "content-"))
        && !iequals(field.name, "etag") && !iequals(field.name, "last-modified")
        && !iequals(field.name, "accept-ranges"))
      out.headers.push_back(field);
  out.headers.push_back({"Content-Type", page.content_type});
  return out;
}

} // namespace aps
