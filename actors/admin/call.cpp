#include "actors/admin/call.hpp"

#include <caf/event_based_actor.hpp>

#include <utility>

namespace aps::admin {

namespace {

// Lives for one question.
template <class Answer, class Handle, class Question>
void ask(const call& from, const Handle& whom, Question question,
         std::function<void(Answer&)> then) {
  from.known().system.spawn(
    [](caf::event_based_actor* self, call from, Handle whom, Question question,
       std::function<void(Answer&)> then) {
      compat::request(
        self, whom, std::chrono::seconds(10), question,
        [then](Answer& answer) { then(answer); },
        [from](const caf::error&) {
          from.problem(503, "the node did not answer in time");
        });
    },
    from, whom, question, std::move(then));
}

} // namespace

call::call(context_ptr context, request asked)
    : request(std::move(asked)), known_(std::move(context)) {}

void call::tell(event_kind kind, const std::string& detail) const {
  event out{kind};
  out.detail = detail;
  tell(std::move(out));
}

void call::tell(event out) const {
  out.detail += " (from " + facts().visitor_address + ")";
  out.request_id = facts().request_id;
  compat::enqueue(nullptr, known_->node->monitor, std::move(out));
}

// -- questions ----------------------------------------------------------------

void call::with_node(std::function<void(node_snapshot_ptr)> then) const {
  with_endpoints({}, std::move(then));
}

void call::with_endpoints(const endpoint_choice& choice,
                          std::function<void(node_snapshot_ptr)> then) const {
  ask<node_snapshot>(
    *this, known_->supervisor,
    look{std::make_shared<const endpoint_choice>(choice)},
    [then = std::move(then)](node_snapshot& answer) {
      then(std::make_shared<const node_snapshot>(std::move(answer)));
    });
}

void call::with_actors(std::function<void(const actor_list&)> then) const {
  ask<actor_list>(*this, known_->node->monitor, get_actors{}, std::move(then));
}

void call::with_counts(std::function<void(const monitor_counts&)> then) const {
  ask<monitor_counts>(*this, known_->node->monitor, get_counts{},
                      std::move(then));
}

void call::with_records(std::function<void(record_list_ptr)> then) const {
  known_->recorders->collect([from = *this, then = std::move(then),
                              use = known_->node->units->use()](auto all) {
    auto shared = std::make_shared<const record_list>(std::move(all));
    // Asking the monitor is a way to another thread, and in order with it.
    from.with_counts([shared, then](const auto&) { then(shared); });
  });
}

} // namespace aps::admin
