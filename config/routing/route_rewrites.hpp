#pragma once

#include "config/routing/rewrites.hpp"
#include "config/routing/text_template.hpp"

#include <optional>
#include <string>
#include <vector>

namespace aps {

/// What a mapping makes of requests and answers, ready for use. Immutable.
class route_rewrites {
 public:
  struct field {
    std::string name;
    text_template text;
  };

  /// `config::field_changes`.
  struct changes {
    explicit changes(const config::field_changes& from);
    bool empty() const noexcept {
      return remove.empty() && set.empty() && add.empty();
    }

    std::vector<std::string> remove;
    std::vector<field> set;
    std::vector<field> add;
  };

  /// Precondition: the texts are right (`text_template::problem`).
  explicit route_rewrites(const config::rewrites& rules);

  const changes query;
  const changes request;
  const changes response;
  const std::optional<text_template> path; ///< absent = as ever
};

/// The answer that a mapping gives by itself, ready for use. Immutable.
class route_answer {
 public:
  /// Precondition: the texts are right.
  explicit route_answer(const config::fixed_answer& rule);

  /// Its fields for one request, `Location` and `Content-Type` among them.
  std::vector<std::pair<std::string, std::string>>
  fields(const text_values& values) const;

 private:
  std::vector<route_rewrites::field> fields_;
  std::optional<text_template> location_;
  bool is_path_ = false; ///< where it sends visitors is of this host
};

/// A path with query as field changes of `query` have it. `value` gives the
/// text of one, which becomes a value whatever is in it.
std::string
changed_query(std::string_view path, const route_rewrites::changes& changes,
              const std::function<std::string(const text_template&)>& value);

} // namespace aps
