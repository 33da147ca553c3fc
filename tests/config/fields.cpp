#define CAF_SUITE config.fields

#include "tests/support/test.hpp"

#include "config/fields.hpp"

#include <nlohmann/json.hpp>

#include <set>

using namespace aps::config;

namespace {

std::string path_of(const nlohmann::json& key) {
  return key["section"][0].get<std::string>() + "."
         + key["key"].get<std::string>();
}

} // namespace

CAF_TEST(each key stands once in its section) {
  std::set<std::string> seen;
  for (const auto& key : plain_keys())
    CAF_CHECK(seen.insert(path_of(key)).second);
  CAF_CHECK(seen.contains("tunnels.<name>.poll_pool.pool_size"));
  CAF_CHECK(seen.contains("mappings[].health.fall"));
}

CAF_TEST(each default is one of the values that may be) {
  for (const auto& key : plain_keys()) {
    CAF_MESSAGE(path_of(key));
    const auto low = key["low"].get<double>();
    const auto high = key["high"].get<double>();
    CAF_CHECK(low < high);
    if (key["type"] == "boolean") {
      CAF_CHECK(key["default"].is_boolean());
      continue;
    }
    const auto value = key["default"].get<double>();
    CAF_CHECK((key["or_zero"] && value == 0)
              || (low <= value && value <= high));
  }
}

CAF_TEST(each meaning fits into a cell and goes on to a full stop) {
  for (const auto& key : plain_keys()) {
    CAF_MESSAGE(path_of(key));
    const auto meaning = key["meaning"].get<std::string>();
    CAF_CHECK(!meaning.empty() && !meaning.ends_with('.'));
    CAF_CHECK_EQUAL(meaning.find_first_of("|\n"), meaning.npos);
  }
}

CAF_TEST(a reload changes pools and waiting times but no server) {
  for (const auto& key : plain_keys()) {
    const auto path = path_of(key);
    CAF_MESSAGE(path);
    if (path.find("_pool.") != path.npos || path.ends_with("resume_time"))
      CAF_CHECK(key["live"] == true);
    if (path.starts_with("http.")
        || (path.starts_with("servers.") && path.find(".quota.") == path.npos
            && path.find(".compress.") == path.npos))
      CAF_CHECK(key["live"] == false);
  }
}
