#pragma once

#include "config/fields.hpp"
#include "config/syntax/reader.hpp"

#include <array>
#include <string_view>
#include <type_traits>

/// One function per section of the file. Each reads through a `reader` and
/// leaves defaults where the file says nothing.
namespace aps::config {

/// Bytes of a tunnel's password.
inline constexpr size_t max_password = 1024;

/// One plain key.
template <class Section>
void read_field(reader& in, const field<Section>& field, Section& to) {
  const auto& range = field.range;
  std::visit(
    [&](auto member) {
      auto& value = to.*member;
      using type = std::remove_reference_t<decltype(value)>;
      if constexpr (std::is_same_v<type, bool>)
        in.boolean(field.key, value);
      else if constexpr (std::is_same_v<type, seconds>)
        in.duration(field.key, value, {range.low, range.high, range.or_zero});
      else
        in.integer<type>(
          field.key, value,
          {static_cast<type>(range.low), static_cast<type>(range.high)});
    },
    field.member);
}

/// The plain keys of a section. `behind` is told of each when it was read:
/// there is the place of keys between them, and of what two of them must keep.
template <class Section, size_t Count, class Behind>
void read_fields(reader& in, const field<Section> (&fields)[Count], Section& to,
                 Behind behind) {
  for (const auto& field : fields) {
    read_field(in, field, to);
    behind(std::string_view(field.key));
  }
}

template <class Section, size_t Count>
void read_fields(reader& in, const field<Section> (&fields)[Count],
                 Section& to) {
  read_fields(in, fields, to, [](std::string_view) {});
}

/// A word that stands for one of `all`, by `to_string`.
template <class Enum, size_t Count>
void read_word(reader& in, const char* key, Enum& to,
               const std::array<Enum, Count>& all) {
  std::vector<std::string> words;
  for (const auto each : all)
    words.emplace_back(to_string(each));
  std::string word{to_string(to)};
  in.word(key, word, words);
  for (const auto each : all)
    if (word == to_string(each))
      to = each;
}

void read_http(reader&& in, http& to);

/// The list under `include`: files and patterns.
bool read_includes(reader& in, std::vector<std::string>& to);

/// What stands in every file beside its own keys, and was used before:
/// `$schema` and `include`.
void read_frame(reader& in);

void read_limits(reader&& in, limits& to);

/// A list of networks under `key`; one that is there replaces what `to` has.
void read_networks(reader& in, const char* key, std::vector<std::string>& to);

/// What a server, tunnel or mapping asks of visitors: `allow`, `deny`,
/// `require` and `quota`.
void read_access(reader& in, access& to);

/// Who carries something: tunnels and their endpoints. `known` null = names of
/// tunnels are not checked. The rest of `via`, and its end, are the caller's.
void read_way(reader& via, const std::vector<std::string>* known,
              std::vector<std::string>& tunnels,
              std::vector<std::string>& endpoints);

/// The login service of a tunnel or a mapping; the rest of `to` was read.
void read_forward_auth(reader& outer, access& to);

/// When a token or credential is over (`expires`), as text and in s since 1970.
void read_expiry(reader& in, std::string& text, int64_t& at);

/// Users, tokens and groups.
void read_auth(reader&& in, auth& to);

/// Leaves `to` empty where there is none.
void read_tls(reader&& in, std::optional<tls>& to);

/// The same for a door of operators: one certificate.
void read_operator_tls(reader&& in, std::optional<tls>& to);

/// How an https target is met; the rest of the mapping was read. Leaves `tls`
/// empty where there is none.
void read_target_tls(reader& mapping_in, mapping& to);

/// A port number, or an object.
void read_server(const nlohmann::json& value, const std::string& path,
                 server& to, problems& out);

/// Who may dial in as an agent of `tunnel`, beside those with its password.
void read_credentials(reader& tunnel_in, std::string_view tunnel,
                      std::vector<credential>& to);

/// The object `publish` of a tunnel or a credential.
void read_publishing(reader&& in, publishing& to);

/// `servers` null = they are not known, so names are not checked.
void read_tunnel(const nlohmann::json& value, const std::string& path,
                 std::string_view name, const std::vector<std::string>* servers,
                 tunnel& to, problems& out);

/// `tunnels` as `servers` above.
void read_mapping(const nlohmann::json& value, const std::string& path,
                  const std::vector<std::string>* tunnels, mapping& to,
                  problems& out);

void read_admin(reader&& in, admin& to);
void read_log(reader&& in, log& to);
void read_io(reader&& in, io& to);
void read_dns(reader&& in, dns& to);

/// Whether `text` is an IP address, or one with a port.
bool is_dns_server(std::string_view text);

void read_targets(reader&& in, targets& to);
void read_streams(reader&& in, streams& to);

/// The whole configuration out of one value.
node read_node(const nlohmann::json& root, problems& out);

/// Whether all who are required are known, and nobody is known twice.
void check_access(const node& all, problems& out);

/// Whether login services are asked through tunnels that there are.
void check_forward_auth(const node& all, problems& out);

/// What only shows with everything read: two listeners on one address, limits
/// of the HTTP front that contradict each other.
void check_limits(const node& all, problems& out);
void check_listeners(const node& all, problems& out);

} // namespace aps::config
