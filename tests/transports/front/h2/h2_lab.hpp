#pragma once

#include "transports/front/h2/h2_visit.hpp"

#include "tests/transports/http/proxy.hpp"
#include "tests/transports/net/on_unit.hpp"
#include "tests/transports/net/socket_pair.hpp"
#include "transports/http2/h2_fields.hpp"

namespace aps::test {

/// Notes the answer.
struct asking : h2_stream_owner {
  void on_response(header_list fields, bool) override {
    head = std::move(fields);
  }
  void on_body(const slice& bytes, size_t) override { body += bytes.view(); }
  void on_peer_end() override {}
  void on_over(const h2_ending& ending) override {
    code = ending.code;
    over = true;
  }

  std::string_view field(std::string_view name) const {
    return value_of(head, name);
  }

  header_list head;
  std::string body;
  uint32_t code = h2_code::no_error; ///< of a reset
  std::atomic<bool> over{false};
};

/// All requests of a connection are visitors'.
struct open_door : h2_acceptor {
  h2_stream_owner_ptr on_request(int32_t stream, header_list head,
                                 bool last) override {
    return visitors->on_request(stream, std::move(head), last);
  }
  void on_tick(time_point now) override { visitors->on_tick(now); }
  std::shared_ptr<h2_visitors> visitors;
};

/// A visitor's question over HTTP/2.
struct h2_question {
  std::string host = "example.com";
  uint16_t origin = 1; ///< the target's port
  http_limits limits = {};
  header_list more = {}; ///< fields of it
  bool complete = true;  ///< else its body does not end
};

/// Asks a front of its own, until the stream is over.
inline std::shared_ptr<asking> ask(const h2_question& question) {
  io_unit unit{0};
  unit.start();
  auto out = std::make_shared<asking>();
  listen_options options;
  options.limits = question.limits;
  auto context = std::make_shared<http_front_context>(
    std::make_shared<direct_front>(question.origin, origin_options{}, "http"),
    options, tunnel_upgrade_handler{});
  h2_connection_ptr node;
  h2_connection_ptr visitor;
  on(unit, [&] {
    socket_pair pair{unit.context()};
    const auto opened = std::make_shared<open_door>();
    node = std::make_shared<h2_connection>(
      unit, std::make_unique<byte_stream>(std::move(pair.ours)),
      visitor_settings(*context), opened);
    opened->visitors = std::make_shared<h2_visitors>(node, context, nullptr);
    opened->visitors->start();
    visitor = std::make_shared<h2_connection>(
      unit, std::make_unique<byte_stream>(std::move(pair.theirs)),
      h2_settings{});
    header_list head{{":method", "POST"},
                     {":scheme", "http"},
                     {":authority", question.host},
                     {":path", "/x"}};
    head.insert(head.end(), question.more.begin(), question.more.end());
    const auto id = visitor->session().open(head, false, out);
    visitor->session().write(id, slice::copy("question"));
    if (question.complete)
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

} // namespace aps::test
