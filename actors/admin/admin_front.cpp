#include "actors/admin/admin_front.hpp"

#include "actors/admin/router.hpp"

#include <utility>

namespace aps {

namespace {

void tell_refused(const admin::context& where,
                  const admin::refused_request& what) {
  const auto how = what.how;
  const auto& limits = where.node->limits;
  if (how != outcome::ok && limits
      && !limits->admits(how, what.peer, event_kind::admin_refused))
    return;
  event out{event_kind::admin_refused};
  out.detail = "Refused " + in_words(what);
  out.peer = what.peer;
  out.request_id = what.request_id;
  if (how != outcome::ok)
    out.reason = to_string(how);
  out.number = what.status;
  compat::enqueue(nullptr, where.node->monitor, std::move(out));
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
    [context](const admin::refused_request& what) {
      tell_refused(*context, what);
    }});
}

} // namespace

admin_front::admin_front(const admin::context_ptr& context)
    : operator_front(desk_of(context), [context](admin::request what) {
        admin::dispatch(admin::call{context, std::move(what)});
      }) {}

} // namespace aps
