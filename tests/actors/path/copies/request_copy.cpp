#define CAF_SUITE request_copy

#include "actors/path/copies/request_copy.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;
using namespace aps::test;

namespace {

/// A copy whose exchange the script answers.
struct fixture {
  std::shared_ptr<request_copy> make(request_head head, size_t most = 100) {
    return std::make_shared<request_copy>(
      std::make_shared<const request_head>(std::move(head)), most,
      byte_share{room},
      [this](request_head_ptr asked, std::shared_ptr<visitor> by) {
        if (full)
          return exchange_ptr{};
        running = std::make_shared<exchange>(
          unit, 9, std::move(asked), exchange_facts{}, std::move(by), 4096);
        return running;
      },
      [this](copy_end end) { ends.push_back(end); });
  }

  void answer_with(uint16_t status, bool last = true) {
    unit.run_inside([&] { running->attach(link, session_id{1}, owner); });
    unit.run_all();
    deliver(response_frame{answer(status, last)});
  }

  void deliver(frame::kind kind) {
    running->deliver(link, {9, std::move(kind)});
    unit.run_all();
  }

  std::string sent_body() const {
    std::string out;
    for (const auto& each : link->out)
      if (const auto* data = std::get_if<data_frame>(&each.body))
        out += data->payload.view();
    return out;
  }

  manual_unit unit;
  std::shared_ptr<byte_budget> room = std::make_shared<byte_budget>(4096);
  bool full = false;
  exchange_ptr running;
  std::shared_ptr<sim_link> link = std::make_shared<sim_link>(unit);
  std::shared_ptr<test_owner> owner = std::make_shared<test_owner>();
  std::vector<copy_end> ends;
};

using ends = std::vector<copy_end>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(request_copy_tests, fixture)

CAF_TEST(a request without a body goes at once) {
  {
    const auto uut = make(get());
    uut->begin();
  }
  CAF_REQUIRE(running);
  CAF_CHECK(ends.empty());
  answer_with(500); // whatever that is
  CAF_CHECK(ends == ::ends{copy_end::answered});
}

CAF_TEST(a body is gathered and then sent) {
  auto uut = make(post());
  unit.run_inside([&] {
    uut->on_body(slice::copy("one "));
    uut->on_body(slice::copy("two"));
  });
  CAF_CHECK(!running);
  unit.run_inside([&] { uut->on_body_end({{"X-T", "1"}}); });
  uut = nullptr;
  CAF_REQUIRE(running);
  answer_with(200);
  CAF_CHECK_EQUAL(sent_body(), "one two");
  CAF_CHECK(ends == ::ends{copy_end::answered});
}

CAF_TEST(what is too large is no copy) {
  const auto uut = make(post(), 5);
  uut->on_body(slice::copy("12345"));
  CAF_CHECK(ends.empty());
  uut->on_body(slice::copy("6"));
  CAF_CHECK(ends == ::ends{copy_end::too_large});
  uut->on_body(slice::copy("7"));
  uut->on_body_end({});
  CAF_CHECK(!running);
  CAF_CHECK_EQUAL(ends.size(), 1u);
}

CAF_TEST(a request that never was whole is no copy) {
  auto uut = make(post());
  uut->on_body(slice::copy("half"));
  uut = nullptr; // the original lets go of it
  CAF_CHECK(!running);
  CAF_CHECK(ends == ::ends{copy_end::cut});
}

CAF_TEST(one that takes too long is given up) {
  const auto uut = make(get());
  uut->begin();
  unit.run_inside([&] { uut->expire(); });
  CAF_CHECK(running->over());
  CAF_CHECK(ends == ::ends{copy_end::failed});
  CAF_CHECK_EQUAL(uut.use_count(), 1);
}

CAF_TEST(a body in many pieces takes little more than its bytes) {
  auto uut = make(post(), 1000);
  std::string body;
  unit.run_inside([&] {
    for (int i = 0; i < 1000; ++i) {
      // Each keeps more than its byte.
      const auto read = slice::adopt(std::string(4096, static_cast<char>(i)));
      uut->on_body(read.sub(0, 1));
      body += read.view().substr(0, 1);
      CAF_CHECK_EQUAL(read.owner().use_count(), 1);
    }
  });
  CAF_CHECK(room->taken() <= 1000);
  CAF_CHECK(room->taken() >= 900); // all but what has room in the object
  unit.run_inside([&] { uut->on_body_end({}); });
  CAF_REQUIRE(running);
  answer_with(200);
  CAF_CHECK_EQUAL(sent_body(), body);
  CAF_CHECK_EQUAL(room->taken(), 0u);
}

CAF_TEST(copies have one room in common) {
  auto first = make(post(), 3000);
  auto second = make(post(), 3000);
  first->on_body(slice::copy(std::string(3000, 'a')));
  CAF_CHECK(ends.empty());
  second->on_body(slice::copy(std::string(2000, 'b')));
  CAF_CHECK(ends == ::ends{copy_end::busy});
  second->on_body_end({});
  CAF_CHECK(!running);
  first = nullptr;
  CAF_CHECK_EQUAL(room->taken(), 0u);
}

CAF_TEST(one without a place is none) {
  full = true;
  const auto uut = make(get());
  uut->begin();
  CAF_CHECK(ends == ::ends{copy_end::busy});
}

CAF_TEST(of an answer no more than its begin is read) {
  auto uut = make(get());
  uut->begin();
  uut = nullptr;
  answer_with(200, false);
  uint64_t at = 0;
  for (; at < request_copy::most_of_answer && ends.empty(); at += 1024)
    deliver(data_frame{at, slice::copy(std::string(1024, 'x'))});
  CAF_CHECK_EQUAL(at, request_copy::most_of_answer);
  CAF_CHECK(running->over());
  CAF_CHECK(ends == ::ends{copy_end::answered});
  CAF_REQUIRE(!link->out.empty());
  CAF_CHECK(std::holds_alternative<reset_frame>(link->out.back().body));
}

CAF_TEST(a copy that goes in a circle failed) {
  make(get())->begin();
  answer_with(508);
  CAF_CHECK(ends == ::ends{copy_end::failed});
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a copy is marked and asks the other target) {
  request_head head = get();
  head.scheme = "https";
  head.authority = "one:1";
  head.path = "/a?b";
  head.server_name = "inner";
  head.origin_tls = 7;
  head.proxy = proxy_version::v2;
  head.visitor = 3;
  head.headers = {{"Host", "one:1"}, {"Expect", "100-continue"}, {"X-A", "b"}};
  const auto out
    = request_copy::head_of(head, {"http", "two", 81, "", true, {}});
  CAF_CHECK_EQUAL(out->scheme, "http");
  CAF_CHECK_EQUAL(out->authority, "two:81");
  CAF_CHECK_EQUAL(out->path, "/a?b");
  CAF_CHECK(out->protocol == origin_protocol_of(true, true));
  CAF_CHECK(out->server_name.empty() && out->origin_tls == 0
            && out->proxy == proxy_version::none && out->visitor == 0);
  std::string fields;
  for (const auto& each : out->headers)
    fields += each.name + ": " + each.value + "\n";
  CAF_CHECK_EQUAL(fields, "Host: two:81\nX-A: b\nAps-Copy: 1\n");
}
