#include "actors/admin/resources/event_stream.hpp"

#include "actors/admin/event_id.hpp"
#include "actors/admin/router.hpp"
#include "actors/watch/event_text.hpp"

namespace aps::admin {

using nlohmann::json;

namespace {

constexpr auto heartbeat = std::chrono::seconds(10);
constexpr size_t max_streams = 64;
constexpr size_t max_streams_per_address = 16;

// Above what the monitor remembers, so that a whole replay fits.
constexpr uint32_t credit = 2048;

std::string beginning(const std::string& node, uint64_t serial,
                      std::string_view kind) {
  std::string out;
  if (serial > 0)
    out = "id: " + event_id(node, serial) + "\n";
  return out + "event: " + std::string(kind) + "\ndata: ";
}

std::string message(const std::string& node, uint64_t serial,
                    std::string_view kind, const json& data) {
  return beginning(node, serial, kind) + on_a_line(data) + "\n\n";
}

// What the parameter `kind` says.
kind_set read_kinds(std::string_view text) {
  kind_set out = 0;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word == "all")
      out |= all_kinds;
    else if (const auto kind = event_kind_named(word))
      out |= set_of(*kind);
  }
  return out == 0 ? life_cycle_kinds : out;
}

} // namespace

// -- the writer ---------------------------------------------------------------

event_writer::event_writer(served_exchange_ptr to,
                           std::shared_ptr<unit_contexts> units)
    : unit_(to->unit()), to_(std::move(to)), units_(std::move(units)),
      use_(units_->use()) {}

void event_writer::start() {
  auto head = std::make_shared<response_head>();
  head->reason = "OK";
  head->headers = {{"Content-Type", "text/event-stream"},
                   {"Cache-Control", "no-store"},
                   {"X-Accel-Buffering", "no"}};
  head->last = to_->head()->method == "HEAD";
  to_->send_head(head);
}

void event_writer::write(std::string text, uint32_t events) {
  unit_.post(
    [self = shared_from_this(), text = std::move(text), events]() mutable {
      if (!self->to_)
        return;
      self->queue_.push_back({std::move(text), events});
      self->pump();
    });
}

void event_writer::pump() {
  uint32_t sent = 0;
  while (to_ && !queue_.empty()) {
    auto& next = queue_.front();
    const auto size = std::min(to_->room(), next.text.size());
    if (size == 0)
      break;
    to_->send_body(slice::copy(std::string_view{next.text}.substr(0, size)));
    next.text.erase(0, size);
    if (!next.text.empty())
      break;
    sent += next.events;
    queue_.pop_front();
  }
  if (sent > 0)
    compat::enqueue(units_->of(unit_).get(), actor_, acknowledge{sent});
}

void event_writer::finish() {
  unit_.post([self = shared_from_this()] {
    if (const auto to = std::exchange(self->to_, nullptr))
      to->send_end({});
    self->actor_ = nullptr;
    self->use_ = nullptr;
  });
}

void event_writer::on_cancelled() {
  to_ = nullptr;
  queue_.clear();
  compat::stop_anonymously(actor_);
  actor_ = nullptr;
  use_ = nullptr;
}

// -- the actor ----------------------------------------------------------------

namespace {

struct stream_state {
  call from;
  stream_request request;
  std::shared_ptr<event_writer> writer;
  bool snapshot_sent = false;
  std::deque<std::pair<std::string, uint32_t>> early; ///< before the snapshot
};

void write(stream_state& state, std::string text, uint32_t events) {
  if (state.snapshot_sent)
    state.writer->write(std::move(text), events);
  else
    state.early.emplace_back(std::move(text), events);
}

// Its parts go out as they are made; a line ends where none may, so that the
// message stays one.
void send_snapshot(caf::event_based_actor* self,
                   const std::shared_ptr<stream_state>& state,
                   std::shared_ptr<long_text> rest) {
  std::string text;
  rest->step(text);
  std::erase(text, '\n');
  if (rest->more()) {
    state->writer->write(std::move(text), 0);
    state->from.served()->unit().post([self = caf::strong_actor_ptr{
                                         self->ctrl()},
                                       actor = self, state, rest] {
      compat::run_on(self, caf::make_action([actor, state, rest] {
                       send_snapshot(actor, state, rest);
                     }));
    });
    return;
  }
  state->writer->write(text + "\n\n", 0);
  state->snapshot_sent = true;
  for (auto& [early, events] : std::exchange(state->early, {}))
    state->writer->write(std::move(early), events);
}

// Without `now` it has no tunnels.
void begin_snapshot(caf::event_based_actor* self,
                    const std::shared_ptr<stream_state>& state,
                    uint64_t serial, const node_snapshot_ptr& now) {
  const auto& context = state->from.known();
  const json body{{"serial", serial},
                  {"node", show_node(context)},
                  {"exchanges", show_totals(context.recorders->totals())}};
  // The replay begins before it: then its id must not move the reader on.
  const auto id = state->request.after ? 0 : serial;
  state->writer->write(beginning(context.node->node_id, id, "snapshot"), 0);
  auto rest = std::make_shared<long_text>();
  if (now) {
    rest->text(opened(body) + "\"tunnels\":[");
    add_tunnels(*rest, context, now);
    rest->text("]}");
  } else {
    rest->text(on_a_line(body));
  }
  send_snapshot(self, state, std::move(rest));
}

void beat(caf::event_based_actor* self, std::shared_ptr<stream_state> state) {
  compat::run_delayed(self, heartbeat, [self, state] {
    write(*state, ": heartbeat\n\n", 0);
    beat(self, state);
  });
}

} // namespace

caf::behavior event_stream(caf::event_based_actor* self, call from,
                           stream_request request,
                           std::shared_ptr<event_writer> writer, hold share) {
  const auto& context = from.known();
  const auto monitor = context.node->monitor;
  auto state = std::make_shared<stream_state>(
    stream_state{from, request, std::move(writer), false, {}});
  self->attach_functor([writer = state->writer, share = std::move(share)] {
    writer->finish();
  });
  compat::on_down(self, [self](const caf::down_msg&) { self->quit(); });
  compat::monitor(self, monitor);
  compat::send(self, monitor, subscribe{request.filter, credit, request.after});
  beat(self, state);
  const auto node = context.node->node_id;
  return {
    [=](const monitor_snapshot& start) {
      if (!state->request.with_tunnels)
        return begin_snapshot(self, state, start.serial, nullptr);
      compat::request(
        self, state->from.known().supervisor, std::chrono::seconds(10),
        get_snapshot{},
        [=, serial = start.serial](node_snapshot& now) {
          begin_snapshot(
            self, state, serial,
            std::make_shared<const node_snapshot>(std::move(now)));
        },
        [self](const caf::error&) { self->quit(); });
    },
    [=](const event& one) {
      write(*state, message(node, one.serial, "event", show(one)), 1);
    },
    [=](const missed& some) {
      write(*state, message(node, 0, "missed", {{"count", some.count}}), 0);
    },
    [=](const acknowledge& taken) { compat::send(self, monitor, taken); },
  };
}

void get_events(const call& call) {
  const auto& context = call.known();
  const auto kinds = read_kinds(call.parameter("kind").value_or(""));
  // A browser that connects for the first time cannot set the header.
  const auto header = call.header("last-event-id");
  const auto last = header.empty()
                      ? call.parameter("last_event_id").value_or("")
                      : std::string(header);
  const stream_request wanted{{kinds, call.parameter("tunnel").value_or("")},
                              read_event_id(last, context.node->node_id),
                              call.parameter("tunnels") != "0"};
  const auto& address = call.facts().visitor_address;
  auto share = context.streams->take(address);
  const auto own = context.streams->of(address) > max_streams_per_address;
  if (own || context.streams->total() > max_streams) {
    call.note_limit(limit::event_streams, own ? "of one address" : "of all");
    return call.answer(own ? 429 : 503,
                       {{"error", own ? "too many event streams of your address"
                                      : "too many event streams"}},
                       {{"Retry-After", "5"}});
  }
  const auto served = call.served();
  served->unit().post([call, served, wanted, share = std::move(share)] {
    const auto& context = call.known();
    auto writer = std::make_shared<event_writer>(served, context.node->units);
    served->set_origin(writer);
    writer->start();
    if (served->head()->method == "HEAD")
      return writer->finish();
    writer->set_actor(
      context.system.spawn(event_stream, call, wanted, writer, share));
  });
}

} // namespace aps::admin
