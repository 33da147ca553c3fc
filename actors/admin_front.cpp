#include "actors/admin_front.hpp"

#include "actors/admin/router.hpp"

#include <utility>

namespace aps {

namespace {

// What an action may say about itself.
constexpr size_t max_body = 64 * 1024;

// Collects a request's body, then has the request served. From then on the
// answer has no more to hear of it.
class body_reader final : public origin {
 public:
  body_reader(admin::context_ptr context, served_exchange_ptr of,
              exchange_facts facts)
      : context_(std::move(context)), of_(std::move(of)),
        facts_(std::move(facts)) {}

  void on_body(slice bytes) override {
    of_->consumed(bytes.size());
    if (body_.size() <= max_body)
      body_ += bytes.view();
  }

  void on_body_end(const header_list&) override {
    // Serving may replace, and so free, this reader.
    const auto of = std::exchange(of_, nullptr);
    if (!of)
      return;
    const auto too_large = body_.size() > max_body;
    admin::call what{context_, of, std::move(facts_), std::move(body_)};
    if (too_large)
      return what.problem(413, "the body is too large");
    admin::dispatch(std::move(what));
  }

  void on_cancelled() override { of_ = nullptr; }
  void on_writable() override {}

 private:
  admin::context_ptr context_;
  served_exchange_ptr of_;
  exchange_facts facts_;
  std::string body_;
};

} // namespace

admin_front::admin_front(admin::context_ptr context)
    : context_(std::move(context)) {
  auto everything = std::make_shared<route>();
  everything->rule.from = {"http", "admin", 80, ""};
  everything->rule.to = {"http", "admin", 80, ""};
  everything_ = std::move(everything);
}

std::shared_ptr<const route> admin_front::find(const visitor_request&) {
  return everything_;
}

void admin_front::start(exchange_ptr what) {
  auto served = std::make_shared<served_exchange>(
    what->unit(), what->id(), what->head(), default_window);
  auto reader = std::make_shared<body_reader>(context_, served, what->facts());
  served->set_origin(reader);
  connect_directly(what, served);
  if (what->head()->last)
    served->unit().post([reader] { reader->on_body_end({}); });
}

void admin_front::on_link(link_ptr what) {
  what->close(close_reason::refused, "the admin listener takes no agents");
}

void admin_front::on_limit(limit kind, std::string_view peer,
                           std::string_view detail) {
  if (context_->node->limits)
    context_->node->limits->on_limit(kind, peer, detail);
}

void admin_front::on_own_answer(executor& unit, const own_answer& answer) {
  context_->recorders->of(unit).keep(answer, next_id());
}

} // namespace aps
