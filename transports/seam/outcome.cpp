#include "transports/seam/outcome.hpp"

#include "transports/seam/outcomes.hpp"

#include <algorithm>
#include <array>

namespace aps {

namespace {

struct outcome_row {
  outcome value;
  unsigned status;
  std::string_view word;
  std::string_view sentence;
};

constexpr std::array outcome_table{
  outcome_row{outcome::ok, 200, "ok", "The exchange is complete."},
  outcome_row{outcome::bad_request, 400, "bad-request",
              "The request is not valid HTTP/1.1."},
  outcome_row{outcome::header_too_large, 431, "header-too-large",
              "The request line and headers exceed the limit."},
  outcome_row{outcome::body_too_large, 413, "body-too-large",
              "The request body exceeds the limit."},
  outcome_row{outcome::no_mapping, 404, "no-mapping",
              "No mapping knows this address."},
  outcome_row{outcome::not_implemented, 501, "not-implemented",
              "This kind of request is not supported."},
  outcome_row{outcome::expectation_failed, 417, "expectation-failed",
              "The request expects more than 100-continue."},
  outcome_row{outcome::loop_detected, 508, "loop-detected",
              "The request came back to the node that passed it on."},
  outcome_row{outcome::unauthorized, 401, "unauthorized",
              "This address is for users who say who they are."},
  outcome_row{outcome::forbidden, 403, "forbidden",
              "You may not come in here."},
  outcome_row{outcome::proxy_auth_required, 407, "proxy-auth-required",
              "This proxy is for users who say who they are."},
  outcome_row{outcome::foreign_origin, 403, "foreign-origin",
              "Pages of this origin may not open this."},
  outcome_row{outcome::no_endpoint, 503, "no-endpoint",
              "No agent is connected for this address."},
  outcome_row{outcome::no_connection, 503, "no-connection",
              "The agent has no usable connection at the moment."},
  outcome_row{outcome::pool_exhausted, 503, "pool-exhausted",
              "Too many requests are waiting for a connection."},
  outcome_row{outcome::acquire_timeout, 503, "acquire-timeout",
              "No connection became free in time."},
  outcome_row{outcome::draining, 503, "draining", "The node is shutting down."},
  outcome_row{outcome::overloaded, 503, "overloaded",
              "Too many connections; come back in a moment."},
  outcome_row{outcome::address_share, 429, "address-share",
              "Too many requests of your address are under way."},
  outcome_row{outcome::rate_limited, 429, "rate-limited",
              "Too many requests; come back later."},
  outcome_row{outcome::login_unavailable, 503, "login-unavailable",
              "The login service cannot be asked at the moment."},
  outcome_row{outcome::not_sent, 502, "not-sent",
              "The tunnel failed before the request was sent."},
  outcome_row{outcome::started_unknown, 502, "started-unknown",
              "The agent vanished; the request may have been executed."},
  outcome_row{outcome::cut, 502, "cut",
              "The agent vanished in the middle of the answer."},
  outcome_row{outcome::transport_unavailable, 502, "transport-unavailable",
              "The tunnel's transport failed and fallback is switched off."},
  outcome_row{outcome::attempts_exhausted, 502, "attempts-exhausted",
              "Whoever was given the request was lost each time."},
  outcome_row{outcome::origin_unresolved, 502, "origin-unresolved",
              "The target's name could not be resolved."},
  outcome_row{outcome::origin_refused, 502, "origin-refused",
              "The target refused the connection."},
  outcome_row{outcome::origin_unreachable, 502, "origin-unreachable",
              "The target could not be reached."},
  outcome_row{outcome::origin_tls, 502, "origin-tls",
              "The TLS handshake with the target failed."},
  outcome_row{outcome::origin_protocol, 502, "origin-protocol",
              "The target's answer is not valid HTTP/1.1."},
  outcome_row{outcome::origin_closed, 502, "origin-closed",
              "The target closed the connection before its answer was "
              "complete."},
  outcome_row{outcome::origin_timeout, 504, "origin-timeout",
              "The target did not accept the connection in time."},
  outcome_row{outcome::target_forbidden, 403, "target-forbidden",
              "The agent does not ask this target for anybody."},
  outcome_row{outcome::first_byte_timeout, 504, "first-byte-timeout",
              "The target did not answer in time."},
  outcome_row{outcome::body_timeout, 408, "body-timeout",
              "The request did not arrive in time."},
  outcome_row{outcome::idle_timeout, 504, "idle-timeout",
              "Nothing passed for too long."},
  outcome_row{outcome::total_timeout, 504, "total-timeout",
              "The answer was not complete in time."},
  outcome_row{outcome::visitor_gone, 499, "visitor-gone",
              "The visitor closed the connection."},
  outcome_row{outcome::visitor_stalled, 499, "visitor-stalled",
              "The visitor did not take its answer in time."},
  outcome_row{outcome::internal, 500, "internal", "Internal error."},
};

const outcome_row& row_of(outcome outcome) noexcept {
  for (const auto& row : outcome_table)
    if (row.value == outcome)
      return row;
  return outcome_table.back();
}

} // namespace

std::string_view to_string(outcome outcome) noexcept {
  return row_of(outcome).word;
}

std::string_view class_of(outcome outcome) noexcept {
  const auto number = static_cast<unsigned>(outcome);
  if (number == 0)
    return "ok";
  if (number < 10 || number >= 70)
    return "node";
  if (number < 20)
    return "unavailable";
  if (number < 30)
    return "transport";
  if (number < 40)
    return "origin";
  if (number < 50)
    return "timeout";
  return number < 60 ? "visitor" : "internal";
}

std::string_view render(outcome outcome) noexcept {
  return row_of(outcome).sentence;
}

unsigned status_of(outcome outcome) noexcept {
  return row_of(outcome).status;
}

std::vector<outcome> all_outcomes() {
  std::vector<outcome> out;
  for (const auto& row : outcome_table)
    out.push_back(row.value);
  // One class after the other: a part of the node's has other numbers.
  const auto place = [](outcome value) {
    const auto number = static_cast<unsigned>(value);
    return number < 70 ? number * 10 : 91 + number - 70;
  };
  std::sort(out.begin(), out.end(),
            [&](outcome x, outcome y) { return place(x) < place(y); });
  return out;
}

outcome outcome_from(uint32_t number) noexcept {
  for (const auto& row : outcome_table)
    if (static_cast<uint32_t>(row.value) == number)
      return row.value;
  return outcome::internal;
}

std::string_view to_string(link_error error) noexcept {
  switch (error) {
    case link_error::none: return "none";
    case link_error::lost: return "lost";
    case link_error::refused: return "refused";
    case link_error::unavailable: return "unavailable";
    case link_error::timed_out: return "timed-out";
    case link_error::stalled: return "stalled";
    case link_error::exhausted: return "exhausted";
    case link_error::unauthenticated: return "unauthenticated";
    case link_error::protocol: return "protocol";
    case link_error::too_large: return "too-large";
  }
  return "unknown";
}

std::string_view render(link_error error) noexcept {
  switch (error) {
    case link_error::none: return "closed";
    case link_error::lost: return "connection lost";
    case link_error::refused: return "connection refused";
    case link_error::unavailable: return "peer not reachable";
    case link_error::timed_out: return "timed out";
    case link_error::stalled: return "connection stalled";
    case link_error::exhausted: return "peer has no room";
    case link_error::unauthenticated: return "not authenticated";
    case link_error::protocol: return "protocol violation";
    case link_error::too_large: return "message too large";
  }
  return "unknown";
}

std::string render(link_error error, std::string_view detail) {
  const std::string words{render(error)};
  if (detail.empty())
    return words;
  return detail.starts_with(words) ? std::string(detail)
                                   : words + ": " + std::string(detail);
}

std::string_view to_string(close_reason reason) noexcept {
  switch (reason) {
    case close_reason::normal: return "normal";
    case close_reason::shutdown: return "shutdown";
    case close_reason::refused: return "refused";
    case close_reason::exhausted: return "exhausted";
    case close_reason::protocol: return "protocol";
    case close_reason::stalled: return "stalled";
  }
  return "unknown";
}

} // namespace aps
