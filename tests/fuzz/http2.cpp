// What strangers send to the HTTP/2 engine: judged alike in any pieces, never
// let pass beyond the counts, and answered within bounds.
#include "tests/fuzz/fuzz.hpp"

#include "transports/http2/h2_session.hpp"

#include <algorithm>

namespace {

using namespace aps;

/// Answers and takes everything, and gives up what asks for it.
struct answering final : h2_acceptor, h2_stream_owner {
  std::shared_ptr<h2_stream_owner>
  on_request(int32_t stream, header_list head, bool) override {
    ++requests;
    for (const auto& field : head)
      APS_REQUIRE(field.name.size() + field.value.size() <= 16 * 1024);
    session->respond(stream, {{":status", "200"}}, false);
    session->write(stream, slice::copy("answer"));
    if (requests % 2 == 0)
      session->finish(stream, {{"grpc-status", "0"}});
    return {std::shared_ptr<void>{}, this};
  }

  void on_body(const slice& bytes, size_t) override { body += bytes.size(); }
  void on_peer_end() override {}
  void on_over(const h2_ending&) override { ++over; }

  h2_session* session = nullptr;
  size_t requests = 0;
  size_t over = 0;
  size_t body = 0;
};

struct verdict {
  bool open = true;
  size_t requests = 0;
  size_t body = 0;
};

verdict judge(std::string_view text, size_t step, bool admitted) {
  answering owner;
  h2_session uut{{.profile = agent_profile}, owner};
  owner.session = &uut;
  if (admitted)
    uut.counts().admit();
  const time_point now{std::chrono::hours(1)};
  verdict out;
  const auto whole = slice::copy(text);
  for (size_t at = 0; at < text.size() && out.open; at += step) {
    const auto piece = whole.sub(at, step);
    out.open = uut.receive(piece, piece.size(), now);
    output_queue said;
    out.open = uut.produce(said) && out.open && !uut.is_done();
    APS_REQUIRE(said.size() <= 64 * 1024);
    if (!said.empty())
      said.start_flat();
    uut.sent();
    APS_REQUIRE(uut.waiting_frames() <= 256);
  }
  out.requests = owner.requests;
  out.body = owner.body;
  uut.lose({h2_ending::kind::lost, 0, "over"});
  APS_REQUIRE(owner.over <= owner.requests);
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto text = fuzz::text_of(data, size);
  fuzz::decisions choose{text};
  const size_t step = 2 + choose.next() % 62;
  const auto admitted = choose.next() % 2 == 0;
  const auto whole = judge(text, std::max<size_t>(text.size(), 1), admitted);
  const auto pieces = judge(text, step, admitted);
  APS_REQUIRE(whole.requests <= agent_profile.requests);
  APS_REQUIRE(pieces.requests <= agent_profile.requests);
  APS_REQUIRE(whole.body <= text.size());
  // When it ends may depend on the pieces; what it asked for may not.
  APS_REQUIRE(!whole.open || !pieces.open || whole.requests == pieces.requests);
  return 0;
}
