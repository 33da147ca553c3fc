#define CAF_SUITE direct_link

#include "tests/transports/seam/exchange_world.hpp"

#include "tests/support/test.hpp"

using namespace aps;
using namespace aps::test;

namespace {

/// Both sides of one request, joined without a transport.
struct joined {
  explicit joined(request_head head, uint32_t window = 4096) {
    auto shared = std::make_shared<const request_head>(std::move(head));
    node = std::make_shared<exchange>(unit, 7, shared, exchange_facts{},
                                      visitor_side, window);
    served = std::make_shared<served_exchange>(unit, 7, shared, window);
    served->set_origin(origin_side);
  }

  void connect() {
    unit.run_inside([&] { connect_directly(node, served); });
    unit.run_all();
  }

  template <class Work>
  void inside(Work work) {
    unit.run_inside(work);
    unit.run_all();
  }

  manual_unit unit;
  std::shared_ptr<test_visitor> visitor_side = std::make_shared<test_visitor>();
  std::shared_ptr<test_origin> origin_side = std::make_shared<test_origin>();
  exchange_ptr node;
  served_exchange_ptr served;
};

struct ignoring final : exchange_observer {
  void on_over(const exchange_record_ptr&) override {}
};

} // namespace

CAF_TEST(a request and its answer cross over) {
  joined both{post()};
  both.connect();
  both.inside([&] {
    both.node->send_body(slice::copy("abc"));
    both.node->send_body(slice::copy("def"));
    both.node->send_end({});
  });
  CAF_CHECK_EQUAL(both.origin_side->body, "abcdef");
  CAF_CHECK_EQUAL(both.origin_side->body_ends, 1);
  both.inside([&] {
    both.served->send_head(answer(103));
    both.served->send_head(answer(200));
    both.served->send_body(slice::copy("hello"));
    both.served->send_end({{"X-T", "1"}});
  });
  CAF_CHECK_EQUAL(both.visitor_side->heads, (std::vector<int>{103, 200}));
  CAF_CHECK_EQUAL(both.visitor_side->body, "hello");
  CAF_CHECK_EQUAL(both.visitor_side->trailers.size(), 1u);
  CAF_CHECK_EQUAL(both.visitor_side->ends, 1);
  CAF_CHECK(!both.visitor_side->failure);
  CAF_CHECK(both.node->over());
  CAF_CHECK(both.served->over());
  CAF_CHECK_EQUAL(both.origin_side->cancelled, 0);
}

CAF_TEST(no call nests inside of another) {
  joined both{post()};
  both.connect();
  both.unit.run_inside([&] {
    both.node->send_body(slice::copy("abc"));
    CAF_CHECK_EQUAL(both.origin_side->body, "");
    both.served->send_head(answer(200));
    CAF_CHECK(both.visitor_side->heads.empty());
  });
  both.unit.run_all();
  CAF_CHECK_EQUAL(both.origin_side->body, "abc");
  CAF_CHECK_EQUAL(both.visitor_side->heads.size(), 1u);
}

CAF_TEST(a slow reader holds the other end back) {
  joined both{get(), 8};
  both.connect();
  both.inside([&] {
    both.served->send_head(answer(200));
    CAF_CHECK_EQUAL(both.served->room(), 8u);
    both.served->send_body(slice::copy("12345678"));
  });
  CAF_CHECK_EQUAL(both.visitor_side->body, "12345678");
  CAF_CHECK_EQUAL(both.served->room(), 0u);
  both.inside([&] { both.node->consumed(8); });
  CAF_CHECK_EQUAL(both.served->room(), 8u);
}

CAF_TEST(a visitor that leaves stops the work) {
  joined both{get()};
  both.connect();
  both.inside([&] { both.node->cancel(outcome::visitor_gone); });
  CAF_CHECK_EQUAL(both.origin_side->cancelled, 1);
  CAF_CHECK(both.served->over());
}

CAF_TEST(a target that fails is told to the visitor) {
  joined both{get()};
  both.connect();
  both.inside([&] { both.served->fail(outcome::origin_refused, "not there"); });
  CAF_REQUIRE(both.visitor_side->failure);
  CAF_CHECK(*both.visitor_side->failure == outcome::origin_refused);
  CAF_CHECK_EQUAL(both.visitor_side->detail, "not there");
}

CAF_TEST(the side of the target lives as long as the request) {
  joined both{get()};
  both.connect();
  const std::weak_ptr<served_exchange> watched = both.served;
  both.served.reset();
  CAF_REQUIRE(!watched.expired());
  both.inside([&] {
    const auto served = watched.lock();
    served->send_head(answer(200));
    served->send_end({});
  });
  CAF_CHECK_EQUAL(both.visitor_side->ends, 1);
  CAF_CHECK(watched.expired());
}

CAF_TEST(what is under way to a side that is gone reaches nobody) {
  joined both{post()};
  both.connect();
  both.unit.run_inside([&] {
    both.node->send_body(slice::copy("abc"));
    both.served->send_head(answer(200));
  });
  both.node.reset();
  both.unit.run_all();
  CAF_CHECK(both.visitor_side->heads.empty());
  CAF_CHECK_EQUAL(both.visitor_side->ends, 0);
}

CAF_TEST(the record names the way) {
  joined both{get()};
  const auto record = std::make_shared<exchange_record>();
  both.node->observe(std::make_shared<ignoring>(), record);
  both.connect();
  CAF_REQUIRE_EQUAL(record->attempts.size(), 1u);
  CAF_REQUIRE(record->attempts[0].by);
  CAF_CHECK_EQUAL(record->attempts[0].by->transport, "direct");
  CAF_CHECK_EQUAL(record->attempts[0].by->tunnel, "");
}
