#pragma once

#include "tools/cli/cli.hpp"

/// Flags as keys of a configuration file: what stands there, checked as on the
/// command line. A string is taken wherever the flag takes it, such as "5s".
namespace aps::cli {

/// Bytes of a value, wherever it stands.
inline constexpr size_t max_text = 4096;

/// Where a flag's value stands in a file.
struct flag_key {
  config::reader& in;
  const char* name;
  const cli::flag& flag;

  bool is_there() const;
};

/// Each reads the value into `to` when it is right and there, and returns false
/// when it added a problem.
bool read_text(const flag_key& key, std::string& to);
bool read_number(const flag_key& key, uint32_t most, uint32_t& to);
bool read_duration(const flag_key& key, bool positive, double& to);
bool read_switch(const flag_key& key, bool& to);
bool read_list(const flag_key& key, std::vector<std::string>& to);
bool read_choice(const flag_key& key, const std::vector<std::string>& allowed,
                 std::string& to);

} // namespace aps::cli
