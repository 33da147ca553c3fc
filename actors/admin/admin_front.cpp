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

} // namespace

admin::desk_ptr admin::make_desk(const context_ptr& context,
                                 std::string listener) {
  return std::make_shared<const desk>(
    desk{context->system, context->node->units, std::move(listener),
         [node = context->node] {
           const auto now = node->config();
           return now->admin->token;
         },
         [limits = context->node->limits](limit kind, std::string_view peer,
                                          std::string_view detail) {
           if (limits)
             limits->on_limit(kind, peer, detail);
         },
         [context](const admin::refused_request& refusal) {
           tell_refused(*context, refusal);
         },
         context->logins});
}

admin_front::admin_front(const admin::context_ptr& context)
    : operator_front(
      admin::make_desk(context, "admin"), [context](admin::request request) {
        admin::dispatch(admin::call{context, std::move(request)});
      }) {}

} // namespace aps
