#include "actors/path/front/login_checks.hpp"

#include "actors/watch/metric_text.hpp"
#include "transports/seam/limits/hold.hpp"

#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <utility>

namespace aps {

namespace {

// Within such a time a question is given up whose visitor left.
constexpr auto patience_with_the_idle = std::chrono::seconds(1);

constexpr std::array<std::string_view, 4> result_words{"in", "answered",
                                                       "failed", "remembered"};

} // namespace

login_checks::login_checks(caf::actor_system& system, node_context_ptr context,
                           executor& unit)
    : system_(system), context_(std::move(context)), unit_(unit),
      alarm_(std::make_shared<unit_alarm>(context_->alarms, unit)) {}

void login_checks::count(const login_service& service, result what) {
  system_.metrics()
    .counter_instance(
      "aps", "logins",
      {{"service", view(service.place())},
       {"result", view(result_words[static_cast<size_t>(what)])}},
      "Requests that a login service was asked about.", "1", true)
    ->inc();
}

void login_checks::ask(const exchange_ptr& about,
                       const login_service_ptr& service,
                       const carrier_of_questions& carry,
                       login_check::verdict_handler done) {
  const auto lifetime = to_duration(service->settings().cache_time);
  auto question
    = service->question(*about->head(), about->pass()->visitor_path);
  std::string mark;
  if (lifetime > duration::zero()) {
    mark = service->answers().mark_of(login_service::text_of(*question));
    if (auto known = service->answers().find(mark, lifetime, unit_.now())) {
      count(*service, result::remembered);
      return done({.result = login_verdict::kind::in,
                   .status = 200,
                   .fields = std::move(*known)});
    }
  }
  begin(about, service, std::move(question), std::move(mark), carry,
        std::move(done));
}

void login_checks::begin(const exchange_ptr& about,
                         const login_service_ptr& service,
                         request_head_ptr question, std::string mark,
                         const carrier_of_questions& carry,
                         login_check::verdict_handler done) {
  auto place = context_->access->wait_for_login(about->facts().visitor_address,
                                                unit_.now());
  if (auto* refused = std::get_if<access_refusal>(&place)) {
    if (context_->limits && refused->reached)
      context_->limits->on_limit(*refused->reached,
                                 about->facts().visitor_address,
                                 refused->answer.reason);
    count(*service, result::failed);
    return done({.why = "too many questions at once"});
  }
  const auto id = next_exchange_id(*context_);
  const auto on_verdict = [self = weak_from_this(), service, mark,
                           done = std::move(done)](login_verdict verdict) {
    using kind = login_verdict::kind;
    if (const auto me = self.lock()) {
      me->count(*service, verdict.result == kind::in         ? result::in
                          : verdict.result == kind::answered ? result::answered
                                                             : result::failed);
      // A fresh cookie is for one visitor, once.
      if (verdict.result == kind::in && !mark.empty()
          && verdict.cookies.empty())
        service->answers().add(mark, verdict.fields, me->unit_.now());
    }
    done(std::move(verdict));
  };
  const auto on_over
    = [self = weak_from_this(), id, held = std::get<hold>(std::move(place))] {
        if (const auto me = self.lock()) {
          me->times_.erase(id);
          me->running_.erase(id);
        }
      };
  const auto check
    = std::make_shared<login_check>(about, service, on_verdict, on_over);
  running_.emplace(id, check);
  times_.set(id, unit_.now() + to_duration(service->settings().timeout));
  wake();
  carry(check->make_question(id, std::move(question)));
}

// -- deadlines ----------------------------------------------------------------

void login_checks::wake() {
  const auto due = times_.due();
  if (!due)
    return;
  alarm_->at(std::min<time_point>(*due, unit_.now() + patience_with_the_idle),
             [self = weak_from_this()] {
               if (const auto me = self.lock()) {
                 me->look_after();
                 me->wake();
               }
             });
}

void login_checks::look_after() {
  const auto now = unit_.now();
  std::vector<std::shared_ptr<login_check>> over;
  for (const auto& [id, check] : running_)
    if (check->is_idle())
      over.push_back(check);
  while (const auto id = times_.take(now))
    if (const auto found = running_.find(*id); found != running_.end())
      over.push_back(found->second);
  for (const auto& check : over)
    check->expire("no answer in time");
}

void login_checks::close() {
  std::vector<std::shared_ptr<login_check>> all;
  for (const auto& [id, check] : running_)
    all.push_back(check);
  for (const auto& check : all)
    check->expire("the node is shutting down");
}

} // namespace aps
