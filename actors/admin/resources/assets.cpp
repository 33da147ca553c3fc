#include "actors/admin/encoding.hpp"
#include "actors/admin/router.hpp"

#include <caf/event_based_actor.hpp>

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

slice packed_assets::of(const asset& asset) {
  const std::lock_guard guard{mutex_};
  auto& packed = packed_[asset.path];
  if (packed.empty()) {
    gzip_stream stream{gzip_stream::effort::best};
    stream.add(asset.bytes);
    packed = slice::adopt(stream.finish());
  }
  return packed;
}

namespace {

void answer_asset(const call& call, const asset& found) {
  document answer;
  answer.type = type_of(found.path);
  answer.headers = {{"Cache-Control", "no-cache"},
                    {"Content-Security-Policy", policy},
                    {"Referrer-Policy", "no-referrer"}};
  answer.tag = "W/\""
               + std::to_string(std::hash<std::string_view>{}(found.bytes))
               + "\"";
  answer.plain = {nullptr, found.bytes}; // Part of the program.
  if (!call.wants_gzip())
    return call.answer_document(answer);
  // Not on the unit's thread, as the first time takes a while.
  const auto& context = call.known();
  context.system.spawn([call, found, answer, use = context.node->units->use()](
                         caf::event_based_actor*) mutable {
    answer.gzip = call.known().packed->of(found);
    call.answer_document(answer);
  });
}

} // namespace

void get_asset(const call& call) {
  auto path = std::string(call.path());
  if (path == "/.admin/")
    path += "index.html";
  for (const auto& one : call.known().options.assets)
    if (one.path == path)
      return answer_asset(call, one);
  if (path == "/.admin/index.html")
    return call.answer_bytes(200, "text/html; charset=utf-8", left_out,
                             {{"Content-Security-Policy", policy}});
  call.problem(404, "no such resource: " + path);
}

} // namespace aps::admin
