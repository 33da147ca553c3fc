#define CAF_SUITE h2_visit

#include "transports/front/h2/h2_visit.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/http/proxy.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"
#include "transports/http2/h2_fields.hpp"

using namespace aps;
using namespace aps::test;

namespace {

/// Notes the answer.
struct asking : h2_stream_owner {
  void on_response(header_list fields, bool) override {
    head = std::move(fields);
  }
  void on_body(const slice& bytes, size_t) override { body += bytes.view(); }
  void on_peer_end() override {}
  void on_over(const h2_ending&) override { over = true; }

  header_list head;
  std::string body;
  std::atomic<bool> over{false};
};

/// All requests of a connection are visitors'.
struct door : h2_acceptor {
  std::shared_ptr<h2_stream_owner> on_request(int32_t stream, header_list head,
                                              bool last) override {
    return visitors->on_request(stream, std::move(head), last);
  }
  std::shared_ptr<h2_visitors> visitors;
};

std::shared_ptr<asking> ask(const std::string& host, uint16_t origin) {
  io_unit unit{0};
  unit.start();
  auto out = std::make_shared<asking>();
  auto context = std::make_shared<http_front_context>(
    std::make_shared<direct_front>(origin, origin_options{}, "http"),
    listen_options{}, tunnel_upgrade_handler{});
  std::shared_ptr<h2_connection> node;
  std::shared_ptr<h2_connection> visitor;
  on(unit, [&] {
    socket_pair pair{unit.context()};
    const auto opened = std::make_shared<door>();
    node = std::make_shared<h2_connection>(
      unit, std::make_unique<byte_stream>(std::move(pair.ours)),
      visitor_settings(*context), opened);
    opened->visitors = std::make_shared<h2_visitors>(node, context, nullptr);
    opened->visitors->start();
    visitor = std::make_shared<h2_connection>(
      unit, std::make_unique<byte_stream>(std::move(pair.theirs)),
      h2_settings{});
    const auto id = visitor->session().open({{":method", "POST"},
                                             {":scheme", "http"},
                                             {":authority", host},
                                             {":path", "/x"}},
                                            false, out);
    visitor->session().write(id, slice::copy("question"));
    visitor->session().finish(id);
    node->start({});
    visitor->start({});
  });
  while (!out->over)
    on(unit, [] {});
  on(unit, [&] {
    node->close();
    visitor->close();
    node.reset();
    visitor.reset();
  });
  context = nullptr;
  unit.run_dry();
  unit.stop();
  return out;
}

} // namespace

CAF_TEST(a request is answered by its target) {
  tcp_server origin{keep_answering([](const message& request) {
    return ok(request.head.target + "|" + request.body + "|"
              + request["via"].substr(0, 3));
  })};
  const auto answer = ask("example.com", origin.port());
  CAF_CHECK_EQUAL(value_of(answer->head, ":status"), "200");
  CAF_CHECK_EQUAL(answer->body, "/x|question|2.0");
}

CAF_TEST(a request without a mapping is answered by the node) {
  const auto answer = ask("other.test", 1);
  CAF_CHECK_EQUAL(value_of(answer->head, ":status"), "404");
  CAF_CHECK_EQUAL(value_of(answer->head, "aps-outcome"), "no-mapping");
}
