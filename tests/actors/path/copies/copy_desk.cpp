#define CAF_SUITE copy_desk

#include "actors/path/copies/copy_desk.hpp"

#include "tests/actors/unit_script.hpp"
#include "tests/support/test.hpp"
#include "tests/transports/seam/exchange_world.hpp"

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

/// Requests of one mapping with `cc`, and their copies.
class desk_script : public unit_script {
 public:
  desk_script() {
    context_ = std::make_shared<node_context>();
    context_->units = std::make_shared<unit_contexts>(*system, net);
    context_->alarms = std::make_shared<alarm_clock>(*system);
    config::copies rule;
    rule.to = {"http", "copy", 80, ""};
    rule.max_in_flight = 2;
    rule.max_body_bytes = 10;
    auto made = std::make_shared<route>();
    made->rule.cc = rule;
    made->identity = 5;
    via = std::move(made);
    uut = std::make_shared<copy_desk>(
      *system, context_,
      [this](const exchange_ptr& copy) { copies.push_back(copy); }, room);
  }

  ~desk_script() {
    inside([&] { uut->close(net.here); });
    copies.clear();
  }

  exchange_ptr request(request_head head) {
    auto out = std::make_shared<exchange>(
      net.here, ++last_id, std::make_shared<request_head>(std::move(head)),
      exchange_facts{"::1", "", via}, std::make_shared<test_visitor>(), 65536);
    inside([&] { uut->copy(out); });
    return out;
  }

  void answer(size_t which) {
    const auto link = std::make_shared<sim_link>(net.here);
    auto head = std::make_shared<response_head>();
    head->last = true;
    const auto copy = copies.at(which);
    inside([&] {
      copy->attach(link, session_id{1}, std::make_shared<test_owner>());
      copy->deliver(link, {copy->id(), response_frame{head}});
    });
  }

  std::shared_ptr<const route> via;
  std::shared_ptr<byte_budget> room = std::make_shared<byte_budget>(100'000);
  std::shared_ptr<copy_desk> uut;
  std::vector<exchange_ptr> copies;
  exchange_id last_id = 1000;

 private:
  std::shared_ptr<node_context> context_;
};

} // namespace

CAF_TEST(so many are under way and others are left out) {
  desk_script it;
  it.request(get());
  it.request(get());
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 2u);
  CAF_CHECK_EQUAL(it.copies[0]->head()->authority, "copy");
  CAF_CHECK_EQUAL(it.copies[0]->facts().visitor_address, "");
  it.answer(0);
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 3u);
}

CAF_TEST(what cannot be copied takes no place) {
  desk_script it;
  auto upgrade = get();
  upgrade.upgrade = "websocket";
  it.request(upgrade);
  it.request(stream());
  auto large = post();
  large.content_length = 11;
  it.request(large);
  CAF_CHECK(it.copies.empty());
  it.request(get());
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 2u);
}

CAF_TEST(a body goes along once it is there) {
  desk_script it;
  const auto original = it.request(post());
  it.inside([&] { original->send_body(slice::copy("0123456789")); });
  CAF_CHECK(it.copies.empty());
  it.inside([&] { original->send_end({}); });
  CAF_CHECK_EQUAL(it.copies.size(), 1u);
  // One that grows beyond its bound gives its place back.
  for (int i = 0; i < 5; ++i) {
    const auto other = it.request(post());
    it.inside([&] { other->send_body(slice::copy("0123456789a")); });
  }
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 2u);
}

CAF_TEST(bodies that come slowly take no places) {
  desk_script it;
  std::vector<exchange_ptr> slow;
  for (int i = 0; i < 5; ++i)
    slow.push_back(it.request(post()));
  it.request(get());
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 2u);
  // Whoever comes to an end then needs one.
  it.inside([&] { slow[0]->send_end({}); });
  CAF_CHECK_EQUAL(it.copies.size(), 2u);
  it.answer(0);
  it.inside([&] { slow[1]->send_end({}); });
  CAF_CHECK_EQUAL(it.copies.size(), 3u);
}

CAF_TEST(what is kept for all of them is bounded) {
  desk_script it;
  std::vector<exchange_ptr> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(it.request(post()));
    CAF_CHECK(it.room->taken() <= 100'000);
  }
  const auto full = it.room->taken();
  CAF_CHECK(full > 90'000);
  it.request(get());
  CAF_CHECK(it.copies.empty());
  // What a visitor began ends with it.
  for (const auto& each : slow)
    it.inside([&] { each->cancel(outcome::visitor_gone); });
  CAF_CHECK_EQUAL(it.room->taken(), 0u);
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 1u);
}

CAF_TEST(a copy without an answer ends in time) {
  desk_script it;
  it.request(get());
  it.pass(29s);
  CAF_CHECK(!it.copies[0]->over());
  it.pass(2s);
  CAF_CHECK(it.copies[0]->over());
  it.request(get());
  it.request(get());
  CAF_CHECK_EQUAL(it.copies.size(), 3u);
}
