#include "actors/admin_front.hpp"

#include "actors/admin/router.hpp"

#include <utility>

namespace aps {

namespace {

admin::desk_ptr desk_of(const admin::context_ptr& context) {
  return std::make_shared<const admin::desk>(admin::desk{
    context->system, context->node->units,
    [config = context->config] { return config->get()->admin->token; },
    [limits = context->node->limits](limit kind, std::string_view peer,
                                     std::string_view detail) {
      if (limits)
        limits->on_limit(kind, peer, detail);
    },
    [context](const admin::request& which, const std::string& why) {
      admin::call{context, which}.tell(event_kind::admin_refused,
                                       "Refused " + which.method() + " "
                                         + std::string(which.path()) + ": "
                                         + why);
    }});
}

} // namespace

admin_front::admin_front(admin::context_ptr context)
    : operator_front(desk_of(context),
                     [context](admin::request what) {
                       admin::dispatch(admin::call{context, std::move(what)});
                     }),
      context_(context) {}

void admin_front::on_own_answer(executor& unit, const own_answer& answer) {
  context_->recorders->of(unit).keep(answer, next_id());
}

} // namespace aps
