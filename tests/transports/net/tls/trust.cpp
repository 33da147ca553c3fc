#define CAF_SUITE trust

#include "tests/support/test.hpp"
#include "tests/transports/net/tls/tls_pair.hpp"

#include "transports/net/tls/trust.hpp"

#include <stdexcept>

using namespace aps;
using namespace aps::test;
namespace asio = boost::asio;

namespace {

/// What is said of a file with this text; "" = nothing.
std::string trouble_with(const std::string& text) {
  const text_file file{"trusted.pem", text};
  asio::ssl::context context{asio::ssl::context::tls_client};
  try {
    trust_file(context, file.path);
    return "";
  } catch (const std::runtime_error& error) {
    const std::string words = error.what();
    return words.substr(words.find(".pem: ") + 6);
  }
}

} // namespace

CAF_TEST(certificates are read and anything else is refused) {
  CAF_CHECK_EQUAL(trouble_with(make_certificate().cert), "");
  CAF_CHECK_EQUAL(trouble_with("text"), "it has no certificate in PEM");
  CAF_CHECK(!trouble_with("-----BEGIN CERTIFICATE-----\nAAAA\n"
                          "-----END CERTIFICATE-----\n")
               .empty());
}

CAF_TEST(a file that is not there is named) {
  asio::ssl::context context{asio::ssl::context::tls_client};
  try {
    trust_file(context, "/nowhere.pem");
    CAF_FAIL("no exception");
  } catch (const std::runtime_error& error) {
    CAF_CHECK_EQUAL(std::string{error.what()},
                    "cannot read certificates from /nowhere.pem: No such file "
                    "or directory");
  }
}
