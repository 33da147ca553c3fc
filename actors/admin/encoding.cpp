#include "actors/admin/encoding.hpp"

#include "transports/seam/quality.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>

namespace aps::admin {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes what stands before the next `sign`.
std::string_view next_part(std::string_view& rest, char sign) {
  const auto part = rest.substr(0, rest.find(sign));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return trimmed(part);
}

bool same(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

} // namespace

bool prefers_gzip(std::string_view accept_encoding) {
  std::optional<unsigned> gzip;
  std::optional<unsigned> identity;
  std::optional<unsigned> any;
  while (!accept_encoding.empty()) {
    auto parameters = next_part(accept_encoding, ',');
    const auto coding = next_part(parameters, ';');
    const auto quality = quality_of(parameters);
    if (same(coding, "gzip") || same(coding, "x-gzip"))
      gzip = std::max(gzip.value_or(0), quality);
    else if (same(coding, "identity"))
      identity = quality;
    else if (coding == "*")
      any = quality;
  }
  // Who does not say how much the plain form is wanted would take it.
  const auto packed = gzip.value_or(any.value_or(0));
  return packed > 0 && packed >= identity.value_or(any.value_or(0));
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  const auto opaque = [](std::string_view text) {
    return text.starts_with("W/") ? text.substr(2) : text;
  };
  while (!if_none_match.empty()) {
    const auto named = next_part(if_none_match, ',');
    if (named == "*" || (!named.empty() && opaque(named) == opaque(tag)))
      return true;
  }
  return false;
}

// -- gzip ---------------------------------------------------------------------

void gzip_stream::free_stream::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

gzip_stream::gzip_stream(effort effort) : stream_(new z_stream{}) {
  constexpr int gzip_window = 15 + 16;
  const auto level = effort == effort::best ? Z_BEST_COMPRESSION : Z_BEST_SPEED;
  if (deflateInit2(stream_.get(), level, Z_DEFLATED, gzip_window, 8,
                   Z_DEFAULT_STRATEGY)
      != Z_OK)
    throw std::bad_alloc();
}

void gzip_stream::add(std::string_view piece) {
  if (!piece.empty())
    deflate(piece, Z_NO_FLUSH);
}

std::string gzip_stream::finish() {
  deflate({}, Z_FINISH);
  return std::move(out_);
}

void gzip_stream::deflate(std::string_view piece, int flush) {
  std::array<char, 16 * 1024> part;
  stream_->next_in
    = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream_->avail_in = static_cast<uInt>(piece.size());
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(part.data());
    stream_->avail_out = static_cast<uInt>(part.size());
    ::deflate(stream_.get(), flush);
    out_.append(part.data(), part.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
}

// -- the tag ------------------------------------------------------------------

namespace {

// Numbers that change by themselves.
constexpr std::array<std::string_view, 5> clocks{
  "\"time_ms\":", "\"uptime_seconds\":", "\"age_seconds\":",
  "\"since_seconds\":", "\"next_probe_seconds\":"};

bool ends_with_clock(std::string_view text) {
  return std::any_of(clocks.begin(), clocks.end(),
                     [&](auto name) { return text.ends_with(name); });
}

} // namespace

void content_tag::add(std::string_view piece) {
  constexpr std::string_view ending = "s\":"; // of each of them
  for (size_t at = 0; at < piece.size();) {
    auto end = piece.find(ending, at);
    while (end != piece.npos
           && !ends_with_clock(piece.substr(0, end + ending.size())))
      end = piece.find(ending, end + 1);
    if (end == piece.npos)
      return mix(piece.substr(at));
    end += ending.size();
    mix(piece.substr(at, end - at));
    at = std::min(piece.size(), piece.find_first_not_of("+-.0123456789eE", end));
  }
}

void content_tag::mix(std::string_view bytes) {
  sum_ = (sum_ ^ std::hash<std::string_view>{}(bytes)) * 1099511628211u;
  sum_ ^= sum_ >> 29;
}

std::string content_tag::text() const {
  std::array<char, 24> out{};
  std::snprintf(out.data(), out.size(), "W/\"%016llx\"",
                static_cast<unsigned long long>(sum_));
  return out.data();
}

} // namespace aps::admin
