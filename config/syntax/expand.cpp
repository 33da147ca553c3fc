#include "config/syntax/expand.hpp"

#include "config/syntax/reader.hpp"
#include "config/syntax/text.hpp"

#include <algorithm>

namespace aps::config {

using nlohmann::json;

namespace {

constexpr auto forms
  = "${NAME}, ${NAME:-default} or ${file:PATH}; $${ stands for ${ itself";

constexpr size_t max_file = 1 << 20;

bool is_variable(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0])
         && std::all_of(name.begin(), name.end(), [&](char c) {
              return is_letter(c) || (c >= '0' && c <= '9');
            });
}

/// Whether `value` is one reference and nothing else.
bool is_reference(const json& value) {
  if (!value.is_string())
    return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.starts_with("${") && text.find('}') == text.size() - 1;
}

/// Without the line end that editors put at the end of a file.
std::string without_line_end(std::string text) {
  if (text.ends_with('\n'))
    text.pop_back();
  if (text.ends_with('\r'))
    text.pop_back();
  return text;
}

bool has_reference(std::string_view text) {
  return text.find("${") != text.npos;
}

/// Where a value stands. Its path is put together for those that need it.
struct place {
  const place* inside = nullptr;
  std::string_view key; ///< or all of the path; without data = an element
  size_t index = 0;

  std::string path() const {
    if (!inside)
      return std::string{key};
    return key.data() ? member_path(inside->path(), key)
                      : element_path(inside->path(), index);
  }
};

/// Expands the strings of one file.
class expander {
 public:
  expander(std::filesystem::path folder, const source& from, problems& out)
      : folder_(std::move(folder)), from_(from), out_(out) {}

  void visit(json& value, const place& at) {
    if (value.is_string()) {
      if (!has_reference(value.get_ref<const std::string&>()))
        return;
      if (is_reference(value))
        refer(value, at.path());
      else
        value = expanded(value.get_ref<const std::string&>(), at.path());
    } else if (value.is_object()) {
      for (auto& [key, member] : value.items())
        visit(member, {&at, key});
    } else if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i)
        visit(value[i], {&at, {}, i});
    }
  }

 private:
  void refer(json& value, const std::string& path) {
    const auto reference = value.get<std::string>();
    const auto known = out_.size();
    auto text = expanded(reference, path);
    value = out_.size() == known
              ? expanded_value(name_of(reference), text) : json(text);
  }

  // "${NAME}" of all forms: the default is no name.
  static std::string name_of(const std::string& reference) {
    const auto colon = reference.find(":-");
    return colon == reference.npos || reference.starts_with("${file:")
             ? reference : reference.substr(0, colon) + "}";
  }

  std::string expanded(const std::string& text, const std::string& path) {
    std::string result;
    size_t done = 0;
    for (auto at = text.find("${"); at != text.npos; at = text.find("${", done)) {
      const bool literal = at > done && text[at - 1] == '$';
      result.append(text, done, at - done - (literal ? 1 : 0));
      done = at + 2;
      if (literal) {
        result += "${";
        continue;
      }
      const auto end = text.find('}', done);
      if (end == text.npos) {
        out_.push_back({path, "\"${\" without its \"}\"", forms, {}});
        return result;
      }
      result += resolved(text.substr(done, end - done), path);
      done = end + 1;
    }
    return result.append(text, done);
  }

  std::string resolved(const std::string& reference, const std::string& path) {
    constexpr std::string_view file_mark = "file:";
    if (reference.starts_with(file_mark))
      return file(reference.substr(file_mark.size()), path);
    const auto colon = reference.find(":-");
    const auto name = reference.substr(0, colon);
    if (!is_variable(name)) {
      out_.push_back({path, "\"${...}\" with a name that no variable has",
                      forms, {}});
      return {};
    }
    auto value = from_.variable(name);
    if (colon != reference.npos)
      return value && !value->empty() ? *value : reference.substr(colon + 2);
    if (!value)
      out_.push_back({path, "${" + name + "}, which is not set",
                      "a variable of the environment, or ${" + name
                        + ":-default}",
                      {}});
    return value.value_or("");
  }

  std::string file(const std::string& name, const std::string& path) {
    auto found = from_.read(folder_ / name, max_file);
    if (const auto encoding = foreign_encoding(found.text); !encoding.empty())
      found.error = std::string(encoding) + ", not UTF-8";
    if (found.error.empty())
      return without_line_end(std::move(found.text));
    out_.push_back({path,
                    "${file:...} of " + quote((folder_ / name).string()) + " ("
                      + found.error + ")",
                    "a readable file of at most 1 MiB", {}});
    return {};
  }

  const std::filesystem::path folder_;
  const source& from_;
  problems& out_;
};

} // namespace

void expand(json& value, const std::string& path,
            const std::filesystem::path& folder, const source& from,
            problems& out) {
  expander{folder, from, out}.visit(value, {nullptr, path});
}

} // namespace aps::config
