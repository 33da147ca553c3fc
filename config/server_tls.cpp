// TLS of a server: which files, and what is asked of those who come.
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_name = 4096; // of a file
constexpr auto a_pair = "a file; cert and key go together";

void read_pair(reader& in, certificate& to) {
  to.place = in.path();
  in.text("cert", to.cert, longest_name);
  in.text("key", to.key, longest_name);
}

void require_pair(reader& in) {
  in.require("cert", a_pair);
  in.require("key", a_pair);
}

void read_list(const json& list, const std::string& path, tls& to,
               problems& out) {
  constexpr auto allowed = "a list of objects with cert and key";
  if (!list.is_array() || list.empty()) {
    out.push_back({path, describe(list), allowed, {}});
    return;
  }
  for (size_t i = 0; i < list.size(); ++i) {
    reader in{&list[i], element_path(path, i), out};
    require_pair(in);
    read_pair(in, to.certificates.emplace_back());
    in.finish();
  }
}

} // namespace

void read_tls(reader& server_in, std::optional<tls>& to) {
  const auto* value = server_in.member("tls");
  if (!value)
    return;
  auto& out = server_in.wrong();
  auto& settings = to.emplace();
  if (value->is_array())
    return read_list(*value, server_in.path("tls"), settings, out);
  reader in{value, server_in.path("tls"), out,
            "an object, or a list of certificates"};
  if (const auto* list = in.member("certificates")) {
    read_list(*list, in.path("certificates"), settings, out);
    const auto* cert = in.member("cert");
    const auto* key = in.member("key");
    if (cert || key)
      in.fail(in.path("certificates"), "a list beside cert and key",
              "one of the two");
  } else {
    require_pair(in);
    read_pair(in, settings.certificates.emplace_back());
  }
  in.word("min_version", settings.min_version, {"1.2", "1.3"});
  in.text("client_ca", settings.client_ca, longest_name);
  in.finish();
}

} // namespace aps::config
