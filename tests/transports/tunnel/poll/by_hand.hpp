#pragma once

#include "tests/support/test.hpp"

#include "tests/transports/http/wire.hpp"
#include "tests/transports/tunnel/link_harness.hpp"

#include "transports/tunnel/poll/poll_wire.hpp"
#include "transports/wire/codec.hpp"

namespace aps::test {

inline const std::string protocol = "aps.tunnel.v1";

inline std::string opening() {
  return poll_request_head(poll_path, "node", {{"Aps-Protocol", protocol}}, 0);
}

inline std::string down(const std::string& token, int received,
                        int hold_ms = 15'000) {
  return poll_request_head(poll_down_path, "node",
                           {{"Aps-Token", token},
                            {"Aps-Received", std::to_string(received)},
                            {"Aps-Hold", std::to_string(hold_ms)}},
                           0);
}

inline std::string up_head(const std::string& token, int batch, size_t bytes) {
  return poll_request_head(
    poll_up_path, "node",
    {{"Aps-Token", token}, {"Aps-Batch", std::to_string(batch)}}, bytes);
}

inline std::string up(const std::string& token, int batch,
                      const std::string& body) {
  return up_head(token, batch, body.size()) + body;
}

inline std::string encoded(const frame& what) {
  batch_encoder encoder;
  std::string result;
  for (const auto& part : encoder.encode({what}))
    result += part.view();
  return result;
}

inline std::string pings(size_t bytes) {
  return encoded(
    {1, data_frame{0, slice::adopt(std::string(bytes, 'x')), false}});
}

/// What a node said, short: status and the fields that matter.
struct said {
  unsigned status;
  std::string batch;
  std::string received;
  std::string close;
  std::string body;
};

/// Speaks to a node as an agent does, by hand.
struct by_hand_fixture : link_fixture {
  test::wire dial_raw() { return test::wire::dial(port->port()); }

  said ask(test::wire& to, const std::string& request) {
    to.send(request);
    return hear(to);
  }

  said hear(test::wire& from) {
    const auto got = from.read_response();
    CAF_CHECK(got.complete);
    CAF_CHECK(got["Content-Length"] != "(none)");
    return {got.head.status, got["Aps-Batch"], got["Aps-Received"],
            got["Aps-Close"], got.body};
  }

  /// Opens a link by hand; `mine` is the node's end, started.
  std::string open_raw(test::wire& to) {
    to.send(opening());
    const auto got = to.read_response();
    CAF_CHECK_EQUAL(got.head.status, 201u);
    CAF_CHECK(got["Cache-Control"].find("no-store") != std::string::npos);
    mine = node->take();
    CAF_REQUIRE(mine);
    start(mine, seen);
    return got["Aps-Token"];
  }

  link_ptr mine;
  std::shared_ptr<recorder> seen = std::make_shared<recorder>();
};

} // namespace aps::test
