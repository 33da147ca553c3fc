#include "actors/admin/operator_front.hpp"

#include "actors/admin/access.hpp"
#include "config/routing/routes.hpp"

#include <utility>

namespace aps {

namespace {

// What an action may say about itself.
constexpr size_t max_body = 64 * 1024;

// Of a body that nobody wants.
constexpr size_t max_dropped = 256 * 1024;
constexpr duration drop_time = std::chrono::seconds(5);

// Collects a request's body, then has the request served. From then on the
// answer has no more to hear of it.
class body_reader final : public origin {
 public:
  body_reader(admin::desk_ptr desk, operator_front::server serve,
              served_exchange_ptr of, exchange_facts facts)
      : desk_(std::move(desk)), serve_(std::move(serve)), of_(std::move(of)),
        facts_(std::move(facts)) {}

  void on_body(slice bytes) override {
    if (!of_)
      return; // answered before its body
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
    const auto serve = serve_;
    admin::request request{desk_, of, std::move(facts_), std::move(body_)};
    if (too_large)
      return request.problem(413, "the body is too large");
    serve(std::move(request));
  }

  void on_cancelled() override { of_ = nullptr; }
  void on_writable() override {}

 private:
  admin::desk_ptr desk_;
  operator_front::server serve_;
  served_exchange_ptr of_;
  exchange_facts facts_;
  std::string body_;
};

} // namespace

operator_front::operator_front(admin::desk_ptr desk, server serve)
    : use_(desk->units->use()), desk_(std::move(desk)),
      serve_(std::move(serve)) {
  auto everything = std::make_shared<route>();
  everything->rule.from = {"http", "admin", 80, ""};
  everything->rule.to = {"http", "admin", 80, ""};
  everything_ = std::move(everything);
}

route_decision operator_front::admit(const visitor_request&) {
  return everything_;
}

bool operator_front::knows(const header_list& headers) {
  return admin::shows_token(headers, desk_->token());
}

// Without the token there is nothing to be said that a body could change.
void operator_front::start(exchange_ptr exchange) {
  auto served = std::make_shared<served_exchange>(
    exchange->unit(), exchange->id(), exchange->head(), default_window);
  auto reader
    = std::make_shared<body_reader>(desk_, serve_, served, exchange->facts());
  served->set_origin(reader);
  connect_directly(exchange, served);
  if (exchange->head()->last || !knows(exchange->head()->headers))
    served->unit().post([reader] { reader->on_body_end({}); });
}

void operator_front::on_link(link_ptr link) {
  link->close(close_reason::refused, "this listener takes no agents");
}

void operator_front::on_limit(limit kind, std::string_view peer,
                              std::string_view detail) {
  desk_->on_limit(kind, peer, detail);
}

void operator_front::on_own_answer(executor&, const own_answer& answer) {
  if (answer.result == outcome::ok)
    return;
  note_refused(*desk_,
               {.status = answer.status,
                .peer = answer.peer,
                .request_id = answer.request_id,
                .method = answer.method,
                .path = answer.path,
                .why = std::string(answer.detail.empty() ? render(answer.result)
                                                         : answer.detail),
                .result = answer.result});
}

listen_options operator_listener(std::string name, std::string host,
                                 uint16_t port) {
  listen_options out;
  out.name = std::move(name);
  out.host = std::move(host);
  out.port = port;
  out.agents = false;
  out.uses_reserve = true;
  out.upgrades = false;
  out.limits.discard_bytes = max_dropped;
  out.limits.discard_timeout = drop_time;
  return out;
}

} // namespace aps
