#include "actors/admin/request.hpp"

#include "actors/admin/shared_answers.hpp"
#include "actors/messages.hpp"
#include "actors/watch/event_text.hpp"
#include "actors/watch/metric_text.hpp"
#include "config/syntax/text.hpp"
#include "transports/seam/foreign_text.hpp"
#include "transports/seam/limits/hold.hpp"

#include <caf/event_based_actor.hpp>

#include <charconv>
#include <utility>

namespace aps::admin {

using nlohmann::json;

namespace {

std::string_view reason_of(uint16_t status) {
  switch (status) {
    case 200: return "OK";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 429: return "Too Many Requests";
    default: return "Service Unavailable";
  }
}

int digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

} // namespace

void note_refused(const desk& at, const refused_request& refusal) {
  const auto status
    = refusal.status == 0 ? "none" : std::to_string(refusal.status);
  at.system.metrics()
    .counter_instance("aps", "operator-refused",
                      {{"listener", view(at.listener)},
                       {"status", view(status)}},
                      "Requests that a listener for operators refused.", "1",
                      true)
    ->inc();
  at.on_refused(refusal);
}

std::string in_words(const refused_request& refusal) {
  constexpr size_t max_method = 32;
  // What was no request is named by the reason.
  const std::string from = " (from " + std::string(refusal.peer) + ")";
  if (refusal.path.empty())
    return "a connection: " + refusal.why + from;
  return asked_and_why(
           foreign_text(refusal.method, max_method), refusal.path, refusal.why,
           line_room - std::min(line_room, from.size() + sizeof "Refused "))
         + from;
}

request::request(desk_ptr at, served_exchange_ptr served, exchange_facts facts,
                 std::string body)
    : at_(std::move(at)), served_(std::move(served)), facts_(std::move(facts)),
      body_(std::move(body)) {}

std::string_view request::path() const {
  const std::string_view all = served_->head()->path;
  return all.substr(0, all.find('?'));
}

std::string_view request::header(std::string_view name) const {
  const auto* found = find_header(served_->head()->headers, name);
  return found ? std::string_view{found->value} : std::string_view{};
}

std::string request::list(std::string_view name) const {
  std::string out;
  for (const auto& field : served_->head()->headers)
    if (iequals(field.name, name))
      out.append(out.empty() ? "" : ", ").append(field.value);
  return out;
}

std::vector<std::pair<std::string, std::string>> request::parameters() const {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string_view all = served_->head()->path;
  auto rest = all.substr(std::min(all.size(), path().size() + 1));
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto name = pair.substr(0, pair.find('='));
    if (!pair.empty())
      out.emplace_back(
        decoded(name, true),
        decoded(pair.substr(std::min(pair.size(), name.size() + 1)), true));
  }
  return out;
}

std::optional<std::string> request::parameter(std::string_view name) const {
  for (auto& [key, value] : parameters())
    if (key == name)
      return std::move(value);
  return std::nullopt;
}

std::optional<size_t> request::number(std::string_view name,
                                      size_t otherwise) const {
  const auto text = parameter(name);
  if (!text)
    return otherwise;
  size_t out = 0;
  const auto* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, out);
  if (error == std::errc{} && at == end)
    return out;
  problem(400, std::string(name) + " is a whole number", std::string(name));
  return std::nullopt;
}

std::optional<json> request::json_body() const {
  auto out = json::parse(body_.empty() ? "{}" : body_, nullptr, false);
  if (out.is_object())
    return out;
  problem(400, "the body is not a JSON object");
  return std::nullopt;
}

// -- answers ------------------------------------------------------------------

void request::answer(uint16_t status, const json& body,
                     header_list more) const {
  more.push_back({"Cache-Control", "no-store"});
  answer_bytes(status, "application/json",
               body.dump(2, ' ', false, json::error_handler_t::replace) + "\n",
               std::move(more));
}

void request::answer_bytes(uint16_t status, std::string_view type,
                           std::string body, header_list more) const {
  answer_document({status, std::string(type), std::move(more), {},
                   slice::adopt(std::move(body)), {}});
}

void request::answer_document(const document& answer) const {
  send(answer);
  if (round_)
    for (const auto& other : round_->take_others())
      other.send(answer);
}

bool request::wants_gzip() const {
  return prefers_gzip(list("accept-encoding"));
}

void request::send(const document& answer) const {
  if (taker_)
    return taker_(answer);
  auto head = std::make_shared<response_head>();
  const auto known = !answer.tag.empty()
                     && names_tag(list("if-none-match"), answer.tag);
  const auto packed = answer.gzip && wants_gzip();
  const auto body = known ? slice{} : packed ? *answer.gzip : answer.plain;
  head->status = known ? 304 : answer.status;
  head->reason = reason_of(head->status);
  head->headers = answer.headers;
  head->headers.push_back({"X-Content-Type-Options", "nosniff"});
  if (!answer.tag.empty()) {
    head->headers.push_back({"ETag", answer.tag});
    head->headers.push_back({"Vary", "Accept-Encoding"});
  }
  if (!known) {
    if (packed)
      head->headers.push_back({"Content-Encoding", "gzip"});
    head->headers.push_back({"Content-Type", answer.type});
    head->headers.push_back({"Content-Length", std::to_string(body.size())});
    head->content_length = body.size();
  }
  head->last = served_->head()->method == "HEAD" || known;
  served_->unit().post([to = served_, head, body] {
    to->send_head(head);
    if (head->last)
      return;
    to->send_body(body);
    to->send_end({});
  });
}

// What is compressed is for those alone who wait for it already.
document_forms request::wanted_forms() const {
  if (!round_ || !round_->compresses())
    return {};
  document_forms out{!wants_gzip(), wants_gzip()};
  for (const auto& other : round_->others())
    (other.wants_gzip() ? out.gzip : out.plain) = true;
  return out;
}

// Between two steps it goes to the unit and back: an actor that only sends to
// itself keeps its thread.
void request::answer_in_steps(long_text body, std::string type) const {
  struct rendering {
    request from;
    long_text body;
    growing_document to;
    hold use;
  };
  auto all = std::make_shared<rendering>(
    rendering{*this, std::move(body), {std::move(type), wanted_forms()},
              at_->units->use()});
  at_->system.spawn([all](caf::event_based_actor* self) -> caf::behavior {
    auto next = std::make_shared<std::function<void()>>();
    *next = [self, all, again = std::weak_ptr{next}] {
      std::string piece;
      all->body.step(piece);
      all->to.add(piece);
      const auto step = again.lock();
      if (!step)
        return;
      if (!all->body.more()) {
        all->from.answer_document(all->to.finish());
        self->quit();
        return;
      }
      all->from.served()->unit().post([me = caf::strong_actor_ptr{self->ctrl()},
                                       step, use = all->use] {
        compat::run_on(me, caf::make_action([step] { (*step)(); }));
      });
    };
    compat::run_on(caf::strong_actor_ptr{self->ctrl()},
                   caf::make_action([next] { (*next)(); }));
    return {[](drain) {}};
  });
}

void request::problem(uint16_t status, const std::string& text,
                      const std::string& field,
                      const std::vector<std::string>& allowed) const {
  json body{{"error", text}};
  if (!field.empty())
    body["field"] = field;
  if (!allowed.empty())
    body["allowed"] = allowed;
  answer(status, body);
}

void request::unknown(uint16_t status, std::string_view noun,
                      std::string_view word, const std::string& field,
                      const std::vector<std::string>& known) const {
  const auto near = config::nearest(word, known);
  problem(status,
          "there is no " + std::string(noun) + " " + config::quote(word)
            + (near.empty() ? "" : "; do you mean " + near + "?"),
          field, known);
}

void request::note_limit(limit kind, std::string_view detail) const {
  at_->on_limit(kind, facts_.visitor_address, detail);
}

std::string decoded(std::string_view text, bool plus) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0
        && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view marks = "-._~";
  std::string out;
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z') || marks.find(c) != marks.npos)
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

} // namespace aps::admin
