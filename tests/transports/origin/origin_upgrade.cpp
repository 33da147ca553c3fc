#define CAF_SUITE origin_upgrade

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

namespace {

/// A visitor that sends `hello` once the protocols are switched, and collects
/// what it gets.
class switching_visitor final : public visitor {
 public:
  void on_head(const response_head_ptr& head) override {
    status = head->status;
    if (head->status == 101)
      asked->send_body(slice::copy("hello"));
    else
      asked->send_end({});
  }
  void on_data(slice bytes) override {
    text += bytes.view();
    asked->consumed(bytes.size());
  }
  void on_end(const header_list&) override { end(outcome::ok); }
  void on_failed(outcome how, const std::string&) override { end(how); }
  void on_writable() override {}

  exchange_ptr asked;
  unsigned status = 0;
  std::string text;
  std::promise<outcome> over;

 private:
  void end(outcome how) {
    asked = nullptr;
    over.set_value(how);
  }
};

/// An exchange with an origin, without any node's front.
struct direct_request {
  direct_request(uint16_t port, const std::string& fields_of_body,
                 std::string body)
      : direct_request(port, fields_of_body, body, body.size()) {}

  /// `body` is longer than its head says.
  direct_request(uint16_t port, const std::string& fields_of_body,
                 std::string body, size_t announced) {
    unit.start();
    auto head = std::make_shared<request_head>();
    head->method = "POST";
    head->authority = "127.0.0.1:" + std::to_string(port);
    head->headers = {{"Connection", "Upgrade"}, {"Upgrade", "tcp/1.0"}};
    head->upgrade = "tcp/1.0";
    head->last = false;
    if (fields_of_body.empty())
      head->content_length = announced;
    else
      head->headers.push_back({"Transfer-Encoding", fields_of_body});
    unit.post([this, head, body = std::move(body)] {
      const auto made = std::make_shared<exchange>(unit, 1, head,
                                                   exchange_facts{}, to);
      to->asked = made;
      connect_directly(made, client->serve(unit, 1, head, default_window));
      made->send_body(slice::copy(body));
    });
  }

  ~direct_request() {
    client = nullptr;
    std::promise<void> done;
    unit.post([&] { done.set_value(); });
    done.get_future().wait();
    unit.stop();
  }

  outcome result() { return to->over.get_future().get(); }

  io_unit unit{0};
  std::shared_ptr<switching_visitor> to = std::make_shared<switching_visitor>();
  std::shared_ptr<origin_client> client = make_origin_client({});
};

constexpr std::string_view switching
  = "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: tcp/1.0\r\n\r\n";

} // namespace

CAF_TEST(the body of an upgrade arrives before the switch) {
  for (const std::string coding : {"", "chunked"}) {
    std::promise<message> came;
    tcp_server origin{[&](wire& to) {
      came.set_value(to.read_request());
      to.send(std::string{switching} + "first ");
      to.send(to.read_exactly(5));
    }};
    direct_request request{origin.port(), coding,
                           coding.empty() ? "{}" : "2\r\n{}\r\n0\r\n\r\n"};
    CAF_CHECK(request.result() == outcome::ok);
    CAF_CHECK_EQUAL(request.to->status, 101u);
    CAF_CHECK_EQUAL(request.to->text, "first hello");
    const auto arrived = came.get_future().get();
    CAF_CHECK_EQUAL(arrived.body, "{}");
    CAF_CHECK_EQUAL(arrived["upgrade"], "tcp/1.0");
    CAF_CHECK_EQUAL(arrived.head.chunked, !coding.empty());
  }
}

CAF_TEST(an upgrade with a body that is refused is an ordinary answer) {
  std::promise<std::string> came;
  std::promise<bool> ended;
  tcp_server origin{[&](wire& to) {
    came.set_value(to.read_request().body);
    to.send(ok("no"));
    ended.set_value(to.ends());
  }};
  direct_request request{origin.port(), "", "{}"};
  CAF_CHECK(request.result() == outcome::ok);
  CAF_CHECK_EQUAL(request.to->status, 200u);
  CAF_CHECK_EQUAL(request.to->text, "no");
  CAF_CHECK_EQUAL(came.get_future().get(), "{}");
  // Nobody knows what else would come on it.
  CAF_CHECK(ended.get_future().get());
}

CAF_TEST(what comes behind the body waits for the switch) {
  // What is sent, of which `early` is the body.
  struct row {
    std::string early, late;
  };
  const row table[] = {{"", "GET /other HTTP/1.1\r\nHost: x\r\n\r\n"},
                       {"{}", "GET /other HTTP/1.1\r\nHost: x\r\n\r\n"},
                       {"{}", ""}};
  for (const auto& [early, late] : table) {
    for (const bool granted : {true, false}) {
      CAF_MESSAGE(early << " " << late << " " << granted);
      std::promise<std::string> body, behind;
      tcp_server origin{[&, size = late.size()](wire& to) {
        auto arrived = to.read_request().body;
        body.set_value(to.readable(50) ? "more than " + arrived : arrived);
        if (granted) {
          to.send(std::string{switching});
          behind.set_value(to.read_exactly(size + 5));
          return;
        }
        to.send("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
        behind.set_value(to.read_all());
      }};
      direct_request request{origin.port(), "", early + late, early.size()};
      CAF_CHECK(request.result() == outcome::ok);
      CAF_CHECK_EQUAL(request.to->status, granted ? 101u : 404u);
      CAF_CHECK_EQUAL(body.get_future().get(), early);
      CAF_CHECK_EQUAL(behind.get_future().get(),
                      granted ? late + "hello" : std::string{});
    }
  }
}
