#include "actors/path/publication_desk.hpp"

#include "actors/base/alarm.hpp"
#include "transports/seam/foreign_text.hpp"

#include <algorithm>

namespace aps {

namespace {

// Of a name or a target that somebody asks for.
constexpr size_t max_asked = 2048;

const config::publishing& rights_of(const config::publishing* allowed) {
  static const config::publishing nothing;
  return allowed ? *allowed : nothing;
}

std::string shown(std::string_view asked) {
  return asked.empty() ? std::string{"a name after its endpoint"}
                       : foreign_text(asked, max_foreign_name);
}

} // namespace

publication_desk::publication_desk(std::shared_ptr<publication_table> table,
                                   outlet tell)
    : table_(std::move(table)), tell_(std::move(tell)) {}

publication_desk::~publication_desk() {
  for (auto& [id, each] : sessions_)
    for (const auto& name : each.names)
      table_->give_up(name.name, id);
}

published_frame publication_desk::declare(const agent& from,
                                          const publish_frame& wanted,
                                          const config::publishing* allowed,
                                          const moment& at) {
  published_frame answer{wanted.serial, {}, {}};
  const auto wishes = read(from, wanted, rights_of(allowed), answer);
  auto& own = sessions_[from.session];
  if (own.state != presence::live)
    own.since = at.now;
  own.from = from;
  own.serial = wanted.serial;
  const auto before = std::exchange(own.names, {});
  // What is not wanted any more is free for others, and for its own wishes.
  for (const auto& each : before)
    if (std::none_of(wishes.begin(), wishes.end(),
                     [&](const wish& wish) { return wish.name == each.name; }))
      drop(own, each);
  for (const auto& wish : wishes)
    grant(own, wish, at, answer);
  for (const auto& each : before)
    if (std::none_of(own.names.begin(), own.names.end(),
                     [&](const held& now) { return now.name == each.name; }))
      drop(own, each);
  tell_refusals(own, answer);
  if (own.names.empty() && own.told.empty())
    sessions_.erase(from.session);
  return answer;
}

// It asks again and again.
void publication_desk::tell_refusals(session& own,
                                     const published_frame& answer) {
  std::set<std::string> told;
  for (const auto& each : answer.refused) {
    const auto& text = *told.insert(shown(each.name) + " " + each.value).first;
    if (!own.told.contains(text))
      tell_(event_kind::publication_refused, own.from.by, text);
  }
  own.told = std::move(told);
}

// What is wrong with a wish whatever others have is said in the answer.
std::vector<publication_desk::wish>
publication_desk::read(const agent& from, const publish_frame& wanted,
                       const config::publishing& allowed,
                       published_frame& answer) {
  std::vector<wish> out;
  std::set<std::string> names;
  const auto refuse = [&](const header& asked, std::string why) {
    answer.refused.push_back({asked.name.substr(0, max_asked), std::move(why)});
  };
  for (const auto& asked : wanted.names) {
    std::string error;
    const auto target = asked.value.size() <= max_asked
                          ? config::parse_url(asked.value, false, error)
                          : std::nullopt;
    if (!target && error.empty())
      error = "it is too long";
    if (!target) {
      refuse(asked, "has a target that is none: " + error);
      continue;
    }
    if (target->scheme == "udp" || target->scheme == "connect") {
      refuse(asked, "has a target that cannot be published: " + target->scheme);
      continue;
    }
    auto name = resolve_name(allowed, asked.name, from.by.endpoint,
                             target->scheme == "tcp");
    if (auto* why = std::get_if<std::string>(&name)) {
      refuse(asked, std::move(*why));
      continue;
    }
    auto& found = std::get<config::public_name>(name);
    if (!names.insert(found.str()).second)
      refuse(asked, "is asked for twice, as " + found.str());
    else if (out.size() >= allowed.max_names)
      refuse(asked, "is one too many: an agent may publish "
                      + std::to_string(allowed.max_names));
    else
      out.push_back({asked.name, std::move(found), *target});
  }
  return out;
}

void publication_desk::grant(session& to, const wish& wish, const moment& at,
                             published_frame& answer) {
  const auto& by = to.from.by;
  auto result = table_->take(
    {wish.name, wish.target, by, to.from.session, to.from.started_ms, at.wall});
  if (auto* why = std::get_if<std::string>(&result))
    return answer.refused.push_back({wish.asked, std::move(*why)});
  auto& granted = std::get<publication_table::grant>(result);
  for (const auto& former : granted.displaced)
    displace(former, wish.name, by);
  if (granted.is_new)
    tell_(event_kind::mapping_published, by,
          granted.url + " to " + wish.target.str());
  answer.granted.push_back({wish.asked, granted.url});
  to.names.push_back({wish.asked, wish.name, std::move(granted.url)});
}

// The table has given the name to somebody else already.
void publication_desk::displace(const session_id& session,
                                const config::public_name& name,
                                const publisher& by) {
  const auto i = sessions_.find(session);
  if (i == sessions_.end())
    return;
  auto& names = i->second.names;
  const auto at
    = std::find_if(names.begin(), names.end(),
                   [&](const auto& each) { return each.name == name; });
  if (at == names.end())
    return;
  notices_.push_back({i->second.from.connection,
                      {i->second.serial,
                       {},
                       {{at->asked, "is taken over by " + by.str()
                                      + ", an agent that started later"}}}});
  names.erase(at);
}

void publication_desk::drop(session& from, const held& name) {
  if (table_->give_up(name.name, from.from.session))
    tell_(event_kind::mapping_withdrawn, from.from.by, name.url);
}

void publication_desk::end(session& ended) {
  for (const auto& each : std::exchange(ended.names, {}))
    drop(ended, each);
}

template <class Test>
void publication_desk::end_if(Test test) {
  for (auto i = sessions_.begin(); i != sessions_.end();) {
    if (!test(i->second)) {
      ++i;
      continue;
    }
    end(i->second);
    i = sessions_.erase(i);
  }
}

void publication_desk::on_sessions(const std::string& endpoint,
                                   const std::vector<session_id>& live,
                                   bool awaited, time_point now) {
  if (sessions_.empty())
    return;
  end_if([&](session& each) {
    if (each.from.by.endpoint != endpoint)
      return false;
    const auto is_there
      = std::find(live.begin(), live.end(), each.from.session) != live.end();
    if (is_there) {
      each.state = presence::live;
      return false;
    }
    if (each.state != presence::live)
      return false; // not yet, or already
    each.state = presence::lost;
    each.since = now;
    return !awaited;
  });
}

void publication_desk::on_endpoint_gone(const std::string& endpoint) {
  end_if(
    [&](const session& each) { return each.from.by.endpoint == endpoint; });
}

void publication_desk::revoke(const std::string& credential) {
  end_if(
    [&](const session& each) { return each.from.by.credential == credential; });
}

// Why it may not have the name any more, or "".
std::string
publication_desk::why_no_longer(const session& of, const held& name,
                                const config::publishing& allowed) const {
  if (auto place = table_->configured(name.name); !place.empty())
    return "is answered by the node's own " + place;
  const auto now = resolve_name(allowed, name.name.str(), of.from.by.endpoint,
                                name.name.port != 0);
  const auto* why = std::get_if<std::string>(&now);
  return why ? *why : std::string{};
}

void publication_desk::reconsider(const rules& rules_of) {
  for (auto& [id, each] : sessions_) {
    const auto& allowed = rights_of(rules_of(each.from.by.credential));
    published_frame answer{each.serial, {}, {}};
    std::erase_if(each.names, [&, &own = each](const held& name) {
      auto why = why_no_longer(own, name, allowed);
      if (why.empty())
        return false;
      drop(own, name);
      answer.refused.push_back({name.asked, std::move(why)});
      return true;
    });
    if (!answer.refused.empty())
      notices_.push_back({each.from.connection, std::move(answer)});
  }
  end_if([](const session& each) { return each.names.empty(); });
}

time_point publication_desk::expire(time_point now, duration grace) {
  time_point next = never;
  end_if([&](const session& each) {
    if (each.state == presence::live)
      return false;
    const auto due = each.since + grace;
    if (due <= now)
      return true;
    next = std::min(next, due);
    return false;
  });
  return next;
}

} // namespace aps
