#include "actors/path/front/login_check.hpp"

#include "transports/seam/exchange/windows.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>
#include <utility>

namespace aps {

namespace {

// Of what somebody says about a failure.
constexpr size_t longest_failure = 200;

// Of an answer under way; a service that sends more waits for its reader.
constexpr uint32_t answer_window = initial_request_window;

} // namespace

login_check::login_check(exchange_ptr about, login_service_ptr service,
                         verdict_handler done, end_handler over)
    : about_(std::move(about)), service_(std::move(service)),
      done_(std::move(done)), over_(std::move(over)) {}

exchange_ptr login_check::make_question(exchange_id id, request_head_ptr head) {
  exchange_facts facts{about_->facts().visitor_address,
                       about_->facts().request_id, service_->via()};
  question_ = std::make_shared<exchange>(about_->unit(), id, std::move(head),
                                         std::move(facts), shared_from_this(),
                                         answer_window);
  return question_;
}

void login_check::tell(login_verdict verdict) {
  if (const auto done = std::exchange(done_, nullptr))
    done(verdict);
}

void login_check::finish() {
  question_ = nullptr;
  if (const auto over = std::exchange(over_, nullptr))
    over();
}

void login_check::give_up() {
  if (const auto question = std::exchange(question_, nullptr))
    question->cancel(outcome::visitor_gone);
  finish();
}

void login_check::expire(const std::string& why) {
  const auto self = shared_from_this();
  // The visitor of an answer under way has a pace of its own.
  if (answer_ && !about_->over())
    return;
  tell({.why = why});
  give_up();
}

// -- the answer ---------------------------------------------------------------

void login_check::on_head(const response_head_ptr& head) {
  const auto self = shared_from_this();
  if (head->interim() || !done_)
    return;
  if (about_->over())
    return give_up();
  if (!login_service::lets_in(head->status))
    return answer_with(head);
  tell({.result = login_verdict::kind::in,
        .status = head->status,
        .fields = service_->copied(head->headers),
        .cookies = login_service::cookies_of(head->headers)});
}

void login_check::answer_with(const response_head_ptr& head) {
  if (head->status == 101 || head->status == 304) {
    tell({.status = head->status,
          .why = "its answer " + std::to_string(head->status)
                 + " is none to that question"});
    return give_up();
  }
  tell({.result = login_verdict::kind::answered, .status = head->status});
  if (about_->over())
    return give_up();
  answer_ = std::make_shared<served_exchange>(about_->unit(), about_->id(),
                                              about_->head(), about_->window());
  answer_->set_origin(shared_from_this());
  connect_directly(about_, answer_);
  if (about_->over()) {
    answer_->cancel();
    return give_up();
  }
  answer_->send_head(head);
}

void login_check::on_data(slice bytes) {
  const auto self = shared_from_this();
  if (answer_) {
    waiting_.push_back(std::move(bytes));
    return pass_on();
  }
  rest_ += bytes.size();
  if (!question_)
    return;
  if (rest_ > most_rest)
    return give_up();
  question_->consumed(bytes.size());
}

void login_check::pass_on() {
  while (!waiting_.empty() && answer_->room() > 0) {
    auto& first = waiting_.front();
    const auto size = std::min(first.size(), answer_->room());
    answer_->send_body(first.sub(0, size));
    if (question_)
      question_->consumed(size);
    if (size == first.size())
      waiting_.pop_front();
    else
      first = first.sub(size, first.size() - size);
  }
  if (ended_ && waiting_.empty()) {
    ended_ = false;
    answer_->send_end(std::move(trailers_));
    finish();
  }
}

void login_check::on_end(const header_list& trailers) {
  const auto self = shared_from_this();
  question_ = nullptr;
  if (!answer_)
    return finish();
  ended_ = true;
  trailers_ = trailers;
  pass_on();
}

void login_check::on_failed(outcome outcome, const std::string& detail) {
  const auto self = shared_from_this();
  question_ = nullptr;
  if (answer_)
    answer_->fail(outcome::origin_closed,
                  "the login service's answer was cut: " + detail);
  else
    tell({.why
          = foreign_text(detail.empty() ? std::string{render(outcome)} : detail,
                         longest_failure)});
  finish();
}

// -- the visitor that waits ---------------------------------------------------

void login_check::on_cancelled() {
  const auto self = shared_from_this();
  give_up();
}

void login_check::on_writable() {
  const auto self = shared_from_this();
  if (answer_)
    pass_on();
}

} // namespace aps
