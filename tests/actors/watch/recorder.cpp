#define CAF_SUITE recorder

#include "actors/watch/recorder.hpp"
#include "config/routing/routes.hpp"
#include "tests/actors/script_system.hpp"
#include "tests/support/test.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

using namespace aps;
using namespace aps::test;
using namespace std::chrono_literals;

namespace {

struct nobody final : visitor {
  void on_head(const response_head_ptr&) override {}
  void on_data(slice) override {}
  void on_end(const header_list&) override {}
  void on_failed(outcome, const std::string&) override {}
  void on_writable() override {}
};

struct fixture {
  explicit fixture(uint32_t keep = 4, bool log_requests = false) {
    auto made = std::make_shared<node_context>();
    config::node config;
    config.admin.emplace().keep_exchanges = keep;
    config.log.requests = log_requests;
    made->use(config);
    made->units = std::make_shared<unit_contexts>(*system, net);
    made->monitor = monitor = spawn_note_taker(*system, notes);
    context = made;
    auto general = std::make_shared<spdlog::logger>(
      "aps", std::make_shared<spdlog::sinks::ostream_sink_st>(log));
    general->set_pattern("%v");
    recorders = std::make_shared<exchange_recorders>(
      *system, context, log_set{std::move(general)}, net);
  }

  ~fixture() {
    live.clear();
    compat::stop_anonymously(monitor);
    monitor = nullptr;
    run();
  }

  void run() { system.run(net.here); }

  /// Begins an exchange; the position of it in `live`.
  size_t begin() {
    auto head = std::make_shared<request_head>();
    head->method = "GET";
    exchange_facts facts{"192.0.2.1", "id", std::make_shared<route>(),
                         "http",      "h",  "/p"};
    const auto id = live.size() + 1;
    live.push_back(std::make_shared<exchange>(net.here, id, head, facts,
                                              std::make_shared<nobody>()));
    net.here.run_inside([&] { here().begin(*live.back()); });
    net.here.advance(1s);
    run();
    return id - 1;
  }

  void end(size_t which, outcome why = outcome::no_endpoint) {
    net.here.run_inside([&] { live[which]->fail(why, "as told"); });
    net.here.advance(1s);
    run();
  }

  void keep_own(std::string_view path, outcome why = outcome::no_mapping,
                tls_facts_ptr tls = nullptr) {
    own_answer answer;
    answer.tls = std::move(tls);
    answer.result = why;
    answer.status = 404;
    answer.peer = "192.0.2.9";
    answer.method = "GET";
    answer.host = "h";
    answer.path = path;
    net.here.run_inside([&] { here().keep(answer, 99); });
    net.here.advance(1s);
    run();
  }

  record_list collect() {
    record_list out;
    recorders->collect([&](record_list all) { out = std::move(all); });
    run();
    return out;
  }

  /// Ids of the records, in their order.
  std::vector<exchange_id> ended() {
    std::vector<exchange_id> out;
    for (const auto& record : collect().ended)
      out.push_back(record->id);
    return out;
  }

  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const auto& event : *notes)
      out.push_back(to_string(event.kind));
    notes->clear();
    return out;
  }

  unit_recorder& here() { return recorders->of(net.here); }

  one_unit net;
  script_system system;
  event_notes notes = std::make_shared<std::vector<event>>();
  monitor_actor monitor;
  node_context_ptr context;
  std::ostringstream log;
  std::shared_ptr<exchange_recorders> recorders;
  std::vector<exchange_ptr> live;
};

using ids = std::vector<exchange_id>;
using texts = std::vector<std::string>;

} // namespace

CAF_TEST_FIXTURE_SCOPE(recorder_tests, fixture)

CAF_TEST(what is live is found until it ends whatever ends first) {
  for (int i = 0; i < 3; ++i)
    begin();
  end(0); // the last one takes its place
  const auto now = collect();
  CAF_REQUIRE_EQUAL(now.live.size(), 2u);
  CAF_CHECK_EQUAL(now.live[0]->id, 3u); // newest first
  CAF_CHECK_EQUAL(now.live[1]->id, 2u);
  CAF_CHECK(!now.live[0]->over);
  end(2);
  end(1);
  CAF_CHECK(collect().live.empty());
  CAF_CHECK_EQUAL(ended(), (ids{2, 3, 1}));
}

CAF_TEST(the last that ended are kept and no more) {
  for (int i = 0; i < 7; ++i)
    end(begin());
  CAF_CHECK_EQUAL(ended(), (ids{7, 6, 5, 4}));
}

CAF_TEST(own answers have a quarter of the room) {
  CAF_CHECK_EQUAL(share_of_own_answers(0), 0u);
  CAF_CHECK_EQUAL(share_of_own_answers(1), 1u);
  CAF_CHECK_EQUAL(share_of_own_answers(4), 1u);
  CAF_CHECK_EQUAL(share_of_own_answers(5), 2u);
  for (int i = 0; i < 3; ++i)
    end(begin());
  for (int i = 0; i < 9; ++i)
    keep_own("/x");
  CAF_CHECK_EQUAL(ended(), (ids{99, 3, 2, 1}));
}

CAF_TEST(every exchange is counted once) {
  begin();
  end(begin());
  end(begin());
  keep_own("/x");
  keep_own("/ok", outcome::ok);
  const auto sums = recorders->totals();
  CAF_CHECK_EQUAL(sums.started, 5u);
  CAF_CHECK_EQUAL(sums.failed, 3u);
  CAF_CHECK_EQUAL(sums.finished, 1u);
  CAF_CHECK_EQUAL(sums.live(), 1u);
}

CAF_TEST(failures are told and the rest to who watches) {
  end(begin());
  CAF_CHECK_EQUAL(told(), texts{"exchange-failed"});
  *context->request_watch = true;
  end(begin());
  CAF_CHECK_EQUAL(told(), (texts{"exchange-started", "exchange-failed"}));
  keep_own("/ok", outcome::ok);
  CAF_CHECK_EQUAL(told(), texts{});
}

CAF_TEST(a failure says what it was about) {
  end(begin());
  CAF_REQUIRE_EQUAL(notes->size(), 1u);
  const auto failed = notes->front();
  CAF_CHECK_EQUAL(failed.request_id, "id");
  CAF_CHECK_EQUAL(failed.reason, "no-endpoint");
  CAF_CHECK_EQUAL(failed.detail, "as told");
  CAF_CHECK_EQUAL(failed.number, 503u);
  CAF_CHECK_EQUAL(failed.peer, ""); // no stranger's fault
  notes->clear();
  keep_own("/x");
  CAF_REQUIRE_EQUAL(notes->size(), 1u);
  CAF_CHECK_EQUAL(notes->front().peer, "192.0.2.9");
  CAF_CHECK(notes->front().detail.starts_with("GET http://h/x: "));
}

CAF_TEST(a closed recorder counts and tells nobody) {
  const auto open = begin();
  here().close();
  end(open);
  keep_own("/x");
  CAF_CHECK_EQUAL(told(), texts{});
  CAF_CHECK_EQUAL(recorders->totals().failed, 2u);
}

CAF_TEST(memory of a record is used again but not under a reader) {
  for (int i = 0; i < 4; ++i)
    end(begin());
  const void* const first = collect().ended.back().get();
  end(begin()); // pushes it out
  end(begin());
  CAF_CHECK(collect().ended.front().get() == first);
  // As long as somebody has a list, what it shows stays as it is.
  const auto all = collect();
  const auto shown = ended();
  for (int i = 0; i < 9; ++i)
    end(begin());
  ids still;
  for (const auto& record : all.ended)
    still.push_back(record->id);
  CAF_CHECK_EQUAL(still, shown);
}

CAF_TEST(a line of the log has what TLS agreed on) {
  const auto line_with = [](const tls_facts& facts) {
    fixture uut{4, true};
    uut.keep_own("/x", outcome::no_mapping,
                 std::make_shared<const tls_facts>(facts));
    return uut.log.str();
  };
  auto facts = tls_facts{};
  facts.version = "TLSv1.3";
  facts.cipher = "TLS_AES_128_GCM_SHA256";
  const auto bare = line_with(facts);
  CAF_MESSAGE(bare);
  CAF_CHECK(bare.find(" tls=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256\n")
            != bare.npos);
  facts.server_name = "a.example";
  facts.subject = "/CN=x status=200";
  const auto whole = line_with(facts);
  CAF_MESSAGE(whole);
  CAF_CHECK(whole.find(" server_name=\"a.example\" client=\"/CN=x "
                       "status=200\"\n")
            != whole.npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(without room nothing is kept and all is counted) {
  fixture uut{0};
  uut.end(uut.begin());
  uut.keep_own("/x");
  CAF_CHECK(uut.collect().ended.empty());
  CAF_CHECK_EQUAL(uut.recorders->totals().failed, 2u);
}

CAF_TEST(a line of the log has what happened and quotes what was asked) {
  fixture uut{4, true};
  uut.keep_own("/a b\"c");
  const auto line = uut.log.str();
  CAF_CHECK(line.find("visitor=192.0.2.9 GET \"http://h/a b\\\"c\"")
            != line.npos);
  CAF_CHECK(line.find(" status=404 outcome=no-mapping ") != line.npos);
  CAF_CHECK(line.find("acquired_ms") == line.npos);
  CAF_CHECK(line.find("tls=") == line.npos);
  fixture silent{4, false};
  silent.keep_own("/x");
  CAF_CHECK_EQUAL(silent.log.str(), "");
}
