#include "transports/http/parser.hpp"

#include "transports/http/fields.hpp"
#include "transports/http/head_repair.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <limits>
#include <string>

namespace aps {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;

namespace {

// Longest line of a chunk's size and extensions.
constexpr size_t max_chunk_line = 4 * 1024;

// Empty lines before a status line: the end of a body that was one longer
// than its length.
constexpr size_t max_leading_bytes = 16;

// Lengths beyond are no lengths; others read them as negative numbers.
constexpr uint64_t max_length = std::numeric_limits<int64_t>::max();

} // namespace

std::string_view render(parse_fault fault) noexcept {
  switch (fault) {
    case parse_fault::none:
      return "no fault";
    case parse_fault::malformed:
      return "the message is not valid HTTP/1.1";
    case parse_fault::unsupported_coding:
      return "the only transfer coding understood is chunked";
    case parse_fault::header_too_large:
      return "the header section is too large";
    case parse_fault::body_too_large:
      return "the body is too large";
    case parse_fault::truncated:
      return "the connection ended inside the message";
  }
  return "unknown fault";
}

void message_head::clear() {
  method.clear();
  target.clear();
  status = 0;
  reason.clear();
  version = 11;
  headers.clear();
  has_body = chunked = until_close = keep_alive = upgrade = false;
  content_length.reset();
}

namespace {

// Digits, or the same digits several times in a list (RFC 9110, 8.6). Signs
// and blanks inside, empty elements and other bases are read in many ways.
bool is_length(std::string_view value) noexcept {
  const auto first = trimmed(value.substr(0, value.find(',')));
  for (;;) {
    const auto comma = value.find(',');
    const auto element = trimmed(value.substr(0, comma));
    if (element.empty() || element != first
        || !std::all_of(element.begin(), element.end(),
                        [](char c) { return c >= '0' && c <= '9'; }))
      return false;
    if (comma == value.npos)
      return true;
    value.remove_prefix(comma + 1);
  }
}

} // namespace

namespace {

// Whether some line of a head ends in a lone LF.
bool has_lone_lf(std::string_view bytes) noexcept {
  bytes = bytes.substr(0, bytes.find("\r\n\r\n"));
  for (auto at = bytes.find('\n'); at != bytes.npos;
       at = bytes.find('\n', at + 1))
    if (at == 0 || bytes[at - 1] != '\r')
      return true;
  return false;
}

// What Beast's parser did not like, in our words; short, for lines of the log.
// `chunked`: it had found a coding before.
std::string_view problem_of(const error_code& error, bool request,
                            bool chunked) noexcept {
  switch (static_cast<http::error>(error.value())) {
    case http::error::bad_method:
      return "it does not begin with a method and one blank";
    case http::error::bad_target:
      return "the target is empty or has a control character";
    case http::error::bad_version:
      return request ? "its first line does not end in HTTP/1.1 or HTTP/1.0"
                     : "it does not begin with HTTP/1.1 or HTTP/1.0";
    case http::error::bad_status: return "the status is not three digits";
    case http::error::bad_reason: return "the reason has a control character";
    case http::error::bad_line_ending: return "a line does not end in CR LF";
    case http::error::bad_field: return "a header name with what none may have";
    case http::error::bad_value:
      return "a header value with what none may have";
    case http::error::bad_content_length:
      return chunked ? "Content-Length beside Transfer-Encoding"
                     : "Content-Length is not one whole number";
    case http::error::multiple_content_length:
      return "two unequal Content-Lengths";
    case http::error::bad_transfer_encoding:
      return chunked ? "two Transfer-Encodings"
                     : "Transfer-Encoding beside Content-Length";
    case http::error::bad_chunk:
    case http::error::bad_chunk_extension:
      return "a chunk of the body is broken";
    default: return {};
  }
}

} // namespace

// -- the callbacks of Beast ---------------------------------------------------

template <bool IsRequest>
class message_parser<IsRequest>::machine final
    : public http::basic_parser<IsRequest> {
 public:
  using super = http::basic_parser<IsRequest>;

  explicit machine(message_parser& parent) : parent_(parent) { set_up(); }

  /// Beast's state of a fresh object, without a new allocation.
  void restart() {
    machine blank{parent_};
    super::operator=(static_cast<super&&>(blank));
    set_up();
  }

 private:
  void set_up() {
    this->body_limit(boost::none);
    this->header_limit(static_cast<uint32_t>(
      std::min<size_t>(parent_.limits_.header_bytes,
                       std::numeric_limits<uint32_t>::max())));
    this->eager(false);
  }

  // Any error stops Beast; the fault that `feed` reports is set apart.
  void stop(error_code& ec, parse_fault why, std::string_view problem = {}) {
    parent_.fail(why, problem);
    ec = http::error::bad_value;
  }
  void stop_malformed(error_code& ec, std::string_view problem) {
    stop(ec, parse_fault::malformed, problem);
  }

  void on_request_impl(http::verb, beast::string_view method,
                       beast::string_view target, int version,
                       error_code&) override {
    auto& head = parent_.head_;
    head.method.assign(method.data(), method.size());
    head.target.assign(target.data(), target.size());
    head.version = static_cast<unsigned>(version);
  }

  void on_response_impl(int code, beast::string_view reason, int version,
                        error_code& ec) override {
    auto& head = parent_.head_;
    head.status = static_cast<unsigned>(code);
    head.reason.assign(reason.data(), reason.size());
    head.version = static_cast<unsigned>(version);
    if (code < 100)
      stop_malformed(ec, "the status is below 100");
  }

  void on_field_impl(http::field id, beast::string_view name,
                     beast::string_view value, error_code& ec) override {
    if (folded(name, value))
      return stop_malformed(ec, "a header value goes over several lines");
    auto& to = parent_.head_done() ? parent_.trailers_ : parent_.head_.headers;
    if (parent_.head_.headers.size() + parent_.trailers_.size()
        >= parent_.limits_.headers)
      return stop(ec, parse_fault::header_too_large);
    if (!parent_.head_done())
      note(id, value, ec);
    if (!ec)
      to.push_back({std::string{name.data(), name.size()},
                    std::string{value.data(), value.size()}});
  }

  // What Beast 1.81 does not check of a field.
  void note(http::field id, beast::string_view value, error_code& ec) {
    switch (id) {
      case http::field::host:
        ++parent_.hosts_;
        break;
      case http::field::upgrade:
        parent_.found_.upgrade_field = true;
        break;
      case http::field::content_length:
        if (!is_length({value.data(), value.size()}))
          stop_malformed(ec, "Content-Length is not one whole number");
        break;
      case http::field::transfer_encoding:
        // A coding list ends in "chunked" or has no known end; HTTP/1.0 has
        // none at all (RFC 9112, 6.1).
        if (parent_.head_.version < 11)
          stop_malformed(ec, "HTTP/1.0 has no Transfer-Encoding");
        else if (!iequals({value.data(), value.size()}, "chunked"))
          stop(ec, parse_fault::unsupported_coding);
        break;
      default:
        break;
    }
  }

  // Beast joins folded lines; then the value is not where it would be else.
  static bool folded(beast::string_view name, beast::string_view value) {
    const char* expected = name.data() + name.size() + 1;
    while (*expected == ' ' || *expected == '\t')
      ++expected;
    return expected != value.data();
  }

  void on_header_impl(error_code& ec) override {
    auto& head = parent_.head_;
    if (IsRequest && parent_.hosts_ > 1)
      return stop_malformed(ec, "two Host fields");
    if (IsRequest && parent_.hosts_ == 0 && head.version >= 11)
      return stop_malformed(ec, "no Host field");
    if (auto length = this->content_length()) {
      if (*length > max_length)
        return stop_malformed(ec, "Content-Length is too large a number");
      head.content_length = *length;
    }
    head.chunked = this->chunked();
    head.until_close = this->need_eof();
    head.keep_alive = this->keep_alive();
    head.upgrade = this->upgrade() && parent_.found_.upgrade_field;
    parent_.finish_head();
    if (parent_.fault_ != parse_fault::none)
      ec = http::error::body_limit;
  }

  void on_body_init_impl(const boost::optional<uint64_t>&,
                         error_code&) override {}

  size_t on_body_impl(beast::string_view bytes, error_code& ec) override {
    return payload(bytes, ec);
  }

  void on_chunk_header_impl(uint64_t size, beast::string_view extension,
                            error_code& ec) override {
    parent_.first_chunk_seen_ = true;
    // For others a line may end inside of a quoted text.
    if (std::any_of(extension.begin(), extension.end(), is_control))
      ec = http::error::bad_chunk_extension;
    else if (!parent_.announce(size))
      ec = http::error::body_limit;
  }

  size_t on_chunk_body_impl(uint64_t, beast::string_view bytes,
                            error_code& ec) override {
    return payload(bytes, ec);
  }

  void on_finish_impl(error_code&) override { parent_.phase_ = phase::done; }

  size_t payload(beast::string_view bytes, error_code& ec) {
    const auto taken = parent_.take_payload({bytes.data(), bytes.size()});
    if (parent_.fault_ != parse_fault::none)
      ec = http::error::body_limit;
    return taken;
  }

  message_parser& parent_;
};

// -- message_parser -----------------------------------------------------------

template <bool IsRequest>
message_parser<IsRequest>::message_parser(const parse_limits& limits)
    : limits_(limits), machine_(std::make_unique<machine>(*this)),
      chunks_(std::min(limits.header_bytes, max_chunk_line)) {}

template <bool IsRequest>
message_parser<IsRequest>::~message_parser() = default;

template <bool IsRequest>
void message_parser<IsRequest>::reset(bool no_body) {
  machine_->restart();
  head_.clear();
  trailers_.clear();
  payload_.slices.clear();
  header_bytes_ = hosts_ = budget_ = 0;
  body_bytes_ = announced_ = 0;
  fault_ = parse_fault::none;
  problem_ = {};
  no_body_ = no_body;
  phase_ = phase::idle;
  discard_ = blocked_ = false;
  found_ = {};
  first_chunk_seen_ = false;
  chunks_.reset();
  scanned_ = 0;
  if (no_body)
    machine_->skip(true);
}

// Called by Beast before it knows that there is no body to a 1xx, 204 or 304,
// so the rule stands here once more (RFC 9112, 6.3).
template <bool IsRequest>
void message_parser<IsRequest>::finish_head() {
  phase_ = phase::body;
  const bool exempt = limits_.exempt && limits_.exempt(head_);
  body_limit_ = exempt ? 0 : limits_.body_bytes;
  const auto status = head_.status;
  const bool bodiless = no_body_
                        || (!IsRequest
                            && (status / 100 == 1 || status == 204
                                || status == 304));
  if (bodiless)
    head_.chunked = head_.until_close = false;
  const bool some_length = head_.content_length && *head_.content_length > 0;
  head_.has_body = !bodiless
                   && (head_.chunked || head_.until_close || some_length);
  if (body_limit_ > 0 && some_length && head_.has_body
      && *head_.content_length > body_limit_)
    fail(parse_fault::body_too_large);
}

// Beast asserts five bytes when it looks at a final chunk for the second time;
// every chunked body has that many.
template <bool IsRequest>
bool message_parser<IsRequest>::waits_for_first_chunk(
  size_t available) const noexcept {
  return head_done() && head_.chunked && !first_chunk_seen_ && available < 5;
}

template <bool IsRequest>
size_t message_parser<IsRequest>::feed(
  const std::shared_ptr<const void>& owner, std::string_view bytes,
  size_t budget, size_t share_from) {
  if (done() || fault_ != parse_fault::none || bytes.empty())
    return 0;
  payload_.begin(&owner, share_from);
  budget_ = budget;
  blocked_ = false;
  size_t used = 0;
  if (IsRequest || (head_done() && !head_.chunked))
    used = feed_machine(bytes);
  else if (head_done())
    used = feed_chunks(bytes);
  else
    used = feed_response_head(bytes);
  payload_.end();
  return used;
}

template <bool IsRequest>
size_t message_parser<IsRequest>::feed_machine(std::string_view bytes) {
  size_t used = 0;
  const bool had_head = head_done();
  while (!done() && fault_ == parse_fault::none && used < bytes.size()) {
    const auto rest = bytes.substr(used);
    if (waits_for_first_chunk(rest.size()))
      break;
    phase_ = std::max(phase_, phase::head);
    const bool in_head = !head_done();
    const auto payload = body_bytes_;
    error_code ec;
    const auto taken = machine_->put(
      boost::asio::const_buffer{rest.data(), rest.size()}, ec);
    used += taken;
    if (in_head)
      header_bytes_ += taken;
    else
      header_bytes_ = body_bytes_ == payload ? taken : 0;
    const bool more = ec == http::error::need_more;
    hold_to_limit(more ? bytes.size() - used + 1 : 0);
    if (more)
      break;
    if (ec == http::error::header_limit)
      fail(parse_fault::header_too_large);
    else if (ec && in_head && has_lone_lf(rest))
      fail_malformed("a line ends in LF alone, not in CR LF");
    else if (ec)
      fail_malformed(problem_of(ec, IsRequest, machine_->chunked()));
    if (blocked_ || (head_done() && !had_head))
      break;
  }
  return used;
}

// Every byte of a head, of a line before a chunk and of trailers counts, the
// blanks around values, too, however the bytes come. Beast has a limit for
// heads alone, and it depends on how much of one comes at once.
template <bool IsRequest>
void message_parser<IsRequest>::hold_to_limit(size_t missing) noexcept {
  if (header_bytes_ + missing <= limits_.header_bytes)
    return;
  fail(parse_fault::header_too_large);
  phase_ = std::min(phase_, phase::body);
}

template <bool IsRequest>
void message_parser<IsRequest>::feed_eof(std::string_view rest) {
  if (done() || fault_ != parse_fault::none)
    return;
  error_code ec;
  if (!IsRequest && head_done() && head_.chunked) {
    // All of the body is here, only the last empty line is missing.
    if (chunks_.in_trailers() && (rest.empty() || rest.ends_with('\n')))
      read_trailers(rest);
  } else if (machine_->got_some()) {
    machine_->put_eof(ec);
  }
  if (!done())
    fail(parse_fault::truncated);
}

// -- payload, however it is framed --------------------------------------------

template <bool IsRequest>
bool message_parser<IsRequest>::announce(uint64_t size) noexcept {
  if (body_limit_ > 0 && size > body_limit_ - announced_) {
    fail(parse_fault::body_too_large);
    return false;
  }
  announced_ += size;
  return true;
}

template <bool IsRequest>
size_t message_parser<IsRequest>::take_payload(std::string_view bytes) {
  const auto taken = std::min(bytes.size(), budget_);
  blocked_ = taken < bytes.size();
  budget_ -= taken;
  body_bytes_ += taken;
  if (body_limit_ > 0 && body_bytes_ > body_limit_)
    fail(parse_fault::body_too_large);
  else if (taken > 0 && !discard_)
    payload_.add(bytes.substr(0, taken));
  return taken;
}

// -- responses ----------------------------------------------------------------

// The head is read as a whole: strictly first, and in its strict form when
// that fails.
template <bool IsRequest>
size_t message_parser<IsRequest>::feed_response_head(std::string_view bytes) {
  size_t used = 0;
  while (const auto empty = empty_line(bytes.substr(used))) {
    used += empty;
    header_bytes_ += empty;
    found_.doubtful = true;
  }
  const auto rest = bytes.substr(used);
  phase_ = phase::head;
  constexpr std::string_view begin = "HTTP/";
  if (header_bytes_ > max_leading_bytes
      || (rest != "\r"
          && !iequals(rest.substr(0, 5), begin.substr(0, rest.size()))))
    fail_malformed("it does not begin with HTTP/");
  const auto end = end_of_fields(rest, scanned_);
  if (std::min(end, rest.size()) > limits_.header_bytes)
    fail(parse_fault::header_too_large);
  if (end == rest.npos || fault_ != parse_fault::none)
    return used;
  scanned_ = 0; // trailers may follow
  const auto text = rest.substr(0, end);
  if (!read_head(text) && fault_ == parse_fault::malformed) {
    forget_head();
    const auto repaired = repair_response_head(text);
    found_.doubtful = found_.doubtful || repaired.loose;
    if (!repaired.ok || !read_head(repaired.text))
      fail_malformed("a header line could mean several things");
  }
  return used + end;
}

template <bool IsRequest>
bool message_parser<IsRequest>::read_head(std::string_view text) {
  error_code ec;
  const auto used
    = machine_->put(boost::asio::const_buffer{text.data(), text.size()}, ec);
  if (ec || used != text.size() || !head_done())
    fail_malformed(problem_of(ec, IsRequest, machine_->chunked()));
  return fault_ == parse_fault::none;
}

template <bool IsRequest>
void message_parser<IsRequest>::forget_head() {
  machine_->restart();
  if (no_body_)
    machine_->skip(true);
  head_.clear();
  header_bytes_ = hosts_ = 0;
  found_.upgrade_field = false;
  phase_ = phase::head;
  fault_ = parse_fault::none;
  problem_ = {};
}

template <bool IsRequest>
size_t message_parser<IsRequest>::feed_chunks(std::string_view bytes) {
  using result = chunk_reader::result;
  size_t used = 0;
  while (!blocked_ && !chunks_.in_trailers()) {
    size_t taken = 0;
    const auto rest = bytes.substr(used);
    const auto found = chunks_.next(rest, budget_, taken);
    used += taken;
    if (found == result::payload)
      take_payload(rest.substr(0, taken));
    else if (found == result::size)
      announce(chunks_.size());
    else if (found == result::malformed)
      fail_malformed("a chunk of the body is broken");
    else if (found == result::too_large)
      fail(parse_fault::header_too_large);
    if (found == result::need_more || fault_ != parse_fault::none)
      return used;
  }
  if (chunks_.in_trailers())
    used += feed_trailers(bytes.substr(used));
  return used;
}

template <bool IsRequest>
size_t message_parser<IsRequest>::feed_trailers(std::string_view bytes) {
  auto end = empty_line(bytes);
  if (end == 0)
    end = end_of_fields(bytes, scanned_);
  if (std::min(end, bytes.size()) > limits_.header_bytes)
    fail(parse_fault::header_too_large);
  if (end == bytes.npos || fault_ != parse_fault::none)
    return 0;
  read_trailers(bytes.substr(0, end));
  return end;
}

template <bool IsRequest>
void message_parser<IsRequest>::read_trailers(std::string_view lines) {
  const auto repaired = repair_fields(lines);
  found_.doubtful = found_.doubtful || repaired.loose;
  std::string_view rest = repaired.text;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    const auto end = rest.find("\r\n");
    if (head_.headers.size() + trailers_.size() >= limits_.headers)
      return fail(parse_fault::header_too_large);
    trailers_.push_back(
      {std::string{rest.substr(0, colon)},
       std::string{trimmed(rest.substr(colon + 1, end - colon - 1))}});
    rest.remove_prefix(end + 2);
  }
  // Framing in trailers is an attempt to be read in two ways.
  const bool framing = find_header(trailers_, "content-length")
                       || find_header(trailers_, "transfer-encoding");
  if (framing)
    return fail_malformed("a trailer has Content-Length or Transfer-Encoding");
  if (!repaired.ok)
    return fail_malformed("a trailer line could mean several things");
  phase_ = phase::done;
}

template class message_parser<true>;
template class message_parser<false>;

} // namespace aps
