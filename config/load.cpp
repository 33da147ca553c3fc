// A file, and those it includes, as one configuration.
#include "config/answers/answer_sections.hpp"
#include "config/check/advice.hpp"
#include "config/sections.hpp"
#include "config/syntax/expand.hpp"
#include "config/syntax/file.hpp"
#include "config/syntax/syntax.hpp"
#include "config/syntax/text.hpp"
#include "config/tls/certificates.hpp"

#include <glob.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <set>
#include <system_error>

namespace aps::config {

using nlohmann::json;
using std::filesystem::path;

namespace {

// Files that include each other under ever new names come to an end.
constexpr size_t max_files = 1000;

constexpr size_t max_bytes = 16 << 20; // of one

/// Joins files; knows for each part which file it comes from.
class joiner {
 public:
  joiner(path main, const source& from, problems& out)
      : main_(std::move(main)), from_(from), out_(out) {}

  /// All files as one value; nothing when the first cannot be read.
  std::optional<json> join();

  /// `FILE: PATH` for a path in the joined value, as it is in that file.
  std::string located(const std::string& place) const;

  /// The file of a section, or of a name in one.
  path file_of(const std::string& place) const;

 private:
  /// Part of an included file.
  struct origin {
    path file;
    std::string place; ///< its path there
  };

  struct wish {
    path file;
    std::string asked_by; ///< file and key
    bool named = true;    ///< else a pattern's match
  };

  bool add(const wish& wish);
  void queue_includes(json& root, const path& file);
  void merge(json root, const path& file);
  void merge_names(const std::string& section, json& members, const path& file);
  void put(json& to, json&& value, const std::string& place,
           const std::string& own_place, const path& file);
  void report(problems&& found, const path& file);

  const path main_;
  const source& from_;
  problems& out_;
  json joined_ = json::object();
  std::map<std::string, origin> origins_; ///< by path in `joined_`
  std::deque<wish> wishes_;
  std::set<path> seen_;
};

std::optional<json> joiner::join() {
  wishes_.push_back({main_, {}, true});
  bool first = true;
  while (!wishes_.empty()) {
    const auto next = std::move(wishes_.front());
    wishes_.pop_front();
    if (!add(next) && first)
      return std::nullopt;
    first = false;
  }
  return std::move(joined_);
}

bool joiner::add(const wish& wish) {
  const auto refuse = [&](const std::string& found, const char* allowed) {
    if (wish.asked_by.empty())
      out_.push_back({shown_name(wish.file), found, allowed, {}});
    else
      out_.push_back({wish.asked_by,
                      quote(wish.file.string()) + " (" + found + ")",
                      allowed,
                      {}});
    return false;
  };
  if (!seen_.insert(wish.file.lexically_normal()).second)
    return !wish.named || refuse("included already", "each file once");
  if (seen_.size() > max_files)
    return refuse("one file too many", "at most 1000 files");
  const auto found = from_.read(wish.file, max_bytes);
  if (!found.error.empty())
    return refuse(found.error, "a readable file");
  problems wrong;
  auto root = parse_json(found.text, wrong);
  if (root) {
    expand(*root, "$", wish.file.parent_path(), from_, wrong);
    if (root->is_object())
      queue_includes(*root, wish.file);
    else if (wish.asked_by.empty())
      joined_ = *root; // the reader says what it should be
    else
      wrong.push_back({"$", describe(*root, true), "an object", {}});
  }
  report(std::move(wrong), wish.file);
  if (root && root->is_object())
    merge(std::move(*root), wish.file);
  return root.has_value();
}

void joiner::queue_includes(json& root, const path& file) {
  problems wrong;
  reader in{&root, "$", wrong};
  std::vector<std::string> names;
  read_includes(in, names);
  root.erase("include");
  report(std::move(wrong), file);
  for (size_t i = 0; i < names.size(); ++i) {
    const auto asked = (file.parent_path() / names[i]).lexically_normal();
    const auto key = shown_name(file) + ": " + element_path("$.include", i);
    if (names[i].find_first_of("*?[") == std::string::npos)
      wishes_.push_back({asked, key, true});
    else
      for (auto& match : from_.matching(asked))
        wishes_.push_back({std::move(match), key, false});
  }
}

// Servers and tunnels are joined by their names, mappings in the order of the
// files; everything else stands in one file.
void joiner::merge(json root, const path& file) {
  for (auto& [key, value] : root.items()) {
    const auto place = member_path("$", key);
    auto& known = joined_[key];
    if ((key == "servers" || key == "tunnels") && value.is_object()
        && (known.is_null() || known.is_object())) {
      if (known.is_null())
        known = json::object();
      merge_names(key, value, file);
    } else if (key == "mappings" && value.is_array()
               && (known.is_null() || known.is_array())) {
      if (known.is_null() && file == main_) {
        known = std::move(value);
        continue;
      }
      if (known.is_null())
        known = json::array();
      for (size_t i = 0; i < value.size(); ++i) {
        auto& added = known.emplace_back();
        put(added, std::move(value[i]), element_path(place, known.size() - 1),
            element_path(place, i), file);
      }
    } else if (!origins_.contains(place) && known.is_null()) {
      put(known, std::move(value), place, place, file);
    } else if (key != "$schema") {
      out_.push_back({shown_name(file) + ": " + place,
                      "what stands in " + shown_name(file_of(place)) + ", too",
                      "each section in one file",
                      {}});
    }
  }
}

void joiner::merge_names(const std::string& section, json& members,
                         const path& file) {
  const auto place = member_path("$", section);
  auto& known = joined_[section];
  for (auto& [name, value] : members.items()) {
    const auto here = member_path(place, name);
    if (known.contains(name))
      out_.push_back(
        {shown_name(file) + ": " + here,
         "a name that stands in " + shown_name(file_of(here)) + ", too",
         "each name once",
         {}});
    else
      put(known[name], std::move(value), here, here, file);
  }
}

void joiner::put(json& to, json&& value, const std::string& place,
                 const std::string& own_place, const path& file) {
  to = std::move(value);
  if (file != main_)
    origins_.insert_or_assign(place, origin{file, own_place});
}

path joiner::file_of(const std::string& place) const {
  const auto found = origins_.find(place);
  return found == origins_.end() ? main_ : found->second.file;
}

// The longest part of the path that came from elsewhere says from where.
std::string joiner::located(const std::string& place) const {
  for (auto end = place.size(); end != place.npos && end > 1;
       end = place.find_last_of(".[", end - 1)) {
    const auto found = origins_.find(place.substr(0, end));
    if (found != origins_.end())
      return shown_name(found->second.file) + ": " + found->second.place
             + place.substr(end);
  }
  return shown_name(main_) + ": " + place;
}

void joiner::report(problems&& found, const path& file) {
  for (auto& problem : found) {
    problem.path = shown_name(file) + ": " + problem.path;
    out_.push_back(std::move(problem));
  }
}

/// The machine this process runs on.
class system final : public source {
 public:
  std::optional<std::string> variable(const std::string& name) const override {
    const auto* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>{value} : std::nullopt;
  }

  content read(const path& file, size_t most) const override {
    std::error_code error;
    auto text = read_bytes(file, most, error);
    if (!error)
      return {std::move(text), {}};
    if (error == std::errc::is_a_directory)
      return {{}, "a directory"};
    if (error == std::errc::file_too_large)
      return {{}, "more than " + std::to_string(most) + " bytes"};
    return {{},
            error == std::errc::interrupted ? silent_file : error.message()};
  }

  std::vector<path> matching(const path& pattern) const override {
    glob_t found{};
    std::vector<path> result;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
      result.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    return result;
  }
};

} // namespace

const source& system_source() {
  static const system it;
  return it;
}

problems
read_file(const path& file, const source& from,
          const std::function<void(const json& root, problems& out)>& read,
          locator* locator) {
  problems wrong;
  const auto files = std::make_shared<joiner>(file, from, wrong);
  const auto root = files->join();
  if (!root)
    return wrong;
  problems inside;
  read(*root, inside);
  // What a wrong reference left behind is no second mistake.
  std::set<std::string> told;
  for (const auto& problem : wrong)
    told.insert(problem.path);
  for (auto& problem : inside) {
    problem.path = files->located(problem.path);
    if (!told.contains(problem.path))
      wrong.push_back(std::move(problem));
  }
  if (locator)
    *locator
      = {[files](const std::string& place) { return files->located(place); },
         [files](const std::string& place) { return files->file_of(place); }};
  return wrong;
}

namespace {

/// Names of files are relative to the file that says them.
void resolve_files(tls& settings, const path& folder) {
  for (auto& each : settings.certificates) {
    each.cert = (folder / each.cert).string();
    each.key = (folder / each.key).string();
    if (!each.ocsp.empty())
      each.ocsp = (folder / each.ocsp).string();
  }
  if (!settings.client_ca.empty())
    settings.client_ca = (folder / settings.client_ca).string();
}

void resolve_files(target_tls& settings, const path& folder) {
  for (auto* file : {&settings.ca, &settings.cert, &settings.key})
    if (!file->empty())
      *file = (folder / *file).string();
}

void resolve_files(node& all, const locator& locator) {
  const auto folder_of = [&](const std::string& place) {
    return locator.file(place).parent_path();
  };
  for (auto& [name, server] : all.servers)
    if (server.tls)
      resolve_files(*server.tls, folder_of(member_path("$.servers", name)));
  for (size_t i = 0; i < all.mappings.size(); ++i)
    if (auto& settings = all.mappings[i].tls)
      resolve_files(*settings, folder_of(element_path("$.mappings", i)));
  if (all.admin && all.admin->grpc && all.admin->grpc->tls)
    resolve_files(*all.admin->grpc->tls, folder_of("$.admin"));
}

void load_all_pages(node& all, const locator& locator, const source& from,
                    problems& out) {
  auto left = error_page::most_in_all;
  const auto load = [&](auto& section, const std::string& place) {
    load_pages(section.error_pages, place, locator.file(place).parent_path(),
               from, left, out);
  };
  for (auto& [name, server] : all.servers)
    load(server, member_path("$.servers", name));
  for (size_t i = 0; i < all.mappings.size(); ++i)
    if (all.mappings[i].error_pages)
      load(all.mappings[i], element_path("$.mappings", i));
}

} // namespace

result load(const path& file, const source& from,
            std::vector<std::string>* warnings) {
  node all;
  locator locator;
  auto wrong = read_file(
    file, from,
    [&](const json& root, problems& out) { all = read_node(root, out); },
    &locator);
  if (!wrong.empty())
    return wrong;
  resolve_files(all, locator);
  load_all_pages(all, locator, from, wrong);
  const auto names = check_certificates(all, from, wrong);
  for (auto& problem : wrong)
    problem.path = locator.place(problem.path);
  if (!wrong.empty())
    return wrong;
  if (warnings)
    for (const auto& one : advise(all, names))
      warnings->push_back(fitted(
        locator.place(one.path) + ": warning: ",
        one.text
          + (one.other.empty() ? "" : " (" + locator.place(one.other) + ")")));
  return all;
}

result load(const path& file) {
  return load(file, system_source());
}

result load(const path& file, std::vector<std::string>& warnings) {
  return load(file, system_source(), &warnings);
}

} // namespace aps::config
