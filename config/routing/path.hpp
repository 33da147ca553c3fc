#pragma once

#include <set>
#include <string>
#include <string_view>

namespace aps::config {

/// How far a path may lead a target astray. A mapping promises that a request
/// stays below its prefix; targets decode paths in ways of their own.
enum class path_risk : unsigned char {
  none,
  encoded_slash, ///< a "%2f": some targets see two segments where we see one
  hidden_climb,  ///< a ".." only for targets that decode more than we do
  climb,         ///< a ".." as RFC 3986 has it, its dots encoded or not
};

/// The highest risk of a path; its query does not count. A hidden ".." is one
/// beside an encoded slash or a backslash in any spelling, with path
/// parameters (`..;x`) or control characters (`.%00.`), in an overlong or
/// `%u` spelling, or encoded more than once, however often.
path_risk risk_of(std::string_view path);

/// The path as targets may read it that decode it once or until nothing is left
/// to decode, merge slashes, go by "." and "..", or leave path parameters,
/// blanks and control characters out, in all combinations; without the query.
/// Empty for a path that all of them read as it stands.
std::set<std::string> readings_of(std::string_view path);

/// Whether all of them read it as it stands; cheap.
bool has_one_reading(std::string_view path);

/// Why a mapping with a path does not take it: a sentence, or "".
std::string_view render(path_risk risk) noexcept;

} // namespace aps::config
