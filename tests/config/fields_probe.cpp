// The plain keys, for tools/config_keys.
#include "config/fields.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

int main() {
  std::cout << aps::config::plain_keys() << '\n';
}
