#pragma once

#include "config/config.hpp"
#include "config/syntax/reader.hpp"

#include <nlohmann/json_fwd.hpp>

namespace aps::config {

/// What a mapping asks of requests (key `match`); `from` was read.
void read_match(reader& mapping_in, mapping& to);

/// The same as the file would say it.
nlohmann::json show(const conditions& asked);

/// Whether no two mappings are for the same requests: nobody could tell which
/// of them is meant.
void check_mappings(const node& all, problems& out);

} // namespace aps::config
