#define CAF_SUITE grpc_server

#include "actors/admin/grpc/grpc_server.hpp"
#include "aps/admin/v1/admin.grpc.pb.h"
#include "tests/support/test.hpp"

#include <stdexcept>

using namespace aps;

namespace {

std::string failure(const config::admin_grpc& settings) {
  admin::v1::Monitor::Service service;
  try {
    const auto open = admin::open_grpc_server(settings, service);
    return "none";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

} // namespace

CAF_TEST(a_free_port_is_told) {
  for (const auto* host : {"127.0.0.1", "localhost", "::1"}) {
    admin::v1::Monitor::Service service;
    const auto open = admin::open_grpc_server({host, 0, {}}, service);
    CAF_CHECK(open.port != 0);
    open.server->Shutdown();
  }
}

CAF_TEST(a_port_in_use_is_refused_by_its_key) {
  admin::v1::Monitor::Service service;
  const auto first = admin::open_grpc_server({"127.0.0.1", 0, {}}, service);
  const auto why = failure({"127.0.0.1", first.port, {}});
  CAF_CHECK_EQUAL(why,
                  "$.admin.grpc: cannot listen on 127.0.0.1:"
                    + std::to_string(first.port)
                    + ": Address already in use; is another node running?");
  first.server->Shutdown();
  CAF_CHECK_EQUAL(failure({"127.0.0.1", first.port, {}}), "none");
}

CAF_TEST(so_is_an_address_that_this_machine_does_not_have) {
  CAF_CHECK_EQUAL(failure({"192.0.2.1", 0, {}}),
                  "$.admin.grpc: cannot listen on 192.0.2.1:0: Cannot assign "
                  "requested address");
}

CAF_TEST(so_are_files_that_are_gone) {
  config::tls files;
  files.certificates.push_back({"/nowhere/cert.pem", "/nowhere/key.pem"});
  const auto why = failure({"127.0.0.1", 0, files});
  CAF_CHECK_EQUAL(why, "$.admin.grpc.tls: /nowhere/key.pem: No such file or "
                       "directory");
}
