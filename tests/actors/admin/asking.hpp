#pragma once

#include "actors/admin/request.hpp"
#include "tests/actors/script_system.hpp"

#include <memory>
#include <string>
#include <variant>

namespace aps::test {

/// What somebody was told.
struct told {
  unsigned status = 0; ///< 0 = nothing so far
  header_list headers;
  std::string body;
  bool over = false; ///< the answer is complete

  std::string operator[](std::string_view name) const {
    const auto* found = find_header(headers, name);
    return found ? found->value : "(none)";
  }
};

/// One request to a listener for operators, and who asks.
struct asked {
  admin::request from;
  std::shared_ptr<sim_link> link;

  told answer() const {
    told out;
    for (const auto& frame : link->out) {
      if (const auto* head = std::get_if<response_frame>(&frame.body)) {
        out.status = head->head->status;
        out.headers = head->head->headers;
        out.over = head->head->last;
      } else if (const auto* data = std::get_if<data_frame>(&frame.body)) {
        out.body += data->payload.view();
        out.over = out.over || data->last;
      } else if (std::holds_alternative<end_frame>(frame.body)) {
        out.over = true;
      }
    }
    return out;
  }
};

/// A listener for operators, whose requests the test makes and answers.
struct operator_desk {
  operator_desk() {
    at = std::make_shared<admin::desk>(admin::desk{
      *system, units, "admin", [] { return std::string{}; },
      [this](limit kind, std::string_view peer, std::string_view detail) {
        limits.push_back(std::to_string(static_cast<int>(kind)) + " "
                         + std::string{peer} + " " + std::string{detail});
      },
      [this](const admin::refused_request&) { ++refused; }});
  }

  asked ask(std::string path, header_list headers = {}, std::string body = {},
            std::string method = "GET") {
    auto head = std::make_shared<request_head>();
    head->method = std::move(method);
    head->path = std::move(path);
    head->headers = std::move(headers);
    const auto served
      = std::make_shared<served_exchange>(net.here, 1, head, 1 << 20);
    exchange_facts facts{"127.0.0.1", "id", nullptr};
    facts.host = "127.0.0.1";
    const auto link = std::make_shared<sim_link>(net.here);
    net.here.run_inside([&] { served->attach(link, nullptr); });
    return {{at, served, std::move(facts), std::move(body)}, link};
  }

  /// Until nothing is left to do.
  void run() { system.run(net.here); }

  one_unit net;
  script_system system;
  std::shared_ptr<unit_contexts> units
    = std::make_shared<unit_contexts>(*system, net);
  admin::desk_ptr at;
  std::vector<std::string> limits;
  int refused = 0;
};

} // namespace aps::test
