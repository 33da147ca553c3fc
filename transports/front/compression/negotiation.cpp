#include "transports/front/compression/negotiation.hpp"

#include "config/host.hpp"
#include "transports/http/fields.hpp"
#include "transports/http/response_writer.hpp"
#include "transports/seam/quality.hpp"

#include <algorithm>
#include <array>

namespace aps {

namespace {

using config::content_coding;

// A digest of what would no longer be there.
constexpr std::array<std::string_view, 5> digests{
  "content-md5", "digest", "content-digest", "repr-digest", "signature"};

bool is_named(content_coding coding, std::string_view element) {
  return iequals(element, to_string(coding))
         || (coding == content_coding::gzip && iequals(element, "x-gzip"));
}

// How much a visitor wants it; 0 = not at all, or nothing was said.
unsigned wish_for(content_coding coding, const header_list& request) {
  std::optional<unsigned> named, otherwise;
  for (const auto& field : request) {
    if (!iequals(field.name, "accept-encoding"))
      continue;
    for_each_element(field.value, [&](std::string_view element) {
      const auto name = trimmed(element.substr(0, element.find(';')));
      const auto quality
        = quality_of(element.substr(std::min(element.size(), name.size())));
      if (is_named(coding, name))
        named = quality;
      else if (name == "*")
        otherwise = quality;
    });
  }
  return named.value_or(otherwise.value_or(0));
}

// "text/*", "*+json", "*/*", or itself.
bool is_of_type(std::string_view type, std::string_view listed) {
  if (listed == "*/*")
    return true;
  if (listed.starts_with("*+"))
    return type.ends_with(listed.substr(1));
  if (listed.ends_with("/*"))
    return type.starts_with(listed.substr(0, listed.size() - 1));
  return type == listed;
}

bool is_listed(const response_head& answer,
               const config::compression& settings) {
  const auto* field = find_header(answer.headers, "content-type");
  if (!field)
    return false;
  const std::string_view value = field->value;
  const auto type
    = config::lower_case(trimmed(value.substr(0, value.find(';'))));
  return !type.starts_with("application/grpc")
         && std::any_of(
           settings.types.begin(), settings.types.end(),
           [&](const auto& listed) { return is_of_type(type, listed); });
}

bool has_digest(const header_list& fields) {
  return std::any_of(digests.begin(), digests.end(), [&](auto name) {
    return find_header(fields, name) != nullptr;
  });
}

bool is_whole_body(const response_head& answer) {
  return answer.status >= 200 && !is_bodiless(answer.status)
         && answer.status != 205 && answer.status != 206 && !answer.last
         && !find_header(answer.headers, "content-range");
}

} // namespace

std::optional<content_coding>
choose_coding(const header_list& request, const config::compression& settings) {
  std::optional<content_coding> out;
  unsigned best = 0;
  for (const auto each : settings.encodings)
    if (const auto wish = wish_for(each, request); wish > best) {
      best = wish;
      out = each;
    }
  return out;
}

bool is_compressible(const response_head& answer,
                     const config::compression& settings) {
  return !settings.encodings.empty() && is_whole_body(answer)
         && answer.content_length.value_or(settings.min_length)
              >= settings.min_length
         && !find_header(answer.headers, "content-encoding")
         && !lists(answer.headers, "cache-control", "no-transform")
         && !has_digest(answer.headers) && is_listed(answer, settings);
}

void add_vary(response_head& answer) {
  if (!lists(answer.headers, "vary", "accept-encoding")
      && !lists(answer.headers, "vary", "*"))
    answer.headers.push_back({"Vary", "Accept-Encoding"});
}

void encode_head(response_head& answer, content_coding coding) {
  answer.content_length.reset();
  std::erase_if(answer.headers, [](const header& field) {
    return iequals(field.name, "accept-ranges")
           || iequals(field.name, "content-length");
  });
  for (auto& field : answer.headers)
    if (iequals(field.name, "etag") && !field.value.starts_with("W/"))
      field.value.insert(0, "W/");
  answer.headers.push_back(
    {"Content-Encoding", std::string{to_string(coding)}});
}

} // namespace aps
