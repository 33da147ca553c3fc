#include "tests/transports/wire/wire_samples.hpp"

#include "transports/wire/codec.hpp"

namespace aps::test {

namespace {

template <class To>
void copy(const header_list& from, To* to) {
  for (const auto& item : from) {
    auto* added = to->Add();
    added->set_name(item.name);
    added->set_value(item.value);
  }
}

struct converter {
  pb::Frame& to;

  void operator()(const challenge_frame& f) const {
    auto* m = to.mutable_challenge();
    m->set_version(f.version);
    m->set_nonce(f.nonce);
    m->set_node(f.node);
    m->set_bound(f.bound);
  }
  void operator()(const hello_frame& f) const {
    auto* m = to.mutable_hello();
    m->set_version(f.version);
    m->set_features(f.features);
    m->set_tunnel(f.tunnel);
    m->set_endpoint(f.endpoint);
    m->set_session(f.session.data(), f.session.size());
    m->set_nonce(f.nonce);
    m->set_proof(f.proof);
    m->set_software(f.software);
    m->set_instance(f.instance);
    m->set_started_ms(f.started_ms);
  }
  void operator()(const welcome_frame& f) const {
    auto* m = to.mutable_welcome();
    m->set_features(f.features);
    m->set_proof(f.proof);
    m->set_connection(f.connection);
    m->set_resume_time_ms(f.resume_time_ms);
    m->set_agents(f.agents);
    m->set_took_over(f.took_over);
  }
  void operator()(const refused_frame& f) const {
    auto* m = to.mutable_refused();
    m->set_code(static_cast<uint32_t>(f.code));
    m->set_message(f.message);
    m->set_retry_after_ms(f.retry_after_ms);
  }
  void operator()(const ping_frame& f) const {
    to.mutable_ping()->set_token(f.token);
  }
  void operator()(const pong_frame& f) const {
    to.mutable_pong()->set_token(f.token);
  }
  void operator()(const open_connections_frame& f) const {
    auto* m = to.mutable_open_connections();
    m->set_transport(static_cast<uint32_t>(f.transport));
    m->set_count(f.count);
    m->set_reason(f.reason);
    m->set_total(f.total);
  }
  void operator()(const drain_frame& f) const {
    auto* m = to.mutable_drain();
    m->set_reason(f.reason);
    m->set_replace(f.replace);
  }
  void operator()(const request_frame& f) const {
    auto* m = to.mutable_request_head();
    m->set_attempt(f.attempt);
    m->set_method(f.head->method);
    m->set_scheme(f.head->scheme);
    m->set_authority(f.head->authority);
    m->set_path(f.head->path);
    copy(f.head->headers, m->mutable_headers());
    m->set_last(f.head->last);
    if (f.head->content_length)
      m->set_content_length(*f.head->content_length);
    m->set_upgrade(f.head->upgrade);
    m->set_window(f.window);
    m->set_visitor(f.head->visitor);
    m->set_protocol(static_cast<uint32_t>(f.head->protocol));
    m->set_server_name(f.head->server_name);
    m->set_proxy(static_cast<uint32_t>(f.head->proxy));
    m->set_proxy_ends(f.head->proxy_ends);
  }
  void operator()(const response_frame& f) const {
    auto* m = to.mutable_response_head();
    m->set_status(f.head->status);
    m->set_reason(f.head->reason);
    copy(f.head->headers, m->mutable_headers());
    m->set_last(f.head->last);
    if (f.head->content_length)
      m->set_content_length(*f.head->content_length);
  }
  void operator()(const data_frame& f) const {
    auto* m = to.mutable_data();
    m->set_offset(f.offset);
    m->set_payload(f.payload.data(), f.payload.size());
    m->set_last(f.last);
    m->set_blocked(f.blocked);
  }
  void operator()(const end_frame& f) const {
    auto* m = to.mutable_end();
    m->set_offset(f.offset);
    copy(f.trailers, m->mutable_trailers());
  }
  void operator()(const reset_frame& f) const {
    auto* m = to.mutable_reset();
    m->set_code(static_cast<uint32_t>(f.code));
    m->set_message(f.message);
  }
  void operator()(const ack_frame& f) const {
    auto* m = to.mutable_ack();
    m->set_offset(f.offset);
    m->set_window(f.window);
    m->set_ended(f.ended);
  }
  void operator()(const resume_frame& f) const {
    auto* m = to.mutable_resume();
    m->set_attempt(f.attempt);
    m->set_received(f.received);
    m->set_heads(f.heads);
  }
  void operator()(const resumed_frame& f) const {
    auto* m = to.mutable_resumed();
    m->set_attempt(f.attempt);
    m->set_known(f.known);
    m->set_received(f.received);
    m->set_ended(f.ended);
  }
  void operator()(const publish_frame& f) const {
    auto* m = to.mutable_publish();
    m->set_serial(f.serial);
    add(f.names, *m->mutable_names());
  }
  void operator()(const published_frame& f) const {
    auto* m = to.mutable_published();
    m->set_serial(f.serial);
    add(f.granted, *m->mutable_granted());
    add(f.refused, *m->mutable_refused());
  }
  void operator()(const datagram_frame& f) const {
    auto* m = to.mutable_datagram();
    m->set_offset(f.offset);
    m->set_payload(f.payload.data(), f.payload.size());
  }

  template <class List>
  static void add(const header_list& from, List& to_list) {
    for (const auto& each : from) {
      auto* item = to_list.Add();
      item->set_name(each.name);
      item->set_value(each.value);
    }
  }
};

request_head_ptr full_request() {
  request_head head;
  head.method = "POST";
  head.scheme = "https";
  head.authority = "example.com:8443";
  head.path = "/a/b?c=d";
  head.headers = {{"Host", "example.com"}, {"X-Empty", ""}};
  head.last = true;
  head.content_length = 0;
  head.upgrade = "websocket";
  head.visitor = 1ull << 63;
  head.protocol = origin_protocol::http2;
  head.server_name = "inner.example";
  head.proxy = proxy_version::v2;
  head.proxy_ends = "192.0.2.1:4711 [2001:db8::1]:443";
  return std::make_shared<request_head>(std::move(head));
}

response_head_ptr full_response() {
  response_head head;
  head.status = 503;
  head.reason = "Service Unavailable";
  head.headers = {{"Retry-After", "1"}, {"Set-Cookie", "a=\xff"}};
  head.last = true;
  head.content_length = 1ull << 40;
  return std::make_shared<response_head>(std::move(head));
}

std::string random_text(std::mt19937& random, size_t max) {
  std::string result(random() % (max + 1), 'x');
  for (auto& c : result)
    c = static_cast<char>('a' + random() % 26);
  return result;
}

} // namespace

pb::Frame to_proto(const frame& what) {
  pb::Frame result;
  if (what.exchange != 0)
    result.set_exchange(what.exchange);
  std::visit(converter{result}, what.body);
  return result;
}

pb::Batch to_proto(const frame_batch& frames) {
  pb::Batch result;
  for (const auto& what : frames)
    *result.add_frames() = to_proto(what);
  return result;
}

frame_batch full_frames() {
  session_id session;
  session.fill(0xab);
  const std::string nonce(32, '\x01');
  const std::string proof(32, '\xfe');
  return {
    {0, challenge_frame{7, nonce, "node-1", true}},
    {0, hello_frame{300, 1ull << 63, "tunnel1", "app", session, nonce, proof,
                    "aps/1", "host-0", 1700000000000}},
    {0, welcome_frame{3, proof, "ws-1", 30000, 2, true}},
    {0, refused_frame{refusal::pool_full, "full", 1000}},
    {0, ping_frame{UINT64_MAX}},
    {0, pong_frame{1}},
    {0, open_connections_frame{transport_kind::poll, 3, "grow", 7}},
    {0, drain_frame{"old", true}},
    {1, request_frame{2, 512 * 1024, full_request()}},
    {2, response_frame{full_response()}},
    {UINT64_MAX, data_frame{1ull << 33, slice::copy("payload"), true}},
    {3, data_frame{7, slice::copy("all there is credit for"), false, true}},
    {4, end_frame{77, {{"Grpc-Status", "0"}}}},
    {5, reset_frame{outcome::origin_timeout, "no answer"}},
    {6, ack_frame{1 << 20, 65536, true}},
    {7, resume_frame{3, 4096, 1}},
    {8, resumed_frame{3, true, 100, true}},
    {0,
     publish_frame{9, {{"app1", "http://localhost:3000"}, {"", "tcp://a:1"}}}},
    {0, published_frame{9, {{"app1", "https://app1.test/"}}, {{"", "taken"}}}},
    {9, datagram_frame{1 << 20, slice::copy("question")}},
  };
}

frame_batch bare_frames() {
  request_head request;
  request.scheme.clear();
  request.path.clear();
  request.last = false;
  return {
    {0, challenge_frame{0, {}, {}, false}},
    {0, hello_frame{0, 0, {}, {}, {}, {}, {}, {}, {}, 0}},
    {0, welcome_frame{}},
    {0, ping_frame{}},
    {0, pong_frame{}},
    {0, drain_frame{}},
    {1, request_frame{0, 0, std::make_shared<request_head>(request)}},
    {2, response_frame{std::make_shared<response_head>()}},
    {3, data_frame{}},
    {4, end_frame{}},
    {5, reset_frame{outcome::ok, {}}},
    {6, ack_frame{}},
    {7, resume_frame{0, 0, 0}},
    {8, resumed_frame{0, false, 0, false}},
    {0, publish_frame{}},
    {0, published_frame{}},
    {9, datagram_frame{}},
  };
}

frame_batch random_frames(std::mt19937& random, size_t n) {
  frame_batch result;
  const auto all = full_frames();
  for (size_t i = 0; i < n; ++i) {
    auto what = all[random() % all.size()];
    if (what.exchange != 0)
      what.exchange = random() | 1;
    if (auto* data = std::get_if<data_frame>(&what.body))
      data->payload = slice::adopt(random_text(random, 70'000));
    else if (auto* end = std::get_if<end_frame>(&what.body))
      end->trailers.push_back({random_text(random, 300), "x"});
    result.push_back(std::move(what));
  }
  return result;
}

std::string encode_flat(const frame_batch& frames) {
  batch_encoder encoder;
  std::string result;
  for (const auto& part : encoder.encode(frames))
    result += part.view();
  return result;
}

} // namespace aps::test
