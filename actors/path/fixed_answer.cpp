#include "actors/path/fixed_answer.hpp"

#include "config/routing/routes.hpp"
#include "config/routing/text_template.hpp"

#include <cassert>

namespace aps {

namespace {

// A path stays one, whatever a visitor has in it: two slashes at its beginning
// would make it another host.
std::string within_host(std::string_view text, std::string location) {
  if (text.starts_with('/'))
    location.replace(
      0, std::min(location.find_first_not_of("/\\"), location.size()), "/");
  return location;
}

text_values values_of(const exchange& from) {
  const auto& facts = from.facts();
  text_values out{.address = facts.visitor_address,
                  .request_id = facts.request_id,
                  .scheme = facts.scheme,
                  .host = facts.host,
                  .method = from.head()->method,
                  .target = facts.path,
                  .prefix = facts.via->rule.from.path,
                  .conditions = facts.via->conditions.get()};
  if (from.pass())
    out.user = from.pass()->user;
  if (const auto& tls = facts.tls) {
    out.tls_version = tls->version;
    out.tls_cipher = tls->cipher;
    out.tls_server_name = tls->server_name;
    out.tls_client = tls->subject;
  }
  return out;
}

response_head_ptr head_of(const config::fixed_answer& rule,
                          const exchange& from) {
  const auto values = values_of(from);
  auto out = std::make_shared<response_head>();
  out->status = rule.status;
  bool typed = false;
  for (const auto& [name, text] : rule.headers) {
    typed = typed || iequals(name, "content-type");
    out->headers.push_back({name, values.expand(text_template{text})});
  }
  if (!rule.location.empty())
    out->headers.push_back(
      {"Location", within_host(rule.location,
                               values.expand(text_template{rule.location}))});
  if (!typed && !rule.body.empty())
    out->headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  const bool bodiless = rule.status == 204 || rule.status == 304;
  if (!bodiless)
    out->content_length = rule.body.size();
  out->last = bodiless || rule.body.empty() || from.head()->method == "HEAD";
  return out;
}

/// Nobody reads what the visitor sends.
class no_reader final : public origin {
 public:
  explicit no_reader(const served_exchange_ptr& of) : served_(of) {}

  void on_body(slice bytes) override {
    if (const auto served = served_.lock())
      served->consumed(bytes.size());
  }
  void on_body_end(const header_list&) override {}
  void on_cancelled() override {}
  void on_writable() override {}

 private:
  const std::weak_ptr<served_exchange> served_;
};

} // namespace

void answer_here(const exchange_ptr& exchange) {
  assert(exchange->facts().via && exchange->facts().via->rule.answer);
  const auto& rule = *exchange->facts().via->rule.answer;
  const auto head = head_of(rule, *exchange);
  const auto served = std::make_shared<served_exchange>(
    exchange->unit(), exchange->id(), exchange->head(), exchange->window());
  served->set_origin(std::make_shared<no_reader>(served));
  connect_directly(exchange, served);
  // Whoever starts an exchange expects no answer before it returns.
  exchange->unit().post([served, head, via = exchange->facts().via] {
    if (served->over())
      return;
    served->send_head(head);
    if (!head->last)
      served->send_body(slice::copy(via->rule.answer->body));
    served->send_end({});
  });
}

} // namespace aps
