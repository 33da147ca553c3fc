#pragma once

#include "config/config.hpp"
#include "config/syntax/expand.hpp"
#include "config/syntax/reader.hpp"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

namespace aps::config {

/// Of a server or a mapping: the keys `error_pages` and `compress`.
void read_error_pages(reader& in, boxed<error_pages>& to);
void read_compression(reader& in, boxed<compression>& to);

/// Adds what is there, as the file would say it.
void show_answers(nlohmann::json& to, const boxed<error_pages>& pages,
                  const boxed<compression>& compress);

/// The pages of a server or a mapping at `place` from their files, whose names
/// are relative to `folder`. `left` = bytes that all others leave.
void load_pages(boxed<error_pages>& of, const std::string& place,
                const std::filesystem::path& folder, const source& from,
                size_t& left, problems& out);

/// The outcomes that a page may be for.
const std::vector<std::string>& page_outcomes();

} // namespace aps::config
