#include "transports/tunnel/poll/poll_client_link.hpp"

#include "transports/net/sockets/sockets.hpp"
#include "transports/net/tls/tls_session.hpp"
#include "transports/seam/tunnel_path.hpp"
#include "transports/tunnel/link_base.hpp"
#include "transports/tunnel/link_errors.hpp"
#include "transports/tunnel/poll/poll_connection.hpp"
#include "transports/tunnel/poll/poll_wire.hpp"
#include "transports/wire/codec.hpp"

#include <algorithm>
#include <vector>

namespace aps {

using boost::system::error_code;
using tcp = boost::asio::ip::tcp;

namespace {

/// A connection on which nothing happens for so long is given up: while it is
/// made, while bytes should flow, and when an answer is due.
constexpr std::chrono::seconds answer_timeout{3};

/// What is written may still be on its way; slower networks are not served.
constexpr size_t slowest_bytes_per_second = 32 * 1024;

/// A request that failed is repeated at once on a fresh connection, then
/// after growing pauses, so many times in all. Then the link is lost.
constexpr unsigned max_failures = 5;
constexpr std::chrono::milliseconds first_pause{100};

/// A connection that was cut after waiting for so long was cut for waiting.
constexpr std::chrono::seconds patient_cut{2};

constexpr unsigned created = 201;
constexpr unsigned ok = 200;
constexpr unsigned not_found = 404;
constexpr size_t token_digits = 32;

bool is_token(std::string_view text) noexcept {
  return text.size() == token_digits
         && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// One of the two directions: a request that is under way until it succeeds,
/// and the connection that carries it.
struct lane {
  std::shared_ptr<poll_connection> over;
  bool busy = false;
  unsigned failures = 0; // in a row
  uint64_t progress = 0; // of `over` when it was looked at last
  time_point asked;      // when this attempt began
  time_point deadline;   // of this attempt, unless there is progress
  time_point retry_at = time_point::max();
  std::shared_ptr<void> keep; // the link, until then
};

/// Ownership, threads and errors are those of link_base. A batch stays in
/// flight until the node confirms it.
class poll_client_link final : public link_base {
 public:
  poll_client_link(io_unit& unit, const tcp::endpoint& node,
                   std::string authority, poll_route route, tls_facts_ptr first)
      : link_base(unit, transport_kind::poll, to_string(node), {},
                  std::move(first)),
        node_(node), authority_(std::move(authority)),
        route_(std::move(route)) {}

  void open(stream_ptr stream, poll_result done) {
    opened_ = std::move(done);
    down_.over
      = std::make_shared<poll_connection>(io(), std::move(stream), node_);
    down_.over->request(poll_request_head(poll_path, authority_,
                                          {{std::string{poll_protocol_field},
                                            std::string{tunnel_subprotocol}}},
                                          0),
                        {},
                        [me = self<poll_client_link>()](
                          const error_code& error, const poll_reply& reply) {
                          me->on_opened(error, reply);
                        });
  }

 private:
  // -- opening ---------------------------------------------------------------

  void on_opened(const error_code& error, const poll_reply& reply) {
    if (error)
      return not_opened(classify_socket_error(error), error.message());
    if (reply.close)
      return not_opened(code_of(reply), "the node has no room");
    if (reply.status != created || !is_token(reply.token))
      return not_opened(link_error::refused, "the peer answered with status "
                                               + std::to_string(reply.status));
    token_ = reply.token;
    watch_ticks();
    std::exchange(opened_, nullptr)(shared_from_this(), link_error::none, {});
  }

  void not_opened(link_error why, const std::string& detail) {
    ended(why, detail);
    const auto done = std::exchange(opened_, nullptr);
    do_abort();
    if (done)
      done(nullptr, why, detail);
  }

  // -- link_base -------------------------------------------------------------

  void do_start() override { ask(); }

  void do_write(const frame_batch& frames) override {
    parts_ = encoder_.encode(frames);
    encoder_.clear();
    count_out(encoder_.size());
    ++sent_;
    begin(up_);
  }

  void do_close(close_reason why, const std::string& detail) override {
    close_code_ = close_code_of(why);
    parts_.clear();
    if (!detail.empty())
      parts_.push_back(slice::copy(detail.substr(0, max_close_detail)));
    begin(up_);
  }

  void do_abort() override {
    say_goodbye();
    const auto self = shared_from_this();
    for (auto* which : {&down_, &up_}) {
      which->keep = nullptr;
      if (const auto over = std::exchange(which->over, nullptr))
        over->close();
    }
    parts_.clear();
    if (const auto done = std::exchange(opened_, nullptr))
      done(nullptr, link_error::lost, "aborted");
  }

  void do_tick(time_point now) override {
    for (auto* which : {&down_, &up_}) {
      if (!alive() || !which->busy)
        continue;
      if (which->retry_at <= now)
        transmit(*which);
      else if (which->over)
        watch(*which, now);
    }
  }

  // -- requests --------------------------------------------------------------

  void ask() { begin(down_); }

  void begin(lane& which) {
    which.busy = true;
    transmit(which);
  }

  void transmit(lane& which) {
    if (!which.over)
      which.over = std::make_shared<poll_connection>(io(), node_, route_);
    which.asked = io().now();
    which.retry_at = time_point::max();
    which.progress = which.over->progress();
    which.deadline = which.asked + patience(which);
    auto body = &which == &up_ ? parts_ : std::vector<slice>{};
    auto head = head_of(which, size_of(body));
    which.over->request(std::move(head), std::move(body),
                        [me = self<poll_client_link>(),
                         &which](const error_code& error, poll_reply reply) {
                          me->on_reply(which, error, std::move(reply));
                        });
    which.keep = nullptr; // the handler does that now
  }

  std::string head_of(const lane& which, size_t body_bytes) const {
    if (&which == &down_)
      return head_of(poll_down_path,
                     poll_number(poll_received_field, received_),
                     poll_number(poll_hold_field, hold_ms()), 0);
    if (close_code_ != 0)
      return head_of(poll_close_path,
                     poll_number(poll_close_field, close_code_), {},
                     body_bytes);
    return head_of(poll_up_path, poll_number(poll_batch_field, sent_), {},
                   body_bytes);
  }

  std::string head_of(std::string_view path, header first, header second,
                      size_t body_bytes) const {
    header_list fields{{std::string{poll_token_field}, token_},
                       std::move(first)};
    if (!second.name.empty())
      fields.push_back(std::move(second));
    return poll_request_head(path, authority_, fields, body_bytes);
  }

  uint64_t hold_ms() const {
    using std::chrono::milliseconds;
    return static_cast<uint64_t>(
      std::chrono::duration_cast<milliseconds>(hold_).count());
  }

  static size_t size_of(const std::vector<slice>& parts) {
    size_t sum = 0;
    for (const auto& part : parts)
      sum += part.size();
    return sum;
  }

  // -- deadlines -------------------------------------------------------------

  duration patience(const lane& which) const {
    if (!which.over->connected())
      return answer_timeout;
    if (&which == &down_)
      return which.over->answering() ? duration{answer_timeout}
                                     : hold_ + answer_timeout;
    return answer_timeout
           + std::chrono::seconds(size_of(parts_) / slowest_bytes_per_second);
  }

  void watch(lane& which, time_point now) {
    if (const auto seen = which.over->progress(); seen != which.progress) {
      which.progress = seen;
      which.deadline = now + patience(which);
    } else if (now >= which.deadline) {
      failed(which, link_error::timed_out, "the node does not answer");
    }
  }

  // -- answers ---------------------------------------------------------------

  void on_reply(lane& which, const error_code& error, poll_reply reply) {
    if (!alive())
      return;
    if (error)
      return failed(which, classify_socket_error(error), error.message());
    if (reply.close)
      return closed_by_node(which, reply);
    if (close_code_ != 0 && &which == &up_)
      return closed();
    if (reply.status == poll_gone || reply.status == not_found)
      return lost(link_error::lost, "the node does not know the link any more");
    // Something on the way may answer, too; it does not know our fields.
    if (reply.status != ok || !reply.received)
      return failed(which, link_error::lost,
                    "answered with status " + std::to_string(reply.status));
    which.failures = 0;
    which.busy = false;
    if (!which.over->reusable())
      std::exchange(which.over, nullptr)->close();
    if (&which == &up_)
      on_confirmed(reply);
    else
      on_asked(std::move(reply));
  }

  void on_confirmed(const poll_reply& reply) {
    if (*reply.received != sent_)
      return violation("the node confirmed another batch");
    parts_.clear();
    wrote();
  }

  void on_asked(poll_reply reply) {
    if (!reply.batch) {
      // Both connections shall be used now and then, so that nothing on the
      // way takes one for dead.
      if (!up_.busy)
        std::swap(up_.over, down_.over);
      return ask();
    }
    // A late repetition of what we have already.
    if (*reply.batch <= received_)
      return ask();
    if (*reply.batch != received_ + 1)
      return violation("a batch is missing");
    const auto size = reply.body.size();
    const auto capacity = reply.body.capacity();
    frame_batch frames;
    const auto fault
      = decode(slice::adopt(std::move(reply.body)), capacity, frames);
    if (fault != codec_error::none)
      return violation(render(fault), link_error_of(fault));
    ++received_;
    ask();
    received(std::move(frames), size);
  }

  // -- endings ---------------------------------------------------------------

  /// This attempt came to nothing; the request itself may have arrived.
  void failed(lane& which, link_error why, const std::string& detail) {
    if (const auto over = std::exchange(which.over, nullptr))
      over->close();
    const auto now = io().now();
    const auto waited = now - which.asked;
    if (&which == &down_ && waited >= patient_cut)
      hold_ = std::clamp<duration>(waited / 2, min_poll_hold, hold_);
    if (++which.failures == max_failures) {
      // Refused is who never was connected.
      return lost(why == link_error::refused ? link_error::lost : why, detail);
    }
    if (which.failures == 1)
      return transmit(which);
    auto pause = first_pause;
    for (unsigned i = 2; i < which.failures; ++i)
      pause *= 3;
    which.retry_at = now + pause;
    which.keep = shared_from_this();
  }

  void lost(link_error why, const std::string& detail) {
    ended(why, detail);
    do_abort();
  }

  void closed_by_node(lane& which, const poll_reply& reply) {
    which.busy = false; // free for the confirmation
    close_code_ = close_code_of(close_reason::normal);
    lost(code_of(reply), reply.body.substr(0, max_close_detail));
  }

  void closed() {
    said_goodbye_ = true;
    lost(link_error::none, "closed");
  }

  void violation(std::string_view text, link_error why = link_error::protocol) {
    close_code_ = close_code_of(close_reason::protocol);
    lost(why, std::string{text});
  }

  /// Tells the node at once that nobody will ask any more.
  void say_goodbye() {
    if (token_.empty() || std::exchange(said_goodbye_, true))
      return;
    auto& idle = down_.busy ? up_ : down_;
    auto over = idle.busy ? nullptr : std::exchange(idle.over, nullptr);
    if (!over || !over->reusable())
      over = std::make_shared<poll_connection>(io(), node_, route_);
    const auto code = close_code_ != 0 ? close_code_ : abnormal_closure;
    over->farewell(
      head_of(poll_close_path, poll_number(poll_close_field, code), {}, 0));
  }

  static link_error code_of(const poll_reply& reply) {
    const auto code = std::min<uint64_t>(*reply.close, UINT16_MAX);
    return classify_close_code(static_cast<uint16_t>(code));
  }

  const tcp::endpoint node_;
  const std::string authority_;
  const poll_route route_; // of connections that come after the first
  poll_result opened_;
  std::string token_;
  lane down_; // asks for the node's batches
  lane up_;   // brings ours
  batch_encoder encoder_;
  std::vector<slice> parts_; // of the batch in flight, or the closing's detail
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  uint16_t close_code_ = 0; // once we close
  bool said_goodbye_ = false;
  duration hold_ = poll_hold;
};

} // namespace

link_ptr open_poll(io_unit& unit, stream_ptr stream, std::string authority,
                   poll_route route, poll_result done) {
  auto result = std::make_shared<poll_client_link>(
    unit, stream->peer(), std::move(authority), std::move(route),
    tls_facts_of(*stream));
  result->open(std::move(stream), std::move(done));
  return result;
}

} // namespace aps
