// Polling requests: what the path demands is there and within its limits, and
// a request as agents write it is read as it was meant.
#include "tests/fuzz/messages.hpp"

#include "transports/tunnel/poll/poll_wire.hpp"

#include <array>

namespace {

using namespace aps;

constexpr std::array paths{poll_down_path, poll_up_path, poll_close_path,
                           poll_path};

void require_sane(std::string_view path, const poll_request& what) {
  switch (what.verb) {
    case poll_verb::down:
      APS_REQUIRE(path == poll_down_path);
      APS_REQUIRE(what.hold <= max_poll_hold && what.hold >= duration{});
      break;
    case poll_verb::up:
      APS_REQUIRE(path == poll_up_path);
      APS_REQUIRE(what.number > 0);
      break;
    case poll_verb::close:
      APS_REQUIRE(path == poll_close_path);
      break;
  }
}

// The request of an agent, with a value of ours in each field.
void check_writing(std::string_view path, uint64_t number, uint64_t hold) {
  const header_list headers{
    {std::string{poll_received_field}, std::to_string(number)},
    {std::string{poll_batch_field}, std::to_string(number)},
    {std::string{poll_close_field}, std::to_string(number)},
    {std::string{poll_hold_field}, std::to_string(hold)}};
  const auto got = fuzz::read<true>(
    poll_request_head(path, "node:80", headers, 0), 7, {});
  APS_REQUIRE(got.done);
  poll_request what;
  const auto taken = read_poll_request(path, got.head.headers, what);
  if (path == poll_down_path)
    APS_REQUIRE(taken && what.number == number);
  if (path == poll_up_path)
    APS_REQUIRE(taken == (number > 0) && what.number == number);
  if (path == poll_close_path)
    APS_REQUIRE(taken == (number <= UINT16_MAX)
                && (!taken || what.code == number));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  fuzz::decisions choose{text};
  const auto path = paths[choose.next() % paths.size()];
  const size_t step = 2 + choose.next() % 62;
  uint64_t number = 0;
  for (auto left = choose.next() % 9; left > 0; --left)
    number = number << 8 | choose.next();
  check_writing(path, number, number ^ 0xffff);
  if (const auto value = to_number(text))
    APS_REQUIRE(to_number(std::to_string(*value)) == value);
  const auto message = "POST " + std::string{path} + " HTTP/1.1\r\nHost: n\r\n"
                       + std::string{text};
  const auto got = fuzz::read<true>(message, step, {});
  if (!got.head_done || got.fault != parse_fault::none)
    return 0;
  poll_request what;
  if (read_poll_request(path, got.head.headers, what))
    require_sane(path, what);
  return 0;
}
