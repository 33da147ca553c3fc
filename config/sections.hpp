#pragma once

#include "config/syntax/reader.hpp"

/// One function per section of the file. Each reads through a `reader` and
/// leaves defaults where the file says nothing.
namespace aps::config {

/// The longest deadline anybody may ask for: a week.
inline constexpr double max_seconds = 7 * 24 * 3600;

/// The shortest deadline that is not "off".
inline constexpr double min_seconds = 0.001;

void read_http(reader&& in, http& to);

/// The list under `include`: files and patterns.
bool read_includes(reader& in, std::vector<std::string>& to);

/// What stands in every file beside its own keys, and was used before:
/// `$schema` and `include`.
void read_frame(reader& in);

void read_limits(reader&& in, limits& to);

/// A list of networks under `key`; one that is there replaces what `to` has.
void read_networks(reader& in, const char* key, std::vector<std::string>& to);

/// A port number, or an object.
void read_server(const nlohmann::json& value, const std::string& path,
                 server& to, problems& out);

/// `servers` null = they are not known, so names are not checked.
void read_tunnel(const nlohmann::json& value, const std::string& path,
                 const std::vector<std::string>* servers, tunnel& to,
                 problems& out);

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

/// The whole configuration out of one value.
node read_node(const nlohmann::json& root, problems& out);

/// What only shows with everything read: two listeners on one address, limits
/// of the HTTP front that contradict each other.
void check_limits(const node& all, problems& out);
void check_listeners(const node& all, problems& out);

} // namespace aps::config
