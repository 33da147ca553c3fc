#include "transports/net/tls/client_hello.hpp"

#include "config/host.hpp"

#include <algorithm>
#include <optional>

namespace aps {

namespace {

constexpr size_t handshake_record = 22;
constexpr size_t client_hello_message = 1;
constexpr size_t record_head = 5;
constexpr size_t message_head = 4;
constexpr size_t most_of_record = 16384;
constexpr size_t most_of_session = 32;
constexpr size_t server_name_extension = 0;
constexpr size_t host_name = 0;

/// Takes numbers and vectors off the front. Once there is too little it is
/// broken, and all else it gives is empty.
class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  size_t number(size_t size) {
    size_t out = 0;
    for (const auto c : bytes(size))
      out = out << 8 | static_cast<uint8_t>(c);
    return out;
  }

  std::string_view bytes(size_t size) {
    if (rest_.size() < size) {
      broken_ = true;
      rest_ = {};
      return {};
    }
    const auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  /// Behind its length, a number of `size` bytes.
  std::string_view vector(size_t size) { return bytes(number(size)); }

  bool empty() const noexcept { return rest_.empty(); }
  bool broken() const noexcept { return broken_; }

 private:
  std::string_view rest_;
  bool broken_ = false;
};

/// What came of the first handshake message, its head included.
struct first_message {
  bool wrong = false; ///< it is none of TLS
  std::string bytes = {};
  size_t end = 0; ///< of the last record that began, in what came
};

bool is_complete(std::string_view message) {
  byte_reader in{message};
  in.number(1);
  in.vector(3);
  return !in.broken();
}

// What follows it is none of ours, such as early data.
first_message message_in(std::string_view bytes) {
  first_message out;
  while (!bytes.empty() && !is_complete(out.bytes)) {
    if (bytes[0] != handshake_record || (bytes.size() > 1 && bytes[1] != 3)) {
      out.wrong = true;
      return out;
    }
    if (bytes.size() < record_head) {
      out.end += record_head;
      return out;
    }
    const auto size = byte_reader{bytes.substr(3)}.number(2);
    if (size == 0 || size > most_of_record) {
      out.wrong = true;
      return out;
    }
    bytes.remove_prefix(record_head);
    const auto here = bytes.substr(0, size);
    out.bytes += here;
    out.end += record_head + size;
    bytes.remove_prefix(here.size());
  }
  return out;
}

/// The name in the extension; nothing = it is broken.
std::optional<std::string> name_in(std::string_view extension) {
  byte_reader in{extension};
  byte_reader list{in.vector(2)};
  const auto type = list.number(1);
  const auto name = list.vector(2);
  // One name of a host is all that there ever was, and more are forbidden.
  if (in.broken() || !in.empty() || list.broken() || !list.empty()
      || type != host_name || name.empty())
    return std::nullopt;
  return config::is_dns_name(name) && !config::is_ipv4(name)
           ? config::canonical_host(name)
           : std::string{};
}

std::optional<std::string> name_of_hello(std::string_view body) {
  byte_reader in{body};
  in.bytes(2 + 32); // version and random
  const auto session = in.vector(1);
  const auto ciphers = in.vector(2);
  const auto compressions = in.vector(1);
  if (in.broken() || session.size() > most_of_session || ciphers.empty()
      || ciphers.size() % 2 != 0 || compressions.empty())
    return std::nullopt;
  if (in.empty()) // of before there were extensions
    return std::string{};
  byte_reader extensions{in.vector(2)};
  if (in.broken() || !in.empty())
    return std::nullopt;
  std::optional<std::string> out;
  while (!extensions.empty()) {
    const auto type = extensions.number(2);
    const auto content = extensions.vector(2);
    if (extensions.broken())
      return std::nullopt;
    if (type != server_name_extension)
      continue;
    if (out || !(out = name_in(content)))
      return std::nullopt;
  }
  return out ? out : std::string{};
}

} // namespace

client_hello read_client_hello(std::string_view bytes) {
  using kind = client_hello::kind;
  const auto message = message_in(bytes);
  byte_reader in{message.bytes};
  const auto type = in.number(1);
  if (message.wrong || (!in.broken() && type != client_hello_message))
    return {kind::none};
  const auto size = in.number(3);
  if (!in.broken() && size > max_client_hello)
    return {kind::none};
  const auto has_head = !in.broken();
  const auto body = in.bytes(size);
  if (has_head && !in.broken()) {
    auto name = name_of_hello(body);
    return name ? client_hello{kind::whole, std::move(*name)}
                : client_hello{kind::none};
  }
  // It ends in this record, or in another one.
  const auto next
    = message.end > bytes.size() ? message.end : bytes.size() + record_head + 1;
  const auto missing
    = message_head + (has_head ? size : 0) - message.bytes.size();
  const auto wanted = std::min(next, bytes.size() + missing);
  return wanted > max_client_hello ? client_hello{kind::none}
                                   : client_hello{kind::partial, {}, wanted};
}

std::string alert_record(tls_alert alert) {
  constexpr char fatal = 2;
  return {0x15, 3, 3, 0, 2, fatal, static_cast<char>(alert)};
}

} // namespace aps
