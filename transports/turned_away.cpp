#include "transports/turned_away.hpp"

#include "transports/net/guard.hpp"

#include <boost/asio/write.hpp>

#include <atomic>

namespace aps {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds patience{1};
constexpr int most = 8; // they use what is left of the descriptors

std::atomic<int> live{0};

} // namespace

turned_away::turned_away(io_unit& unit, stream_ptr stream,
                         const error_reply& reply)
    : unit_(unit), stream_(std::move(stream)), deadline_(unit.now() + patience),
      bytes_(4096, '\0'), answer_(render_error(reply)) {
  ++live;
}

turned_away::~turned_away() {
  --live;
}

bool turned_away::start(io_unit& unit, stream_ptr stream, bool asked,
                        const error_reply& reply) {
  if (live >= most)
    return false;
  const auto me = std::make_shared<turned_away>(unit, std::move(stream), reply);
  unit.watch(me);
  if (asked)
    me->answer();
  else
    me->read();
  return true;
}

// Until it asked, and then until it closes: an answer is lost when bytes wait
// unread behind it (RFC 9112, 9.6).
void turned_away::read() {
  stream_->async_read_some(
    asio::buffer(bytes_),
    guard(unit_, shared_from_this(),
          [](const auto& me, const error_code& error, size_t) {
            if (error)
              return;
            if (me->answered_)
              me->read();
            else
              me->answer();
          }));
}

void turned_away::answer() {
  answered_ = true;
  asio::async_write(*stream_, asio::buffer(answer_),
                    guard(unit_, shared_from_this(),
                          [](const auto& me, const error_code& error, size_t) {
                            me->stream_->shutdown_send();
                            if (!error)
                              me->read();
                          }));
}

void turned_away::on_tick(time_point now) {
  if (now >= deadline_)
    close();
}

void turned_away::close() {
  stream_->close();
}

} // namespace aps
