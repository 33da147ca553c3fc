#include "transports/http2/h2_session.hpp"

#include "transports/http2/h2_callbacks.hpp"
#include "transports/http2/h2_fields.hpp"
#include "transports/seam/wire_bounds.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>

namespace aps {

namespace {

/// So much is looked at at once until it is known who speaks.
constexpr size_t early_piece = 4096;

/// Every peer takes frames of this size, and sends none larger unless told so
/// (RFC 9113, 6.5.2).
constexpr size_t least_frame = 16384;

/// A header block of ours may be longer than the fields of any head that the
/// tunnel carries; nghttp2's own limit is less than most of them.
constexpr size_t max_sent_block = 4 * max_head_bytes;

/// Frame header and payload of a GOAWAY without a reason (RFC 9113, 6.8).
std::string go_away_frame(uint32_t last_stream, uint32_t code) {
  std::string out{"\0\0\x08\x07\0\0\0\0\0", 9};
  for (const uint32_t word : {last_stream, code})
    for (int shift = 24; shift >= 0; shift -= 8)
      out += static_cast<char>(word >> shift);
  return out;
}

struct option_deleter {
  void operator()(nghttp2_option* options) const noexcept {
    nghttp2_option_del(options);
  }
};
using option_ptr = std::unique_ptr<nghttp2_option, option_deleter>;

option_ptr make_options(const h2_profile& profile) {
  nghttp2_option* made = nullptr;
  if (nghttp2_option_new(&made) != 0)
    throw std::bad_alloc{};
  option_ptr out{made};
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_outbound_ack(made, 64);
  nghttp2_option_set_max_settings(made, 16);
  // As many as the longest block needs; others are counted by their bytes.
  nghttp2_option_set_max_continuations(made,
                                       8 + profile.header_bytes / least_frame);
  nghttp2_option_set_max_send_header_block_length(made, max_sent_block);
  nghttp2_option_set_stream_reset_rate_limit(made, profile.resets,
                                             profile.resets_per_second);
  return out;
}

} // namespace

h2_session::h2_session(const h2_settings& settings, h2_acceptor& acceptor)
    : h2_session(settings, &acceptor) {}

h2_session::h2_session(const h2_settings& settings)
    : h2_session(settings, nullptr) {}

h2_session::h2_session(const h2_settings& settings, h2_acceptor* acceptor)
    : acceptor_(acceptor), counts_(settings.profile),
      max_frame_(settings.max_frame) {
  const auto options = make_options(settings.profile);
  const auto make = acceptor ? nghttp2_session_server_new2
                             : nghttp2_session_client_new2;
  if (make(&session_, callbacks::table(), this, options.get()) != 0)
    throw std::bad_alloc{};
  begin(settings);
}

void h2_session::begin(const h2_settings& settings) {
  std::vector<nghttp2_settings_entry> entries{
    {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
    {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, settings.max_frame},
    {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.profile.header_bytes}};
  if (acceptor_)
    entries.push_back(
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.profile.streams});
  else
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  if (settings.connect_protocol)
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(),
                          entries.size());
  nghttp2_session_set_local_window_size(
    session_, NGHTTP2_FLAG_NONE, 0,
    static_cast<int32_t>(settings.connection_window));
}

h2_session::~h2_session() {
  nghttp2_session_del(session_);
}

// -- bytes -------------------------------------------------------------------

bool h2_session::receive(const slice& bytes, size_t retained, time_point now) {
  assert(!input_);
  if (broken_)
    return false;
  now_ = now;
  input_ = &bytes;
  retained_ = retained;
  ssize_t taken = 0;
  for (auto rest = bytes.view(); !rest.empty() && taken >= 0;) {
    // In pieces until it is known who speaks, so that what comes right behind
    // the first head is judged by what that says.
    const auto piece
      = rest.substr(0, counts_.is_admitted() ? rest.npos : early_piece);
    rest.remove_prefix(piece.size());
    taken = judge(counts_.on_bytes(piece.size()))
              ? nghttp2_session_mem_recv(
                session_, reinterpret_cast<const uint8_t*>(piece.data()),
                piece.size())
              : ssize_t{NGHTTP2_ERR_CALLBACK_FAILURE};
  }
  input_ = nullptr;
  rethrow();
  if (taken >= 0)
    return true;
  broken_ = true;
  if (fault_.empty())
    fault_ = nghttp2_strerror(static_cast<int>(taken));
  if (farewell_.empty())
    farewell_ = go_away_frame(0, h2_code::protocol_error);
  return false;
}

bool h2_session::produce(output_queue& out) {
  out.text().append(std::exchange(farewell_, {}));
  if (broken_)
    return true;
  output_ = &out;
  ssize_t size = 0;
  do {
    const uint8_t* bytes = nullptr;
    size = nghttp2_session_mem_send(session_, &bytes);
    if (size > 0)
      out.text().append(reinterpret_cast<const char*>(bytes),
                        static_cast<size_t>(size));
  } while (size > 0 && out.size() <= max_produced);
  output_ = nullptr;
  rethrow();
  if (size >= 0)
    return true;
  broken_ = true;
  out.text().append(std::exchange(farewell_, {}));
  if (fault_.empty())
    fault_ = nghttp2_strerror(static_cast<int>(size));
  return false;
}

void h2_session::sent() {
  std::swap(flying_, produced_);
  for (const auto& portion : flying_)
    if (const auto* found = find(portion.stream))
      if (const auto owner = found->owner)
        owner->on_sent(portion.bytes);
  flying_.clear();
}

bool h2_session::is_done() const noexcept {
  return broken_
         || (nghttp2_session_want_read(session_) == 0
             && nghttp2_session_want_write(session_) == 0);
}

size_t h2_session::waiting_frames() const noexcept {
  return nghttp2_session_get_outbound_queue_size(session_);
}

bool h2_session::judge(h2_verdict verdict) {
  if (verdict == h2_verdict::ok)
    return true;
  broken_ = true;
  fault_ = render(verdict);
  farewell_ = go_away_frame(0, h2_code::enhance_your_calm);
  return false;
}

// After our GOAWAY new streams are ignored, and so is what belongs to them.
bool h2_session::is_in_order(uint8_t type, int32_t id) {
  const bool opens = acceptor_ && !leaving_ && type == NGHTTP2_HEADERS
                     && id % 2 == 1; // nghttp2 objects to others
  if (!opens || order_.admit(id, find(id) != nullptr))
    return true;
  broken_ = true;
  fault_ = "the peer broke HTTP/2: HEADERS of a stream that is over";
  farewell_ = go_away_frame(static_cast<uint32_t>(order_.highest()),
                            h2_code::protocol_error);
  return false;
}

void h2_session::note_rest(int32_t id) {
  order_.on_rest(id);
  const auto window
    = nghttp2_session_get_stream_effective_local_window_size(session_, id);
  counts_.on_rest(
    static_cast<uint32_t>(window > 0 ? window : int32_t{1} << 16));
}

void h2_session::rethrow() {
  if (!thrown_)
    return;
  broken_ = true;
  std::rethrow_exception(std::exchange(thrown_, nullptr));
}

// -- streams -----------------------------------------------------------------

h2_session::stream* h2_session::find(int32_t id) const noexcept {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

h2_session::stream& h2_session::add(int32_t id, h2_stream_owner_ptr owner) {
  auto fresh = std::make_unique<stream>();
  fresh->id = id;
  fresh->owner = std::move(owner);
  return *(streams_[id] = std::move(fresh));
}

int32_t h2_session::open(const header_list& head, bool last,
                         h2_stream_owner_ptr owner) {
  assert(!acceptor_);
  if (broken_ || nghttp2_session_check_request_allowed(session_) == 0)
    return 0;
  const auto id = static_cast<int32_t>(
    nghttp2_session_get_next_stream_id(session_));
  auto& fresh = add(id, std::move(owner));
  fresh.finished = last;
  nghttp2_data_provider body{};
  body.source.ptr = &fresh;
  body.read_callback = callbacks::read_body;
  const auto fields = to_nghttp2(head);
  const auto got
    = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                             last ? nullptr : &body, nullptr);
  if (got == id)
    return id;
  streams_.erase(id);
  return 0;
}

bool h2_session::has_room() const noexcept {
  return !broken_ && nghttp2_session_check_request_allowed(session_) != 0
         && streams_.size() < nghttp2_session_get_remote_settings(
              session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void h2_session::ping() {
  if (!broken_)
    nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void h2_session::respond(int32_t id, const header_list& head, bool last) {
  auto* found = find(id);
  if (!found || found->given_up || broken_)
    return;
  nghttp2_data_provider body{};
  body.source.ptr = found;
  body.read_callback = callbacks::read_body;
  const auto fields = to_nghttp2(head);
  need(id, nghttp2_submit_response(session_, id, fields.data(), fields.size(),
                                   last ? nullptr : &body));
}

void h2_session::interim(int32_t id, const header_list& head) {
  const auto* found = find(id);
  if (!found || found->given_up || broken_)
    return;
  const auto fields = to_nghttp2(head);
  need(id, nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr,
                                  fields.data(), fields.size(), nullptr));
}

// What cannot be said ends the stream; nobody may wait for it.
void h2_session::need(int32_t id, int result) {
  if (result != 0)
    reset(id, h2_code::internal_error);
}

void h2_session::widen(int32_t id, uint32_t window) {
  if (!broken_)
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, id,
                                          static_cast<int32_t>(window));
}

void h2_session::write(int32_t id, slice bytes) {
  auto* found = find(id);
  if (!found || found->given_up || bytes.empty())
    return;
  assert(!found->finished);
  found->waiting += bytes.size();
  found->body.push_back(std::move(bytes));
  resume(*found);
}

void h2_session::finish(int32_t id, header_list trailers) {
  auto* found = find(id);
  if (!found || found->finished)
    return;
  found->finished = true;
  found->trailers = std::move(trailers);
  resume(*found);
}

void h2_session::resume(stream& of) {
  if (std::exchange(of.deferred, false))
    nghttp2_session_resume_data(session_, of.id);
}

void h2_session::reset(int32_t id, uint32_t code) {
  auto* found = find(id);
  if (!found || broken_ || std::exchange(found->given_up, true))
    return;
  // It may take a while until the peer hears of it, and longer than it lives.
  found->body.clear();
  found->waiting = 0;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
}

bool h2_session::has_credit(int32_t id) const noexcept {
  return !broken_ && nghttp2_session_get_local_window_size(session_) > 0
         && nghttp2_session_get_stream_local_window_size(session_, id) > 0;
}

void h2_session::consume(int32_t id, size_t bytes) {
  auto* found = find(id);
  if (!found || broken_)
    return;
  assert(bytes <= found->unconsumed);
  found->unconsumed -= bytes;
  nghttp2_session_consume(session_, id, bytes);
}

size_t h2_session::waiting(int32_t id) const {
  const auto* found = find(id);
  return found ? found->waiting : 0;
}

// -- the connection's end ----------------------------------------------------

void h2_session::go_away() {
  if (broken_)
    return;
  leaving_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_),
                        h2_code::no_error, nullptr, 0);
}

std::optional<bool> h2_session::takes_sockets() const noexcept {
  if (!settings_came_ || broken_)
    return std::nullopt;
  return nghttp2_session_get_remote_settings(
           session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL)
         == 1;
}

bool h2_session::await_settings(std::function<void()> told) {
  const bool some = !settings_came_ && !broken_;
  if (some)
    await_settings_.push_back(std::move(told));
  return some;
}

void h2_session::tell_settings() {
  for (const auto& told : std::exchange(await_settings_, {}))
    told();
}

void h2_session::terminate(uint32_t code) {
  if (broken_)
    return;
  terminated_ = leaving_ = true;
  nghttp2_session_terminate_session2(session_, 0, code);
}

void h2_session::lose(const h2_ending& ending) {
  broken_ = true;
  // Owners may ask for other streams meanwhile: those are gone by then.
  const auto all = std::move(streams_);
  streams_.clear();
  for (const auto& [id, ended] : all)
    if (ended->owner)
      ended->owner->on_over(ending);
  tell_settings();
}

} // namespace aps
