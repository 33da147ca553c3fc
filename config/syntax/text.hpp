#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Words for problems: quoting, paths, and the name somebody may have meant.
namespace aps::config {

/// `text` as a JSON string literal, cut after about 60 characters; of an
/// address without user and password.
std::string quote(std::string_view text);

/// What `text` is shown as where a name is asked for: up to what no name has,
/// which may be a password ("alice:$apr1$..."), and of what looks like a secret
/// itself only how it begins.
std::string name_in(std::string_view text);

/// An address as it may stand in records and logs (RFC 3986, 7.5): without user
/// and password, however odd the rest is, and without a fragment, which no
/// request has. A path stays as it is.
std::string without_user_info(std::string_view address);

/// All of `text` as a JSON string literal in ASCII.
std::string escaped(std::string_view text);

/// Whether `text` is UTF-8 without control characters.
bool is_clean(std::string_view text);

/// "UTF-16" or another encoding that is no UTF-8, by how `text` begins; "" when
/// it may be UTF-8.
std::string_view foreign_encoding(std::string_view text);

/// `path` plus one member: `$.a.key`, or `$.a["odd key"]` where needed.
std::string member_path(std::string_view path, std::string_view key);

/// `path` plus one element: `$.a[3]`.
std::string element_path(std::string_view path, size_t index);

/// "a, b, c", at most forty of them; odd ones quoted.
std::string joined(const std::vector<std::string>& words);

/// The closest of `known`, or "" when none is close: about a third of the
/// letters may differ, where insertions, deletions, changes and swaps of
/// neighbours count one each and case does not count. Failing that, the only
/// one that contains `word`.
std::string nearest(std::string_view word,
                    const std::vector<std::string>& known);

/// `head` and `rest` in a line of at most 160 columns, if `head` leaves room
/// for some words: the end of `rest` gives way to " ...".
std::string fitted(const std::string& head, const std::string& rest);

/// Words that mean the same where either may stand.
inline constexpr std::pair<std::string_view, std::string_view> synonyms[]
  = {{"warn", "warning"}, {"ws", "websocket"}};

/// The one of `words` that `word` means, which may be another word for it
/// ("warn" is "warning", "ws" is "websocket"); "" when there is none.
std::string meant(std::string_view word, const std::vector<std::string>& words);

/// Whether `text` is a token of HTTP (RFC 9110, 5.6.2), as methods and names of
/// headers and cookies are.
bool is_token(std::string_view text);

/// Whether `text` may stand as a token behind "Authorization: Bearer": no
/// control characters, no blanks at its ends, which a header loses.
bool is_bearer_token(std::string_view text);

/// What `is_bearer_token` asks for, in words.
inline constexpr auto bearer_token_rule
  = "a token without control characters and without blanks at its ends";

/// Whether `text` may name a server, tunnel or endpoint: 1..128 bytes without
/// control characters.
bool is_name(std::string_view text);

/// What `is_name` asks for, in words.
inline constexpr auto name_rule = "a name of 1 to 128 bytes without control "
                                  "characters";

} // namespace aps::config
