#define CAF_SUITE origin_client

#include "tests/support/test.hpp"

#include "tests/transports/http/proxy.hpp"

using namespace aps;
using namespace aps::test;

CAF_TEST(a missing certificate file is reported) {
  origin_options options;
  options.ca_file = "/does/not/exist.pem";
  bool thrown = false;
  try {
    make_origin_client(options);
  } catch (const std::runtime_error& error) {
    thrown = std::string_view{error.what()}.find("/does/not/exist.pem")
             != std::string_view::npos;
  }
  CAF_CHECK(thrown);
}

CAF_TEST(what is under way ends with its client) {
  std::promise<void> asked;
  std::promise<bool> ended;
  tcp_server origin{[&](wire& to) {
    to.read_request();
    asked.set_value();
    ended.set_value(to.ends());
  }};
  io_unit unit{0};
  unit.start();
  auto client = make_origin_client({});
  auto head = std::make_shared<request_head>();
  head->method = "GET";
  head->scheme = "http";
  head->authority = "127.0.0.1:" + std::to_string(origin.port());
  head->path = "/";
  head->last = true;
  std::weak_ptr<served_exchange> served;
  unit.post([&] { served = client->serve(unit, 1, head, default_window); });
  asked.get_future().wait();
  client = nullptr;
  CAF_CHECK(ended.get_future().get());
  unit.stop();
  CAF_CHECK(served.expired());
}
