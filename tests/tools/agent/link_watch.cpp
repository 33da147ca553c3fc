#define CAF_SUITE tools.link_watch

#include "tests/support/test.hpp"

#include "tools/agent/link_watch.hpp"
#include "tools/cli/cli.hpp"
#include "tools/host.hpp"

#include <csignal>

#include <unistd.h>

using namespace aps;

namespace {

using news = agent_report::news;

agent_report report(news kind, std::string text = {}) {
  agent_report out{};
  out.kind = kind;
  out.text = std::move(text);
  return out;
}

/// How it ends after these reports.
link_watch::end after(const link_wishes& wishes,
                      const std::vector<agent_report>& reports) {
  host::prepare_process();
  const link_watch watch{wishes, "a:1, b:2"};
  for (const auto& one : reports)
    watch.listener()(one);
  return watch.wait();
}

} // namespace

CAF_TEST(the loss of the last node ends an agent that lives once) {
  const auto end
    = after({.once = true}, {report(news::connected), report(news::lost)});
  CAF_CHECK_EQUAL(end.code, cli::exit_unconnected);
  CAF_CHECK_EQUAL(end.why, "the connection is lost (-once)");
}

CAF_TEST(an agent with another node goes on) {
  // What comes afterwards ends it.
  const auto end = after({.once = true, .exit_on_refusal = true},
                         {report(news::connected), report(news::connected),
                          report(news::lost), report(news::refused, "no")});
  CAF_CHECK_EQUAL(end.code, cli::exit_refused);
  CAF_CHECK_EQUAL(end.why, "no");
}

CAF_TEST(the first reason counts) {
  const auto end
    = after({.once = true, .exit_on_refusal = true},
            {report(news::refused, "first"), report(news::connected),
             report(news::lost), report(news::refused, "second")});
  CAF_CHECK_EQUAL(end.why, "first");
}

CAF_TEST(without a wish nothing but a signal ends it) {
  host::prepare_process();
  const link_watch watch{{}, "a:1"};
  for (const auto kind :
       {news::connected, news::lost, news::refused, news::failed})
    watch.listener()(report(kind, "trouble"));
  ::kill(::getpid(), SIGTERM);
  const auto end = watch.wait();
  CAF_CHECK_EQUAL(end.code, cli::exit_ok);
  CAF_CHECK_EQUAL(end.why, "SIGTERM");
}

CAF_TEST(an agent that never connects ends when its time is over) {
  const auto end = after({.wait = 0.01}, {report(news::failed, "refused port"),
                                          report(news::refused, "password")});
  CAF_CHECK_EQUAL(end.code, cli::exit_unconnected);
  CAF_CHECK_EQUAL(end.why, "not connected within 10 ms (-wait): password");
  CAF_CHECK_EQUAL(after({.wait = 0.001}, {}).why,
                  "not connected within 1 ms (-wait): no answer from a:1, b:2");
}

CAF_TEST(an agent may say more than there is somebody to hear it) {
  host::prepare_process();
  std::function<void(const agent_report&)> listener;
  {
    const link_watch watch{{.once = true}, "a:1"};
    listener = watch.listener();
  }
  listener(report(news::connected));
  listener(report(news::lost));
  CAF_CHECK_EQUAL(host::wait_for_stop(), ""); // it woke whoever waits
}
