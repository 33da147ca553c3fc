#include "actors/admin/grpc/api_request.hpp"

#include "actors/admin/request.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace aps::admin {

using nlohmann::json;

namespace {

/// A path that grows by parameters.
class query {
 public:
  explicit query(std::string path) : path_(std::move(path)) {}

  query& add(std::string_view name, std::string_view value) {
    path_ += first_ ? '?' : '&';
    first_ = false;
    path_.append(name).append("=").append(encoded(value));
    return *this;
  }

  query& add_unless_empty(std::string_view name, std::string_view value) {
    return value.empty() ? *this : add(name, value);
  }

  query& add(std::string_view name, uint32_t number) {
    return add(name, std::to_string(number));
  }

  api_request get() const { return {"GET", path_}; }

 private:
  std::string path_;
  bool first_ = true;
};

api_request post(const std::string& path, const json& body = json::object()) {
  return {"POST", "/.api/" + path,
          body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

// An empty part of a path would name another resource.
api_call act_on(const wire::Target& target, const std::string& action) {
  switch (target.target_case()) {
    case wire::Target::kConnection:
      if (action == "undrain")
        return bad_call{"a connection cannot be undrained; its session or "
                        "endpoint can"};
      if (target.connection().empty())
        break;
      return post("connections/" + encoded(target.connection()) + "/" + action);
    case wire::Target::kSession:
      if (target.session().empty())
        break;
      return post("sessions/" + encoded(target.session()) + "/" + action);
    case wire::Target::kEndpoint: {
      const auto& endpoint = target.endpoint();
      if (endpoint.tunnel().empty() || endpoint.name().empty())
        break;
      return post("endpoints/" + encoded(endpoint.tunnel()) + "/"
                  + encoded(endpoint.name()) + "/" + action);
    }
    case wire::Target::TARGET_NOT_SET: break;
  }
  return bad_call{action
                  + " needs the name of a connection, a session, or an "
                    "endpoint with its tunnel"};
}

api_call inject(const wire::Fault& fault) {
  if (fault.connection().empty())
    return bad_call{"a fault needs the name of a connection"};
  json body{{"kind", fault.kind()}};
  if (fault.kind() != "cut" || fault.seconds() != 0)
    body["seconds"] = fault.seconds();
  return post("connections/" + encoded(fault.connection()) + "/fault", body);
}

api_call prefer(const wire::FallbackMode& fallback) {
  if (fallback.tunnel().empty())
    return bad_call{"fallback needs the name of a tunnel"};
  return post("tunnels/" + encoded(fallback.tunnel()) + "/fallback",
              {{"mode", fallback.mode()}});
}

api_call judge(const wire::CredentialName& credential,
               const std::string& action) {
  if (credential.tunnel().empty() || credential.name().empty())
    return bad_call{action + " needs the names of a tunnel and a credential"};
  return post("credentials/" + encoded(credential.tunnel()) + "/"
              + encoded(credential.name()) + "/" + action);
}

api_request log(const wire::LogLevel& log) {
  json body{{"level", log.level()}};
  if (!log.component().empty())
    body["component"] = log.component();
  return post("log", body);
}

} // namespace

uint32_t limited(uint32_t asked, uint32_t most, uint32_t usual) {
  return asked == 0 ? usual : std::min(asked, most);
}

api_request to_api(const wire::WatchRequest& call) {
  return query{"/.api/stats"}
    .add("connections", "0")
    .add("limit", limited(call.endpoints(), max_watched_endpoints))
    .add_unless_empty("tunnel", call.filter().tunnel())
    .get();
}

api_request to_api(const wire::SnapshotRequest& call) {
  query out{"/.api/stats"};
  out.add("connections", call.connections() ? "1" : "0")
    .add("limit", limited(call.limit(), max_endpoints))
    .add_unless_empty("tunnel", call.tunnel())
    .add_unless_empty("endpoint", call.endpoint())
    .add_unless_empty("search", call.search());
  if (call.each() > 0)
    out.add("each", call.each());
  return out.get();
}

api_call to_api(const wire::GetExchangeRequest& call) {
  if (call.id().empty())
    return bad_call{"id is missing"};
  return query{"/.api/exchanges"}.add("id", call.id()).add("limit", 1).get();
}

api_request to_api(const wire::ListExchangesRequest& call) {
  return query{"/.api/exchanges"}
    .add("limit", limited(call.limit(), max_exchanges))
    .add_unless_empty("tunnel", call.tunnel())
    .add_unless_empty("outcome", call.outcome())
    .get();
}

api_request to_api(const wire::ExplainRequest& call) {
  auto out = query{"/.api/explain"};
  for (const auto& field : call.headers())
    out.add("header", field);
  return out.add("url", call.url())
    .add_unless_empty("method", call.method())
    .add_unless_empty("user", call.user())
    .add_unless_empty("from", call.from())
    .add_unless_empty("server", call.server())
    .add_unless_empty("certificate", call.certificate())
    .add_unless_empty("origin", call.origin())
    .add_unless_empty("body_bytes", call.body_bytes() == 0
                                      ? std::string{}
                                      : std::to_string(call.body_bytes()))
    .get();
}

api_call to_api(const wire::OperateRequest& call) {
  switch (call.action_case()) {
    case wire::OperateRequest::kDrain: return act_on(call.drain(), "drain");
    case wire::OperateRequest::kUndrain:
      return act_on(call.undrain(), "undrain");
    case wire::OperateRequest::kReconnect:
      return act_on(call.reconnect(), "reconnect");
    case wire::OperateRequest::kClose: return act_on(call.close(), "close");
    case wire::OperateRequest::kFault: return inject(call.fault());
    case wire::OperateRequest::kFallback: return prefer(call.fallback());
    case wire::OperateRequest::kLog: return log(call.log());
    case wire::OperateRequest::kRevoke: return judge(call.revoke(), "revoke");
    case wire::OperateRequest::kRestore:
      return judge(call.restore(), "restore");
    case wire::OperateRequest::ACTION_NOT_SET: break;
  }
  return bad_call{"an action is missing"};
}

} // namespace aps::admin
