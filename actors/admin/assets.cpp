#include "actors/admin/router.hpp"

#include <array>
#include <functional>

namespace aps::admin {

namespace {

constexpr auto policy
  = "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

constexpr auto left_out
  = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<title>APS</title><p>The panel was left out of this build. "
    "The API is under <a href=\"/.api/stats\">/.api/</a>.</p></html>\n";

std::string_view type_of(std::string_view path) {
  constexpr std::array<std::array<std::string_view, 2>, 12> known{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
  }};
  for (const auto& [ending, type] : known)
    if (path.ends_with(ending))
      return type;
  return "application/octet-stream";
}

} // namespace

void get_asset(const call& what) {
  auto path = std::string(what.path());
  if (path == "/.admin/")
    path += "index.html";
  for (const auto& one : what.where().options.assets) {
    if (one.path != path)
      continue;
    const auto tag
      = "\"" + std::to_string(std::hash<std::string_view>{}(one.bytes)) + "\"";
    header_list more{{"ETag", tag},
                     {"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", policy},
                     {"Referrer-Policy", "no-referrer"}};
    if (what.header("if-none-match").find(tag) != std::string_view::npos)
      return what.answer_bytes(304, {}, {}, std::move(more));
    return what.answer_bytes(200, type_of(path), std::string(one.bytes),
                             std::move(more));
  }
  if (path == "/.admin/index.html")
    return what.answer_bytes(200, "text/html; charset=utf-8", left_out,
                             {{"Content-Security-Policy", policy}});
  what.problem(404, "no such resource: " + path);
}

} // namespace aps::admin
