#pragma once

#include "tests/support/test.hpp"

#include "tests/transports/tunnel/cutting_proxy.hpp"
#include "tests/transports/tunnel/link_harness.hpp"

#include <algorithm>
#include <functional>
#include <memory>

namespace aps::test {

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

inline frame numbered(uint64_t n, size_t size = 100) {
  return {1, data_frame{n, slice::adopt(std::string(size, 'x')), false}};
}

/// A poll link whose connections a proxy cuts.
struct cut_fixture : link_fixture {
  /// Both ends of a poll link that goes through `via`, started.
  void open(const cutting_proxy& via, bool tls = false) {
    links.agent = dial({transport_kind::poll, tls}, via.port()).connected;
    CAF_REQUIRE(links.agent);
    links.node = node->take();
    CAF_REQUIRE(links.node);
    links.node->send({0, welcome_frame{}});
    start(links.node, at_node);
    start(links.agent, at_agent);
    CAF_REQUIRE_EQUAL(at_agent->frames(1).size(), 1u);
  }

  /// Waits for `count` more frames at `who`: each once, in order, unchanged.
  void expect(recorder& who, uint64_t& next, uint64_t count,
              size_t size = 100) {
    for (const auto end = next + count; next < end;) {
      const auto frames = who.frames(1);
      CAF_REQUIRE(!frames.empty());
      for (const auto& frame : frames) {
        const auto& data = std::get<data_frame>(frame.body);
        CAF_REQUIRE_EQUAL(data.offset, next++);
        CAF_REQUIRE_EQUAL(data.payload.size(), size);
      }
    }
  }

  /// One frame of `size` bytes each way arrives, and nothing a second time.
  void check_both_ways(size_t size = 100) {
    links.agent->send(numbered(up, size));
    links.node->send(numbered(down, size));
    expect(*at_node, up, 1, size);
    expect(*at_agent, down, 1, size);
  }

  void end() {
    links.agent->close(close_reason::normal, "done");
    CAF_CHECK(at_agent->closed() == link_error::none);
    CAF_CHECK(at_node->closed() == link_error::none);
    CAF_CHECK(at_node->frames(0).empty());
    CAF_CHECK(at_agent->frames(0).empty());
  }

  /// The same with the next link.
  void forget() {
    links = {};
    at_node = std::make_shared<recorder>();
    at_agent = std::make_shared<recorder>();
    up = down = 0;
  }

  link_pair links;
  std::shared_ptr<recorder> at_node = std::make_shared<recorder>();
  std::shared_ptr<recorder> at_agent = std::make_shared<recorder>();
  uint64_t up = 0;
  uint64_t down = 0;
};

/// Does something at the first passage that fits, and lets all else pass.
inline cutting_proxy::censor once(std::function<bool(const passage&)> fits,
                                  verdict then, std::shared_ptr<int> count) {
  return [=](const passage& what) -> verdict {
    if (*count > 0 || !fits(what))
      return {};
    ++*count;
    return then;
  };
}

inline constexpr size_t big = 60 * 1024;

} // namespace aps::test
