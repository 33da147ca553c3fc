#define CAF_SUITE h2_session

#include "transports/http2/h2_session.hpp"

#include "tests/support/test.hpp"
#include "transports/http2/h2_fields.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace aps;
using namespace std::string_literals;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

/// Notes what it hears.
struct noting : h2_stream_owner {
  void on_response(header_list fields, bool) override {
    heard.push_back("head " + std::string{value_of(fields, ":status")});
  }
  void on_body(const slice& bytes, size_t) override {
    body += bytes.view();
    if (at_body)
      at_body();
  }
  void on_trailers(header_list fields) override {
    for (const auto& field : fields)
      heard.push_back("trailer " + field.name + "=" + field.value);
  }
  void on_peer_end() override { heard.emplace_back("end"); }
  void on_sent(size_t bytes) override { sent += bytes; }
  void on_over(const h2_ending& ending) override {
    how = ending.how;
    code = ending.code;
    unprocessed = ending.unprocessed;
    heard.emplace_back("over");
  }

  strings heard;
  std::string body;
  size_t sent = 0;
  std::optional<h2_ending::kind> how;
  uint32_t code = 0;
  bool unprocessed = false;
  std::function<void()> at_body;
};

const header_list call{{":method", "POST"}, {":scheme", "http"},
                       {":authority", "node"}, {":path", "/x"}};

/// A client and a server, and what is on its way between them.
struct fixture : h2_acceptor {
  explicit fixture(const h2_settings& settings = {.profile = agent_profile})
      : server(settings, *this), client(settings) {
    client.counts().admit();
  }

  std::shared_ptr<h2_stream_owner>
  on_request(int32_t stream, header_list head, bool last) override {
    requests.push_back(stream);
    heads.push_back(std::move(head));
    if (last)
      ++without_body;
    return accepts ? there : nullptr;
  }

  /// What the session wants to say; it counts as sent.
  static std::string produced(h2_session& from) {
    output_queue out;
    CAF_CHECK(from.produce(out));
    std::string text;
    if (!out.empty())
      text = out.start_flat();
    from.sent();
    return text;
  }

  bool give(h2_session& to, const std::string& text) {
    const auto bytes = slice::copy(text);
    return to.receive(bytes, bytes.size(), now);
  }

  /// Until both have nothing to say.
  void talk() {
    for (;;) {
      const auto up = produced(client);
      const auto down = produced(server);
      if (up.empty() && down.empty())
        return;
      wire_up += up.size();
      give(server, up);
      give(client, down);
    }
  }

  int32_t open() {
    const auto id = client.open(call, false, here);
    talk();
    return id;
  }

  std::shared_ptr<noting> here = std::make_shared<noting>();
  std::shared_ptr<noting> there = std::make_shared<noting>();
  bool accepts = true;
  size_t without_body = 0;
  std::vector<int32_t> requests;
  std::vector<header_list> heads;
  size_t wire_up = 0;
  time_point now{1h};
  h2_session server;
  h2_session client;
};

/// Raw frames.
std::string raw_frame(uint8_t type, uint8_t flags, uint32_t stream,
                  const std::string& payload) {
  const auto size = payload.size();
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8)
    out += static_cast<char>(size >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(stream >> shift);
  return out + payload;
}

const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                            + raw_frame(NGHTTP2_SETTINGS, 0, 0, "");
const std::string small_head = "\x83\x86\x84\x41\x01h"; // POST / of h

} // namespace

CAF_TEST_FIXTURE_SCOPE(h2_session_tests, fixture)

CAF_TEST(a request has an answer and both have bodies and trailers) {
  const auto id = open();
  CAF_CHECK_EQUAL(requests.size(), 1u);
  CAF_CHECK(heads.front() == call);
  client.write(id, slice::copy("question"));
  client.finish(id);
  talk();
  CAF_CHECK_EQUAL(there->body, "question");
  CAF_CHECK(there->heard == strings{"end"});
  server.respond(id, {{":status", "200"}}, false);
  server.write(id, slice::copy("ans"));
  server.write(id, slice::copy("wer"));
  server.finish(id, {{"sum", "7"}});
  talk();
  CAF_CHECK_EQUAL(here->body, "answer");
  CAF_CHECK(here->heard
            == (strings{"head 200", "trailer sum=7", "end", "over"}));
  CAF_CHECK(there->heard == (strings{"end", "over"}));
  CAF_CHECK(here->how == h2_ending::kind::complete);
  CAF_CHECK(there->how == h2_ending::kind::complete);
  CAF_CHECK_EQUAL(here->sent, 8u);
}

CAF_TEST(interim heads come before the head) {
  const auto id = open();
  client.finish(id);
  server.respond(id, {{":status", "200"}}, true);
  talk();
  CAF_CHECK(here->heard == (strings{"head 200", "end", "over"}));
}

CAF_TEST(an answer before the end of the request ends both) {
  const auto id = open();
  client.write(id, slice::copy("begun"));
  talk();
  server.respond(id, {{":status", "413"}}, true);
  talk();
  CAF_CHECK(here->heard == (strings{"head 413", "end", "over"}));
  CAF_CHECK(here->how == h2_ending::kind::complete);
  CAF_CHECK(there->how == h2_ending::kind::complete);
}

CAF_TEST(a body waits for room in its window) {
  fixture small{{.profile = agent_profile, .stream_window = 1000}};
  const auto id = small.open();
  small.client.write(id, slice::copy(std::string(2500, 'x')));
  small.talk();
  CAF_CHECK_EQUAL(small.there->body.size(), 1000u);
  CAF_CHECK_EQUAL(small.here->sent, 1000u);
  CAF_CHECK_EQUAL(small.client.waiting(id), 1500u);
  small.server.consume(id, 1000);
  small.talk();
  CAF_CHECK_EQUAL(small.there->body.size(), 2000u);
  small.server.consume(id, 1000);
  small.talk();
  CAF_CHECK_EQUAL(small.there->body.size(), 2500u);
  CAF_CHECK_EQUAL(small.here->sent, 2500u);
  CAF_CHECK_EQUAL(small.client.waiting(id), 0u);
}

CAF_TEST(what nobody consumed of a stream is no loss to the others) {
  h2_profile generous;
  generous.resets = 1000;
  fixture small{
    {.profile = generous, .stream_window = 1000, .connection_window = 65'535}};
  small.server.counts().admit();
  for (int i = 0; i < 200; ++i) {
    const auto id = small.client.open(call, false, small.here);
    small.client.write(id, slice::copy(std::string(1000, 'x')));
    small.talk();
    small.server.consume(id, 100); // a part of it
    small.now += 1s;
    (i % 2 == 0 ? small.client : small.server).reset(id, h2_code::cancel);
    small.talk();
    small.server.consume(id, 900); // too late, and counted already
  }
  CAF_CHECK_EQUAL(small.there->body.size(), 200'000u);
}

CAF_TEST(a request without a body ends with its head) {
  const auto id = client.open(call, true, here);
  talk();
  CAF_CHECK_EQUAL(without_body, 1u);
  CAF_CHECK(there->heard == strings{"end"});
  client.finish(id); // changes nothing
  talk();
  CAF_CHECK(there->heard == strings{"end"});
}

CAF_TEST(a client knows whether the server takes another request) {
  CAF_CHECK(client.has_room());
  talk();
  std::vector<int32_t> ids;
  while (client.has_room() && ids.size() < 100) {
    ids.push_back(client.open(call, false, here));
    talk();
  }
  CAF_CHECK_EQUAL(ids.size(), agent_profile.streams);
  CAF_CHECK_EQUAL(client.streams(), ids.size());
  client.reset(ids.front(), h2_code::cancel);
  talk();
  CAF_CHECK(client.has_room());
  server.go_away();
  talk();
  CAF_CHECK(!client.has_room());
  CAF_CHECK_EQUAL(client.open(call, true, here), 0);
}

CAF_TEST(a request that comes too late was not looked at) {
  talk();
  server.go_away();
  const auto farewell = produced(server);
  client.open(call, true, here);
  CAF_CHECK(give(client, farewell));
  talk();
  CAF_CHECK(here->unprocessed);
  CAF_CHECK(requests.empty());
}

CAF_TEST(a refused request was not looked at) {
  accepts = false;
  open();
  CAF_CHECK(here->unprocessed);
  accepts = true;
  const auto id = open();
  server.reset(id, h2_code::cancel);
  talk();
  CAF_CHECK(!here->unprocessed);
}

CAF_TEST(what comes behind the first head is judged by that) {
  const auto id = client.open(call, false, here);
  client.write(id, slice::copy(std::string(60'000, 'x')));
  const auto other = client.open(call, false, here);
  client.write(other, slice::copy(std::string(60'000, 'x')));
  there->at_body = [this] { server.counts().admit(); };
  give(client, produced(server)); // its windows
  const auto all = produced(client);
  CAF_CHECK(all.size() > 64u * 1024);
  CAF_CHECK(give(server, all));
  CAF_CHECK_EQUAL(there->body.size(), 120'000u);
}

CAF_TEST(large heads and trailers pass) {
  fixture wide{
    {.profile = {.header_bytes = 1024 * 1024, .header_fields = 1000}}};
  const auto id = wide.open();
  header_list head{{":status", "200"}};
  for (int i = 0; i < 200; ++i)
    head.push_back({"x-" + std::to_string(i), std::string(1000, 'v')});
  wide.server.respond(id, head, false);
  wide.server.finish(id, {{"sum", std::string(60'000, 'x')}});
  wide.talk();
  CAF_REQUIRE_EQUAL(wide.here->heard.size(), 4u); // trailer, end and over
  CAF_CHECK_EQUAL(wide.here->heard.front(), "head 200");
  CAF_CHECK(wide.here->how == h2_ending::kind::complete);
}

CAF_TEST(what cannot be said ends its stream and no other) {
  const auto id = open();
  header_list head{{":status", "200"}};
  for (int i = 0; i < 2000; ++i)
    head.push_back({"x-" + std::to_string(i), std::string(1000, 'v')});
  server.respond(id, head, true);
  talk();
  CAF_CHECK(here->how == h2_ending::kind::reset);
  CAF_CHECK_EQUAL(here->code, h2_code::internal_error);
  here->heard.clear();
  server.respond(open(), {{":status", "204"}}, true);
  talk();
  CAF_CHECK_EQUAL(here->heard.front(), "head 204");
}

CAF_TEST(a stream that we gave up keeps and sends nothing) {
  fixture small{{.profile = agent_profile, .stream_window = 1000}};
  const auto id = small.open();
  small.client.write(id, slice::copy(std::string(5000, 'x')));
  small.client.finish(id);
  small.talk();
  CAF_CHECK_EQUAL(small.client.waiting(id), 4000u);
  small.client.reset(id, h2_code::cancel);
  CAF_CHECK_EQUAL(small.client.waiting(id), 0u);
  small.client.write(id, slice::copy("y"));
  small.server.consume(id, 1000);
  small.talk();
  CAF_CHECK_EQUAL(small.there->body.size(), 1000u);
  CAF_CHECK(small.there->heard == strings{"over"});
}

CAF_TEST(a stream given up while its bytes wait for a write is no harm) {
  fixture wide{{.profile = agent_profile, .max_frame = 1024 * 1024}};
  wide.server.counts().admit();
  const auto id = wide.open();
  wide.client.write(id, slice::copy(std::string(6'000'000, 'x')));
  const auto some = fixture::produced(wide.client);
  wide.client.reset(id, h2_code::cancel);
  wide.give(wide.server, some);
  wide.talk();
  CAF_CHECK(wide.there->body.size() < 6'000'000);
  CAF_CHECK(wide.there->how == h2_ending::kind::reset);
}

CAF_TEST(bodies come unchanged however the bytes are cut) {
  std::string text;
  for (uint32_t i = 0; i < 300'000; ++i)
    text += static_cast<char>(i * 7919 >> 3);
  const auto id = open();
  server.counts().admit();
  for (size_t at = 0; at < text.size(); at += 9'999)
    client.write(id, slice::copy(text.substr(at, 9'999)));
  const auto wire = produced(client);
  for (size_t at = 0; at < wire.size(); at += 1'237)
    CAF_REQUIRE(give(server, wire.substr(at, 1'237)));
  CAF_CHECK(there->body == text);
}

CAF_TEST(giving up is heard by the other side alone as a code) {
  const auto id = open();
  client.reset(id, h2_code::cancel);
  talk();
  CAF_CHECK(there->how == h2_ending::kind::reset);
  CAF_CHECK_EQUAL(there->code, h2_code::cancel);
  CAF_CHECK(here->how == h2_ending::kind::reset);
}

CAF_TEST(a request that nobody takes is refused) {
  accepts = false;
  open();
  CAF_CHECK(here->how == h2_ending::kind::reset);
  CAF_CHECK_EQUAL(here->code, h2_code::refused_stream);
}

CAF_TEST(what a server says at the end is the reason of its streams) {
  accepts = false;
  client.open(call, false, here);
  const auto up = produced(client);
  server.terminate(h2_code::http_1_1_required);
  give(server, up);
  give(client, produced(server));
  CAF_CHECK(here->how == h2_ending::kind::reset);
  CAF_CHECK_EQUAL(here->code, h2_code::http_1_1_required);
}

CAF_TEST(a lost connection is told to all and ends everything) {
  const auto id = open();
  server.lose({h2_ending::kind::lost, 0, "gone"});
  CAF_CHECK(there->heard == strings{"over"});
  CAF_CHECK(there->how == h2_ending::kind::lost);
  server.write(id, slice::copy("x"));
  server.finish(id);
  server.reset(id, h2_code::cancel);
  server.go_away();
  CAF_CHECK_EQUAL(produced(server), "");
  CAF_CHECK(!give(server, raw_frame(NGHTTP2_PING, 0, 0, std::string(8, 'p'))));
}

CAF_TEST(an owner may end the connection from inside of a call) {
  const auto id = open();
  server.counts().admit();
  there->at_body = [this] {
    server.lose({h2_ending::kind::lost, 0, "enough"});
  };
  client.write(id, slice::copy(std::string(200'000, 'x')));
  CAF_CHECK(!give(server, produced(client)));
  CAF_CHECK(there->heard == strings{"over"});
  CAF_CHECK(there->body.size() < 200'000);
}

CAF_TEST(an exception of an owner comes out and ends the session) {
  const auto id = open();
  there->at_body = [] { throw std::runtime_error("mine"); };
  client.write(id, slice::copy("x"));
  const auto up = produced(client);
  try {
    give(server, up);
    CAF_FAIL("nothing was thrown");
  } catch (const std::runtime_error& error) {
    CAF_CHECK_EQUAL(error.what(), "mine"s);
  }
  CAF_CHECK(!give(server, up));
}

CAF_TEST(floods end within few frames) {
  struct row {
    std::string name, frames;
    size_t most; // bytes of the answer
  };
  const auto head = raw_frame(NGHTTP2_HEADERS, 4, 1, small_head);
  const auto many = [](const std::string& one) {
    std::string out;
    for (int i = 0; i < 30'000; ++i)
      out += one;
    return out;
  };
  const auto streams = [](uint8_t flags, bool reset) {
    std::string out;
    for (uint32_t id = 1; id < 60'000; id += 2) {
      out += raw_frame(NGHTTP2_HEADERS, flags, id, small_head);
      if (reset)
        out += raw_frame(NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x08"s);
    }
    return out;
  };
  // 4 KiB in the table, and then as many one-byte references as you like.
  const auto bomb = raw_frame(NGHTTP2_HEADERS, 4, 1,
                          small_head + "\x40\x01x\x7f\x81\x1e"
                            + std::string(4000, 'v')
                            + std::string(12'000, '\xbe'));
  const row rows[] = {
    {"rapid reset", streams(4, true), 2000},
    {"streams without end", streams(4, false), 2000},
    {"streams that end", streams(5, false), 2000},
    {"continuations",
     raw_frame(NGHTTP2_HEADERS, 0, 1, small_head)
       + many(raw_frame(NGHTTP2_CONTINUATION, 0, 1, "\x40\x01x\x01y"s)),
     300},
    {"empty continuations",
     raw_frame(NGHTTP2_HEADERS, 0, 1, small_head)
       + many(raw_frame(NGHTTP2_CONTINUATION, 0, 1, "")),
     300},
    {"pings", many(raw_frame(NGHTTP2_PING, 0, 0, std::string(8, 'p'))), 3000},
    {"settings", many(raw_frame(NGHTTP2_SETTINGS, 0, 0, "")), 3000},
    {"two thousand settings",
     raw_frame(NGHTTP2_SETTINGS, 0, 0,
           [] {
             std::string out;
             for (int i = 0; i < 2000; ++i)
               out += "\0\x01\0\0\x10\0"s;
             return out;
           }()),
     300},
    {"priorities",
     many(raw_frame(NGHTTP2_PRIORITY, 0, 1, "\0\0\0\x03\x10"s)), 300},
    {"empty data", head + many(raw_frame(NGHTTP2_DATA, 0, 1, "")), 300},
    {"window updates",
     head + many(raw_frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\x01"s)), 300},
    {"resets of nothing",
     head + many(raw_frame(NGHTTP2_RST_STREAM, 0, 1, "\0\0\0\x08"s)), 300},
    {"unknown frames", many(raw_frame(0xbb, 0, 0, "x")), 300},
    {"header bomb", bomb, 300},
  };
  for (const auto& [name, frames, most] : rows)
    for (const bool deaf : {false, true}) {
      CAF_MESSAGE(name << (deaf ? ", deaf" : ""));
      fixture one;
      const auto text = preface + frames;
      size_t taken = 0;
      size_t answered = 0;
      bool open = true;
      for (size_t at = 0; open && at < text.size(); at += 1000) {
        open = one.give(one.server, text.substr(at, 1000));
        taken += 1000;
        if (!deaf || !open)
          answered += fixture::produced(one.server).size();
        open = open && !one.server.is_done();
      }
      // What nghttp2 itself objects to ends with its next word.
      answered += fixture::produced(one.server).size();
      CAF_CHECK(!open || one.server.is_done());
      CAF_CHECK(taken <= 64 * 1024 + 1000);
      CAF_CHECK(answered <= most);
      CAF_CHECK(one.server.waiting_frames() <= 200);
    }
}

CAF_TEST(priorities before the first request are nothing bad) {
  give(server, preface);
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(
      give(server, raw_frame(NGHTTP2_PRIORITY, 0, 3, "\0\0\0\0\x0f"s)));
  CAF_CHECK(give(server, raw_frame(NGHTTP2_HEADERS, 4, 13, small_head)));
  CAF_CHECK_EQUAL(requests.size(), 1u);
}

CAF_TEST(a stream that is over is not used again) {
  const auto open = raw_frame(NGHTTP2_HEADERS, 4, 5, small_head);
  const auto give_up = raw_frame(NGHTTP2_RST_STREAM, 0, 5, "\0\0\0\x08"s);
  const auto end = raw_frame(NGHTTP2_HEADERS, 5, 5, small_head);
  const auto lower = raw_frame(NGHTTP2_HEADERS, 5, 3, small_head);
  for (const auto& frames : {open + lower, open + give_up + end}) {
    fixture one;
    const bool goes_on = one.give(one.server, preface + frames);
    CAF_CHECK(!goes_on);
    const auto said = fixture::produced(one.server);
    const auto farewell
      = raw_frame(NGHTTP2_GOAWAY, 0, 0, "\0\0\0\x05\0\0\0\x01"s);
    CAF_CHECK(said.ends_with(farewell));
    CAF_CHECK(one.server.fault().find("is over") != std::string::npos);
  }
}

CAF_TEST(heads of no stream end the connection) {
  for (const uint32_t id : {0u, 2u, 0x7ffffffeu}) {
    fixture one;
    one.give(one.server,
             preface + raw_frame(NGHTTP2_HEADERS, 4, id, small_head));
    CAF_CHECK(!fixture::produced(one.server).empty());
    CAF_CHECK(one.server.is_done());
    CAF_CHECK(one.requests.empty());
  }
}

CAF_TEST(what was under way to a stream that we ended harms nobody) {
  accepts = false;
  give(server, preface);
  produced(server);
  const auto knows = raw_frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
  give(server, knows + raw_frame(NGHTTP2_HEADERS, 4, 1, small_head));
  produced(server);
  accepts = true;
  std::string late;
  for (int i = 0; i < 16; ++i)
    late += raw_frame(NGHTTP2_DATA, 0, 1, std::string(16'000, 'x'));
  server.counts().admit();
  CAF_CHECK(give(server, late));
  CAF_CHECK(give(server, raw_frame(NGHTTP2_HEADERS, 5, 1, "\0\x01x\x01y"s)));
  CAF_CHECK(give(server, raw_frame(NGHTTP2_HEADERS, 5, 3, small_head)));
  CAF_CHECK_EQUAL(requests.size(), 2u);
  CAF_CHECK_EQUAL(server.fault(), "");
}

CAF_TEST(what is not HTTP 2 is told as such) {
  for (const auto& text :
       {"GET / HTTP/1.1\r\n\r\n"s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxx"s}) {
    fixture one;
    const bool open = one.give(one.server, text);
    fixture::produced(one.server);
    CAF_CHECK(!open || one.server.is_done());
    CAF_CHECK(!one.server.fault().empty());
  }
  give(client, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  produced(client);
  CAF_CHECK(client.is_done());
  CAF_CHECK(!client.fault().empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
