#include "actors/admin/admin_front.hpp"

#include "actors/admin/router.hpp"

#include <utility>

namespace aps {

namespace {

void tell_refused(const admin::context& context,
                  const admin::refused_request& refusal) {
  const auto outcome = refusal.result;
  const auto& limits = context.node->limits;
  if (outcome != outcome::ok && limits
      && !limits->admits(outcome, refusal.peer, event_kind::admin_refused))
    return;
  event out{event_kind::admin_refused};
  out.detail = "Refused " + in_words(refusal);
  out.peer = refusal.peer;
  out.request_id = refusal.request_id;
  if (outcome != outcome::ok)
    out.reason = to_string(outcome);
  out.number = refusal.status;
  compat::enqueue(nullptr, context.node->monitor, std::move(out));
}

admin::desk_ptr desk_of(const admin::context_ptr& context) {
  return std::make_shared<const admin::desk>(admin::desk{
    context->system, context->node->units, "admin",
    [config = context->config] { return config->get()->admin->token; },
    [limits = context->node->limits](limit kind, std::string_view peer,
                                     std::string_view detail) {
      if (limits)
        limits->on_limit(kind, peer, detail);
    },
    [context](const admin::refused_request& refusal) {
      tell_refused(*context, refusal);
    }});
}

} // namespace

admin_front::admin_front(const admin::context_ptr& context)
    : operator_front(desk_of(context), [context](admin::request request) {
        admin::dispatch(admin::call{context, std::move(request)});
      }) {}

} // namespace aps
