#include "actors/path/front/fixed_answer.hpp"

#include "config/routing/route_rewrites.hpp"
#include "config/routing/routes.hpp"

#include <cassert>

namespace aps {

namespace {

response_head_ptr head_of(const exchange& from) {
  const auto& via = *from.facts().via;
  const auto& rule = *via.rule.answer;
  const auto user
    = from.pass() ? std::string_view{from.pass()->user} : std::string_view{};
  auto out = std::make_shared<response_head>();
  out->status = rule.status;
  for (auto& [name, value] : via.answering->fields(
         text_values_of(from.facts(), from.head()->method, user)))
    out->headers.push_back({std::move(name), std::move(value)});
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
  assert(exchange->facts().via && exchange->facts().via->answering);
  const auto head = head_of(*exchange);
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
