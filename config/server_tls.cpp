// TLS of a listener: which files, and what is asked of those who come.
#include "config/sections.hpp"
#include "config/syntax/text.hpp"

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_name = 4096; // of a file

void read_pair(reader& in, certificate& to) {
  to.place = in.path();
  in.require("cert", "a file");
  in.require("key", "a file");
  in.text("cert", to.cert, longest_name);
  in.text("key", to.key, longest_name);
}

void read_stapled_pair(reader& in, certificate& to) {
  read_pair(in, to);
  in.text("ocsp", to.ocsp, longest_name);
}

void read_more(reader& in, tls& to) {
  const auto* list = in.member("certificates");
  if (!list)
    return;
  const auto path = in.path("certificates");
  if (!list->is_array() || list->empty()) {
    in.fail(path, describe(*list), "a list of objects with cert and key");
    return;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    reader each{&(*list)[i], element_path(path, i), in.wrong()};
    read_stapled_pair(each, to.certificates.emplace_back());
    each.finish();
  }
}

} // namespace

void read_tls(reader&& in, std::optional<tls>& to) {
  if (!in)
    return;
  auto& settings = to.emplace();
  read_stapled_pair(in, settings.certificates.emplace_back());
  read_more(in, settings);
  in.word("min_version", settings.min_version, {"1.2", "1.3"});
  in.text("client_ca", settings.client_ca, longest_name);
  in.finish();
}

void read_operator_tls(reader&& in, std::optional<tls>& to) {
  if (!in)
    return;
  auto& settings = to.emplace();
  read_pair(in, settings.certificates.emplace_back());
  in.text("client_ca", settings.client_ca, longest_name);
  in.finish();
}

} // namespace aps::config
