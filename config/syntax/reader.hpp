#pragma once

#include "config/config.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace aps::config {

/// Inclusive limits of a number.
template <class T>
struct range {
  T low;
  T high;
};

/// Seconds within `low`..`high`; zero too if `or_zero` (= switched off).
struct duration_range {
  double low;
  double high;
  bool or_zero = false;
};

/// A list of strings in the file.
struct list_rule {
  bool or_string = false; ///< one string stands for a list of one
  /// The names that may stand in the list; null = every name.
  const std::vector<std::string>* known = nullptr;
  const char* noun = "a list of names";
};

/// A string that was nothing but `reference`, which stands for `text`: it may be
/// meant as a number or a boolean. No text of a file can be such a value.
nlohmann::json expanded_value(std::string_view reference,
                              std::string_view text);

/// An expanded value as the number or boolean that its text is; any other value
/// as it is.
nlohmann::json scalar_of(const nlohmann::json& value);

/// An expanded value as its text; any other value as it is.
nlohmann::json text_of(const nlohmann::json& value);

/// "the number 5", "the string \"x\"", "an object": what stands in the file.
/// With `secret` a string's text is left out.
std::string describe(const nlohmann::json& value, bool secret = false);

/// Walks one JSON object: each getter names a key, checks type and range, and
/// writes to its output only what is right. An absent key leaves the output's
/// default. Getters return false when they added a problem. At the end
/// `finish` reports every key that no getter named. Keys are not copied: they
/// outlive the reader.
class reader {
 public:
  /// `value` null = the object is absent: every getter leaves its output. A
  /// value that is not an object adds a problem and counts as absent.
  reader(const nlohmann::json* value, std::string path, problems& out,
         const char* allowed = "an object");

  /// Whether there is an object to read.
  explicit operator bool() const { return value_ != nullptr; }

  const std::string& path() const { return path_; }

  /// Where its problems go, for who reads a part by other means.
  problems& wrong() const { return out_; }

  std::string path(std::string_view key) const;

  /// The member, or null; makes its key known. Expanded values are strings
  /// here, and so are those of a list.
  const nlohmann::json* member(const char* key);

  /// As `member`, where numbers or booleans belong: an expanded value that is
  /// none of them stays one.
  const nlohmann::json* scalar(const char* key);

  /// The member, or an element of the list that it is, as a problem tells of
  /// it.
  std::string found(const char* key) const;
  std::string found(const char* key, size_t index) const;

  /// Reports a missing member with what should stand there.
  bool require(const char* key, const char* allowed);

  /// A reader of a nested object.
  reader object(const char* key);

  bool boolean(const char* key, bool& to);
  bool duration(const char* key, seconds& to, const duration_range& limits);
  bool word(const char* key, std::string& to,
            const std::vector<std::string>& words);
  bool text(const char* key, std::string& to, size_t max_bytes);

  /// A text that no problem shows.
  bool secret(const char* key, std::string& to, size_t max_bytes);
  bool strings(const char* key, std::vector<std::string>& to,
               const list_rule& rule);

  /// Accepts 5.0 and 5e0 for 5, as JSON Schema does.
  template <class T>
  bool integer(const char* key, T& to, range<T> limits) {
    auto number = static_cast<uint64_t>(to);
    const bool ok = whole(key, number, {limits.low, limits.high});
    to = static_cast<T>(number);
    return ok;
  }

  /// Whether no problem names the member.
  bool fits(std::string_view key) const;

  /// Adds a problem about a member; returns false.
  bool fail(std::string path, std::string found, std::string allowed,
            std::string hint = {});

  /// Who writes the unknown key `key` means `meant`.
  void hint(std::string key, std::string meant);

  /// Reports unknown keys.
  void finish();

 private:
  /// The member with what `convert` makes of its expanded values.
  template <class Convert>
  const nlohmann::json* converted(const char* key, Convert convert);
  std::vector<std::string> known_keys() const;
  bool whole(const char* key, uint64_t& to, range<uint64_t> limits);
  bool words(const char* key, std::string& to, size_t max_bytes, bool secret);
  bool element(const nlohmann::json& value, const std::string& told,
               std::string path, std::vector<std::string>& to,
               const list_rule& rule);

  const nlohmann::json* value_;
  std::string path_;
  problems& out_;
  std::vector<const char*> known_; ///< some more than once
  std::map<std::string, nlohmann::json> read_; ///< of expanded values
  std::map<std::string, std::string> hints_;
};

/// The value as a whole number, if it is one that a uint64_t holds.
std::optional<uint64_t> whole_number(const nlohmann::json& value);

} // namespace aps::config
