#include "actors/admin_front.hpp"

#include "actors/compat.hpp"
#include "actors/stats.hpp"

#include <caf/event_based_actor.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <utility>

namespace aps {

namespace {

// Takes a request's body and throws it away; the answer does not depend on it.
class deaf_origin final : public origin {
 public:
  explicit deaf_origin(served_exchange_ptr of) : of_(std::move(of)) {}
  void on_body(slice bytes) override { of_->consumed(bytes.size()); }
  void on_body_end(const header_list&) override {}
  void on_cancelled() override { of_ = nullptr; }
  void on_writable() override {}

 private:
  served_exchange_ptr of_;
};

// Thread: the exchange's unit.
void answer(const served_exchange_ptr& to, uint16_t status,
            const std::string& body) {
  auto head = std::make_shared<response_head>();
  head->status = status;
  head->reason = status == 200 ? "OK" : status == 404 ? "Not Found"
                                                      : "Service Unavailable";
  head->headers = {{"Content-Type", "application/json"},
                   {"Cache-Control", "no-store"},
                   {"Content-Length", std::to_string(body.size())}};
  head->content_length = body.size();
  head->last = to->head()->method == "HEAD";
  to->send_head(head);
  if (head->last)
    return;
  to->send_body(slice::copy(body));
  to->send_end({});
}

void answer_later(const served_exchange_ptr& to, uint16_t status,
                  std::string body) {
  to->unit().post([to, status, body = std::move(body)] {
    answer(to, status, body);
  });
}

std::string show_error(std::string_view text) {
  return nlohmann::json{{"error", text}}.dump() + "\n";
}

using answer_maker
  = std::function<std::pair<uint16_t, nlohmann::json>(const node_snapshot&)>;

// Lives for one question to the supervisor.
void ask_supervisor(caf::event_based_actor* self, supervisor_actor supervisor,
                    answer_maker make, served_exchange_ptr to) {
  compat::request(
    self, supervisor, std::chrono::seconds(3), get_snapshot{},
    [to, make](const node_snapshot& snapshot) {
      const auto [status, body] = make(snapshot);
      answer_later(to, status, body.dump(2) + "\n");
    },
    [to](const caf::error&) {
      answer_later(to, 503, show_error("the node did not answer in time"));
    });
}

} // namespace

admin_front::admin_front(caf::actor_system& system, node_context_ptr context,
                         supervisor_actor supervisor)
    : system_(system), context_(std::move(context)),
      supervisor_(std::move(supervisor)) {
  auto everything = std::make_shared<route>();
  everything->rule.from = {"http", "admin", 80, ""};
  everything->rule.to = {"http", "admin", 80, ""};
  everything_ = std::move(everything);
}

std::shared_ptr<const route> admin_front::find(const visitor_request&) {
  return everything_;
}

void admin_front::start(exchange_ptr what) {
  const auto& path = what->head()->path;
  const auto plain = path.substr(0, path.find('?'));
  auto served = std::make_shared<served_exchange>(
    what->unit(), what->id(), what->head(), default_window);
  served->set_origin(std::make_shared<deaf_origin>(served));
  connect_directly(what, served);
  if (plain == "/.api/stats")
    system_.spawn(ask_supervisor, supervisor_, answer_maker{
      [&system = system_, context = context_](const node_snapshot& snapshot) {
        return std::pair<uint16_t, nlohmann::json>{
          200, make_stats(snapshot, context->config,
                          compat::running_actors(system))};
      }}, served);
  else if (plain == "/.api/ready")
    system_.spawn(ask_supervisor, supervisor_, answer_maker{
      [](const node_snapshot& snapshot) {
        auto body = make_readiness(snapshot);
        const uint16_t status = body["ready"] ? 200 : 503;
        return std::pair<uint16_t, nlohmann::json>{status, std::move(body)};
      }}, served);
  else if (plain == "/.api/health")
    answer_later(served, 200, "{\"status\":\"ok\"}\n");
  else
    answer_later(served, 404, show_error("no such resource: " + plain));
}

void admin_front::on_link(link_ptr what) {
  what->close(close_reason::refused, "the admin listener takes no agents");
}

} // namespace aps
