#pragma once

#include "config/answers/error_pages.hpp"
#include "config/routing/text_template.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aps {

/// Pages for the node's own answers, ready for use. Immutable, thread-safe.
class page_set {
 public:
  struct page {
    text_template text;
    text_form form = text_form::plain; ///< by its type
    std::string content_type;
    uint16_t status = 0; ///< 0 = the answer's
    bool of_target = false;
  };

  explicit page_set(const config::error_pages& pages);

  /// The most special one: for the outcome, the status, its class, for all;
  /// null = none.
  const page* find(unsigned status, std::string_view outcome) const;

  /// The same for what a target answered.
  const page* find_for_target(unsigned status) const;

  /// Whether any is for what targets answer.
  bool replaces_targets() const noexcept { return replaces_targets_; }

 private:
  struct entry {
    std::string answers;
    page shown;
  };
  const entry* named(std::string_view name) const;

  std::vector<entry> all_;
  bool replaces_targets_ = false;
};

/// How values stand in a page of that type.
text_form form_of(std::string_view content_type) noexcept;

} // namespace aps
