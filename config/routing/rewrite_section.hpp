#pragma once

#include "config/config.hpp"
#include "config/syntax/reader.hpp"

#include <nlohmann/json_fwd.hpp>

namespace aps::config {

/// What a mapping makes of requests and answers (keys `host`, `translate`,
/// `path`, `query`, `request_headers` and `response_headers`); `match` was
/// read.
void read_rewrites(reader& mapping_in, mapping& to);

/// An answer of our own instead of a target (key `to`, an object); `match` was
/// read.
void read_answer(reader& mapping_in, mapping& to);

/// Adds what is there, as the file would say it.
void show_rewrites(nlohmann::json& to, const mapping& rule);

/// Whether no rule writes the field that names a user to targets.
void check_rewrites(const node& all, problems& out);

} // namespace aps::config
