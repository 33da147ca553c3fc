// Configurations: whatever stands in one, all that is wrong is said; what is
// right is shown so that it can be read again.
#include "tests/fuzz/fuzz.hpp"

#include "config/config.hpp"
#include "config/show.hpp"

#include <nlohmann/json.hpp>

namespace {

using namespace aps;

// `show` hides them.
void hide_secrets(config::node& what) {
  for (auto& [name, tunnel] : what.tunnels)
    if (!tunnel.password.empty())
      tunnel.password = "***";
  if (what.admin && !what.admin->token.empty())
    what.admin->token = "***";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto found = config::parse(fuzz::text_of(data, size));
  if (const auto* wrong = std::get_if<config::problems>(&found)) {
    APS_REQUIRE(!wrong->empty());
    for (const auto& problem : *wrong) {
      const auto line = problem.str();
      APS_REQUIRE(!line.empty());
      APS_REQUIRE(line.find('\n') == line.npos);
    }
    return 0;
  }
  auto& right = std::get<config::node>(found);
  auto again = config::parse(config::show(right).dump());
  auto* same = std::get_if<config::node>(&again);
  APS_REQUIRE(same);
  hide_secrets(right);
  hide_secrets(*same);
  APS_REQUIRE(*same == right);
  return 0;
}
