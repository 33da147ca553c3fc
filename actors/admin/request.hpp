#pragma once

#include "actors/admin/document.hpp"
#include "actors/admin/long_text.hpp"
#include "actors/base/unit_context.hpp"
#include "actors/compat.hpp"
#include "actors/policy/limits/login_limit.hpp"
#include "transports/seam/exchange/exchange.hpp"
#include "transports/seam/outcome.hpp"

#include <caf/actor_system.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aps::admin {

/// Guesses at the token, by address. Thread-safe.
struct login_guard {
  std::mutex mutex;
  login_limit limit; // by mutex
};

class answer_round;

/// What a listener for operators refused. The texts are as they came, and live
/// as long as the call.
struct refused_request {
  unsigned status = 0; ///< 0 = nothing that has one was sent
  std::string_view peer = {};
  std::string_view request_id = {};
  std::string_view method = {};
  std::string_view path = {}; ///< empty = it was no request
  std::string why = {};
  /// What was wrong with it as HTTP; `ok` = nothing.
  outcome result = outcome::ok;
};

/// What a listener for operators needs of its process: a node's admin
/// listener, or an agent's status listener. Thread-safe.
struct desk {
  caf::actor_system& system;
  std::shared_ptr<unit_contexts> units;

  std::string listener; ///< its name, "admin" or "status"; a label of metrics

  /// What has to be shown; "" = nothing, but only local names are served.
  std::function<std::string()> token;

  /// Somebody reached a limit; cheap enough for every single one.
  std::function<void(limit kind, std::string_view peer,
                     std::string_view detail)>
    on_limit;

  /// Something was refused. Strangers decide how often.
  std::function<void(const refused_request& refusal)> on_refused;

  std::shared_ptr<login_guard> logins = std::make_shared<login_guard>();
};
using desk_ptr = std::shared_ptr<const desk>;

/// Counts what was refused, and tells it. Thread: any.
void note_refused(const desk& at, const refused_request& refusal);

/// "GET /x: why (from 127.0.0.1)", clean and short.
std::string in_words(const refused_request& refusal);

/// One request to such a listener, its body complete, and the way to answer
/// it, once. Copies are the same request.
class request {
 public:
  request(desk_ptr at, served_exchange_ptr served, exchange_facts facts,
          std::string body);

  const desk& at() const noexcept { return *at_; }
  const served_exchange_ptr& served() const noexcept { return served_; }
  const exchange_facts& facts() const noexcept { return facts_; }
  const std::string& method() const { return served_->head()->method; }

  /// The path without query, still percent-encoded.
  std::string_view path() const;

  /// A header's value; empty when it is absent.
  std::string_view header(std::string_view name) const;

  /// A list, which may come in several headers of the name (RFC 9110, 5.3).
  std::string list(std::string_view name) const;

  /// The query's parameters, decoded, as they came: name and value.
  std::vector<std::pair<std::string, std::string>> parameters() const;

  /// The value of one of them; nothing when it is absent.
  std::optional<std::string> parameter(std::string_view name) const;

  /// A parameter that is a whole number, `otherwise` when it is absent; else
  /// answers 400 and returns nothing.
  std::optional<size_t> number(std::string_view name, size_t otherwise) const;

  /// The body as a JSON object; else answers 400 and returns nothing.
  std::optional<nlohmann::json> json_body() const;

  /// The parts of the path that a route left open, decoded.
  std::vector<std::string> names;

  // -- answers, from any thread -----------------------------------------------

  void answer(uint16_t status, const nlohmann::json& body,
              header_list more = {}) const;
  void answer_bytes(uint16_t status, std::string_view type, std::string body,
                    header_list more = {}) const;

  /// In the form that this reader wants; 304 when it has the document already.
  void answer_document(const document& answer) const;

  /// Answers 200, rendered step by step on CAF's threads.
  void answer_in_steps(long_text body,
                       std::string type = "application/json") const;

  void problem(uint16_t status, const std::string& text,
               const std::string& field = {},
               const std::vector<std::string>& allowed = {}) const;

  /// The same for a word that none of the known ones is: `noun` is what it
  /// would be the name of.
  void unknown(uint16_t status, std::string_view noun, std::string_view word,
               const std::string& field,
               const std::vector<std::string>& known) const;

  bool wants_gzip() const;

  /// Who takes the answer in place of the exchange, which then only says what
  /// was asked. Called once, on any thread.
  using taker = std::function<void(const document&)>;
  void answer_to(taker taker) { taker_ = std::move(taker); }

  /// From now on all of `round` get what this one is answered.
  void share_with(std::shared_ptr<answer_round> round) {
    round_ = std::move(round);
  }

  /// Somebody reached a limit; counted, and told now and then.
  void note_limit(limit kind, std::string_view detail) const;

 private:
  void send(const document& answer) const;
  document_forms wanted_forms() const;

  desk_ptr at_;
  served_exchange_ptr served_;
  exchange_facts facts_;
  std::string body_;
  std::shared_ptr<answer_round> round_; ///< null = it has its answer alone
  taker taker_;                         ///< empty = the exchange
};

/// Percent-decoding (RFC 3986); `plus` = "+" is a space, as in a query.
std::string decoded(std::string_view text, bool plus = false);

/// The opposite: everything but the unreserved characters is encoded.
std::string encoded(std::string_view text);

/// Metrics in Prometheus' text format.
inline constexpr auto metrics_type
  = "text/plain; version=0.0.4; charset=utf-8";

} // namespace aps::admin
