#include "config/routing/text_template.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace aps {

namespace {

/// What says a variable, besides `request` texts.
enum class known_to : uint8_t { all, answers, pages };

struct variable_row {
  std::string_view name;
  variable meant;
  known_to where = known_to::all;
};

constexpr variable_row variable_names[] = {
  {"address", variable::address},
  {"user", variable::user},
  {"request_id", variable::request_id},
  {"scheme", variable::scheme},
  {"host", variable::host},
  {"method", variable::method},
  {"path", variable::path},
  {"rest", variable::rest},
  {"query", variable::query},
  {"tls_version", variable::tls_version},
  {"tls_cipher", variable::tls_cipher},
  {"tls_server_name", variable::tls_server_name},
  {"tls_client", variable::tls_client},
  {"tunnel", variable::tunnel, known_to::answers},
  {"endpoint", variable::endpoint, known_to::answers},
  {"status", variable::status, known_to::pages},
  {"reason", variable::reason, known_to::pages},
  {"outcome", variable::outcome, known_to::pages},
  {"message", variable::message, known_to::pages},
  {"detail", variable::detail, known_to::pages},
};

std::optional<size_t> number_of(std::string_view text) {
  size_t out = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  return read.ec == std::errc{} && read.ptr == end ? std::optional{out}
                                                   : std::nullopt;
}

const variable_row* row_of(std::string_view name) {
  for (const auto& row : variable_names)
    if (row.name == name)
      return &row;
  return nullptr;
}

// What pages alone say is a group's name elsewhere.
variable variable_of(std::string_view name) {
  const auto* row = row_of(name);
  return row && row->where != known_to::pages ? row->meant : variable::capture;
}

// Why a text may not say a variable; "" = it may.
std::string_view why_unknown(variable asked, text_scope scope) {
  return scope == text_scope::request
             && (asked == variable::tunnel || asked == variable::endpoint)
           ? ", which is not known before somebody has the request: only "
             "response_headers may have it"
           : "";
}

} // namespace

std::vector<text_template::piece>
text_template::pieces_of(std::string_view text, std::string& problem) {
  std::vector<piece> out{{}};
  while (!text.empty()) {
    const auto at = std::min(text.find_first_of("{}"), text.size());
    out.back().text += text.substr(0, at);
    text.remove_prefix(at);
    if (text.starts_with("{{") || text.starts_with("}}")) {
      out.back().text += text.front();
      text.remove_prefix(2);
    } else if (!text.empty()) {
      const auto end = text.find('}');
      if (text.front() == '}' || end == text.npos) {
        problem = "a brace without another";
        break;
      }
      const auto name = text.substr(1, end - 1);
      out.push_back({std::string{name}, variable_of(name)});
      out.push_back({});
      text.remove_prefix(end + 1);
    }
  }
  return out;
}

std::string text_template::problem(std::string_view text,
                                   const std::string& path_regex,
                                   text_scope scope) {
  std::string out;
  const auto pieces = pieces_of(text, out);
  const auto names = path_regex.empty() ? std::vector<std::string>{}
                                        : pattern::names_of(path_regex);
  const auto groups = path_regex.empty() ? 0 : pattern::groups_of(path_regex);
  for (const auto& each : pieces) {
    if (each.of && out.empty())
      if (const auto why = why_unknown(*each.of, scope); !why.empty())
        out = ("{" + each.text + "}").append(why);
    if (!out.empty() || each.of != variable::capture)
      continue;
    const auto number = number_of(each.text);
    const auto known = number ? *number <= groups && !path_regex.empty()
                              : std::find(names.begin(), names.end(), each.text)
                                  != names.end();
    if (!known)
      out = "{" + each.text
            + "}, which is no variable and no group of "
              "match.path_regex";
  }
  return out;
}

text_template::text_template(std::string_view text) {
  std::string problem;
  pieces_ = pieces_of(text, problem);
  assert(problem.empty());
  std::erase_if(pieces_,
                [](const auto& each) { return !each.of && each.text.empty(); });
}

text_template text_template::of_page(std::string_view text) {
  text_template out;
  std::string own;
  while (!text.empty()) {
    const auto at = std::min(text.find('{'), text.size());
    own += text.substr(0, at);
    text.remove_prefix(at);
    const auto end = std::min(text.find('}'), text.size());
    const auto* row = end < text.size() && end > 0 // it begins with a brace
                        ? row_of(text.substr(1, end - 1))
                        : nullptr;
    if (row) {
      out.pieces_.push_back({std::exchange(own, {})});
      out.pieces_.push_back({std::string{row->name}, row->meant});
      text.remove_prefix(end + 1);
    } else if (!text.empty()) {
      own += text.front();
      text.remove_prefix(1);
    }
  }
  out.pieces_.push_back({std::move(own)});
  return out;
}

std::string text_template::expand(const lookup& values) const {
  std::string out;
  for (const auto& each : pieces_)
    if (each.of)
      values(*each.of, each.text, out);
    else
      out += each.text;
  return out;
}

bool text_template::uses_others(const std::vector<variable>& than) const {
  return std::any_of(pieces_.begin(), pieces_.end(), [&](const auto& each) {
    return each.of
           && std::find(than.begin(), than.end(), *each.of) == than.end();
  });
}

namespace {

std::string_view value_of(const text_values& from, variable asked) {
  const auto path = from.target.substr(0, from.target.find('?'));
  const auto prefix
    = from.prefix.ends_with('/') ? from.prefix.size() - 1 : from.prefix.size();
  switch (asked) {
    case variable::address: return from.address;
    case variable::user: return from.user;
    case variable::request_id: return from.request_id;
    case variable::scheme: return from.scheme;
    case variable::host: return from.host;
    case variable::method: return from.method;
    case variable::path: return path;
    case variable::rest: return path.substr(std::min(prefix, path.size()));
    case variable::query:
      return from.target.substr(std::min(path.size() + 1, from.target.size()));
    case variable::tls_version: return from.tls_version;
    case variable::tls_cipher: return from.tls_cipher;
    case variable::tls_server_name: return from.tls_server_name;
    case variable::tls_client: return from.tls_client;
    case variable::tunnel: return from.tunnel;
    case variable::endpoint: return from.endpoint;
    case variable::status: return from.status;
    case variable::reason: return from.reason;
    case variable::outcome: return from.outcome;
    case variable::message: return from.message;
    case variable::detail: return from.detail;
    case variable::capture: break;
  }
  return {};
}

} // namespace

constexpr size_t most_expanded = 8192;

std::string text_values::expand(const text_template& text) const {
  std::optional<captures> groups;
  auto out
    = text.expand([&](variable asked, std::string_view name, std::string& to) {
        if (asked != variable::capture) {
          to += value_of(*this, asked);
        } else if (conditions) {
          if (!groups)
            groups
              = conditions->captures_of(target.substr(0, target.find('?')));
          to += group_of(*groups, name);
        }
        // Visitors choose the values, and texts may have them many times.
        to.resize(std::min(to.size(), most_expanded));
      });
  std::erase_if(out, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return out;
}

namespace {

constexpr size_t longest_of_page = 1024; // value

std::string_view reference_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

void append_value(std::string& to, std::string_view value, text_form form) {
  for (const char c : value.substr(0, longest_of_page)) {
    const auto byte = static_cast<unsigned char>(c);
    // A detail may have lines; what is no ASCII may be no UTF-8 either.
    if (byte == 0x7f || (byte < 0x20 && c != '\n')
        || (form != text_form::plain && byte > 0x7f)) {
      continue;
    } else if (form == text_form::json && (c == '"' || c == '\\')) {
      to.append(1, '\\').append(1, c);
    } else if (form == text_form::json && (c == '\n' || c == '<')) {
      to += c == '\n' ? "\\n" : "\\u003c";
    } else if (const auto reference = reference_of(c);
               form == text_form::html && !reference.empty()) {
      to += reference;
    } else {
      to += c;
    }
  }
}

} // namespace

std::string text_values::expand(const text_template& page,
                                text_form form) const {
  if (form == text_form::field)
    return expand(page);
  return page.expand([&](variable asked, std::string_view, std::string& to) {
    append_value(to, value_of(*this, asked), form);
  });
}

std::string_view group_of(const captures& from, std::string_view name) {
  auto index = number_of(name);
  for (const auto& [known, at] : from.names)
    if (known == name)
      index = at;
  return index && *index < from.groups.size() ? from.groups[*index]
                                              : std::string_view{};
}

} // namespace aps
