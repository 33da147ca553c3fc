#include "config/answers/answer_sections.hpp"

#include "config/answers/page_set.hpp"
#include "config/fields.hpp"
#include "config/host.hpp"
#include "config/sections.hpp"
#include "config/syntax/file.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>
#include <utility>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr size_t longest_file_name = 4096;
constexpr size_t longest_type = 256;
constexpr size_t longest_inline = 64 * 1024;
constexpr size_t most_types = 100;

constexpr auto a_key = "a status from 400 to 599, \"4xx\", \"5xx\", an outcome "
                       "such as \"no-endpoint\", or \"*\"";
constexpr auto a_page = "a file's name, or an object with file or body";
constexpr auto a_type = "a media type such as \"text/html\", \"text/*\" or "
                        "\"*+json\"";

bool is_status(std::string_view text) {
  return text.size() == 3 && (text[0] == '4' || text[0] == '5')
         && text.find_first_not_of("0123456789") == text.npos;
}

bool is_page_key(const std::string& text) {
  const auto& outcomes = page_outcomes();
  return is_status(text) || text == "4xx" || text == "5xx" || text == "*"
         || std::find(outcomes.begin(), outcomes.end(), text) != outcomes.end();
}

// What a file's name says of what is in it.
std::string type_of(std::string_view file) {
  constexpr std::pair<std::string_view, std::string_view> rows[]
    = {{".json", "application/json"},
       {".txt", "text/plain; charset=utf-8"},
       {".xml", "application/xml"},
       {".svg", "image/svg+xml"}};
  for (const auto& [end, type] : rows)
    if (file.ends_with(end))
      return std::string{type};
  return "text/html; charset=utf-8";
}

bool is_header_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c < 0x7f; });
}

void read_content_type(reader& in, error_page& to) {
  if (in.text("content_type", to.content_type, longest_type)
      && !to.content_type.empty()
      && (!is_header_text(to.content_type)
          || to.content_type.find('/') == std::string::npos))
    in.fail(in.path("content_type"), in.found("content_type"),
            "a media type such as \"text/html; charset=utf-8\"");
}

void read_page_object(reader& in, error_page& to) {
  in.text("file", to.file, longest_file_name);
  in.text("body", to.body, longest_inline);
  read_content_type(in, to);
  in.integer("status", to.status, range<uint16_t>{200, 599});
  if (to.status == 204 || to.status == 205 || to.status == 304)
    in.fail(in.path("status"), std::to_string(to.status),
            "a status whose answers have a body");
  in.boolean("of_target", to.of_target);
  if (in && in.fits("file") && in.fits("body")
      && (in.member("file") != nullptr) == (in.member("body") != nullptr))
    in.fail(in.path(), in.member("file") ? "both file and body" : "neither",
            "file or body");
  in.finish();
}

void read_page(reader& in, const json& value, const std::string& name,
               error_page& to) {
  const auto place = member_path(in.path(), name);
  if (!is_page_key(name)) {
    in.fail(place, "the key " + quote(name), a_key,
            nearest(name, page_outcomes()));
    return;
  }
  to.answers = name;
  const auto text = text_of(value);
  if (text.is_string() && !text.get_ref<const std::string&>().empty()
      && text.get_ref<const std::string&>().size() <= longest_file_name)
    to.file = text.get<std::string>();
  else if (value.is_object()) {
    reader page{&value, place, in.wrong()};
    read_page_object(page, to);
    if (to.of_target && !is_status(name) && !name.ends_with("xx")
        && name != "*")
      in.fail(member_path(place, "of_target"), "true",
              "nothing here, because targets' answers have no outcome");
  } else
    in.fail(place, describe(value), a_page);
  if (to.content_type.empty())
    to.content_type
      = to.file.empty()
          ? std::string{to.body.starts_with('<') ? "text/html; charset=utf-8"
                                                 : "text/plain; charset=utf-8"}
          : type_of(to.file);
}

bool is_type(std::string_view text) {
  const auto slash = text.find('/');
  const auto fits
    = [](std::string_view part) { return part == "*" || is_token(part); };
  if (text.starts_with("*+"))
    return is_token(text.substr(2));
  return slash != text.npos && fits(text.substr(0, slash))
         && fits(text.substr(slash + 1));
}

void read_codings(reader& in, std::vector<content_coding>& to) {
  if (!in.member("encodings"))
    return;
  std::vector<std::string> known;
  for (const auto each : content_codings)
    known.emplace_back(to_string(each));
  std::vector<std::string> names;
  if (!in.strings("encodings", names,
                  {true, &known, "zstd, br, gzip, or a list of these"}))
    return;
  to.clear();
  for (const auto& name : names)
    for (const auto each : content_codings)
      if (name == to_string(each)
          && std::find(to.begin(), to.end(), each) == to.end())
        to.push_back(each);
  if (to.empty())
    in.fail(in.path("encodings"), "an empty list",
            "some of zstd, br and gzip; or \"compress\": false");
}

void read_types(reader& in, std::vector<std::string>& to) {
  if (!in.member("types"))
    return;
  std::vector<std::string> names;
  if (!in.strings("types", names, {true, nullptr, a_type}))
    return;
  if (names.empty() || names.size() > most_types)
    in.fail(in.path("types"), std::to_string(names.size()) + " types",
            "1 to 100 types");
  for (auto& name : names) {
    name = lower_case(name);
    if (!is_type(name))
      in.fail(in.path("types"), quote(name), a_type);
  }
  to = std::move(names);
}

json show(const error_page& page) {
  auto out = json::object({{"content_type", page.content_type}});
  if (page.file.empty())
    out["body"] = page.body;
  else
    out["file"] = page.file;
  if (page.status != 0)
    out["status"] = page.status;
  if (page.of_target)
    out["of_target"] = true;
  return out;
}

json show(const compression& settings) {
  if (settings.encodings.empty())
    return false;
  json out{{"types", settings.types}, {"min_length", settings.min_length}};
  for (const auto each : settings.encodings)
    out["encodings"].push_back(to_string(each));
  return out;
}

} // namespace

std::string_view to_string(content_coding coding) noexcept {
  switch (coding) {
    case content_coding::zstd: return "zstd";
    case content_coding::br: return "br";
    case content_coding::gzip: return "gzip";
  }
  return "";
}

const std::vector<std::string>& usual_types() {
  static const std::vector<std::string> all{"text/*",
                                            "application/json",
                                            "application/javascript",
                                            "application/x-javascript",
                                            "application/xml",
                                            "application/wasm",
                                            "application/manifest+json",
                                            "image/svg+xml",
                                            "*+json",
                                            "*+xml"};
  return all;
}

const std::vector<std::string>& page_outcomes() {
  static const std::vector<std::string> all{"bad-request",
                                            "header-too-large",
                                            "body-too-large",
                                            "no-mapping",
                                            "not-implemented",
                                            "expectation-failed",
                                            "loop-detected",
                                            "unauthorized",
                                            "forbidden",
                                            "proxy-auth-required",
                                            "foreign-origin",
                                            "no-endpoint",
                                            "no-connection",
                                            "pool-exhausted",
                                            "acquire-timeout",
                                            "draining",
                                            "overloaded",
                                            "address-share",
                                            "rate-limited",
                                            "login-unavailable",
                                            "not-sent",
                                            "started-unknown",
                                            "cut",
                                            "transport-unavailable",
                                            "attempts-exhausted",
                                            "origin-unresolved",
                                            "origin-refused",
                                            "origin-unreachable",
                                            "origin-tls",
                                            "origin-protocol",
                                            "origin-closed",
                                            "origin-timeout",
                                            "target-forbidden",
                                            "first-byte-timeout",
                                            "body-timeout",
                                            "idle-timeout",
                                            "total-timeout",
                                            "internal"};
  return all;
}

void read_error_pages(reader& in, boxed<error_pages>& to) {
  const auto* value = in.member("error_pages");
  if (!value)
    return;
  const auto path = in.path("error_pages");
  if (!value->is_object() || value->empty()) {
    in.fail(path, describe(*value),
            "an object with a page for each of "
            "\"502\", \"5xx\", \"no-endpoint\" or \"*\"");
    return;
  }
  reader pages{value, path, in.wrong()};
  error_pages out;
  for (const auto& [name, each] : value->items())
    read_page(pages, each, name, out.emplace_back());
  to = std::move(out);
}

void read_compression(reader& mapping_in, boxed<compression>& to) {
  const auto* value = mapping_in.scalar("compress");
  if (!value)
    return;
  compression out;
  if (value->is_boolean()) {
    if (!value->get<bool>())
      out.encodings.clear();
  } else {
    reader in{value, mapping_in.path("compress"), mapping_in.wrong(),
              "true, false or an object"};
    read_codings(in, out.encodings);
    read_types(in, out.types);
    read_fields(in, fields::compression, out);
    in.finish();
  }
  to = std::move(out);
}

void show_answers(json& to, const boxed<error_pages>& pages,
                  const boxed<compression>& compress) {
  if (pages)
    for (const auto& each : *pages)
      to["error_pages"][each.answers] = show(each);
  if (compress)
    to["compress"] = show(*compress);
}

void load_pages(boxed<error_pages>& of, const std::string& place,
                const std::filesystem::path& folder, const source& from,
                size_t& left, problems& out) {
  if (!of)
    return;
  auto pages = *of;
  for (auto& each : pages) {
    const auto key = member_path(place + ".error_pages", each.answers);
    if (!each.file.empty()) {
      each.file = (folder / each.file).string();
      auto read = from.read(each.file, error_page::longest);
      if (!read.error.empty())
        out.push_back({key,
                       shown_name(each.file) + " (" + read.error + ")",
                       "a file of at most "
                         + std::to_string(error_page::longest) + " bytes",
                       {}});
      each.body = std::move(read.text);
    }
    if (each.body.size() > left)
      out.push_back({key,
                     std::to_string(each.body.size()) + " bytes more",
                     "at most " + std::to_string(error_page::most_in_all)
                       + " bytes in all pages together; pages of a server hold "
                         "for all its mappings",
                     {}});
    left -= std::min(left, each.body.size());
  }
  of = std::move(pages);
}

} // namespace aps::config
