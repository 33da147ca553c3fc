#define CAF_SUITE wire_limits

#include "transports/wire/wire_limits.hpp"

#include "transports/wire/codec.hpp"
#include "transports/wire/wire_fields.hpp"

#include "tests/support/test.hpp"
#include "tests/transports/wire/wire_samples.hpp"

#include <set>

using namespace aps;
using aps::test::encode_flat;
using aps::wire::excess;
using aps::wire::field_limit;

namespace {

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(value | 0x80);
  return out += static_cast<char>(value);
}

std::string number(uint64_t field, uint64_t value) {
  return varint(field << 3) + varint(value);
}

std::string bytes(uint64_t field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string{value};
}

/// A Batch with one Frame.
std::string batch_of(uint64_t kind, std::string_view body) {
  return bytes(1, bytes(kind, body));
}

/// The types of all fields, taken from the lists that the codec uses.
struct collector {
  static constexpr bool reading = false;
  size_t message;
  std::set<std::pair<size_t, int>>& texts;
  std::set<std::pair<size_t, int>>& numbers;

  template <class T>
  void number(int field, const T&) {
    numbers.emplace(message, field);
  }
  void maybe(int field, const std::optional<uint64_t>&) {
    numbers.emplace(message, field);
  }
  template <class T>
  void text(int field, const T&) {
    texts.emplace(message, field);
  }
  void payload(int field, const slice&) { texts.emplace(message, field); }
  void headers(int field, const header_list&) {
    texts.emplace(message, field);
  }
};

struct all_fields {
  std::set<std::pair<size_t, int>> texts;
  std::set<std::pair<size_t, int>> numbers;

  all_fields() {
    for (const auto& what : test::full_frames()) {
      collector c{wire::kind_numbers[what.body.index()], texts, numbers};
      std::visit(
        [&](const auto& body) {
          using type = std::decay_t<decltype(body)>;
          if constexpr (std::is_same_v<type, request_frame>
                        || std::is_same_v<type, response_frame>)
            wire::fields(c, body, *body.head);
          else
            wire::fields(c, body);
        },
        what.body);
    }
    collector c{wire::header_message, texts, numbers};
    wire::fields(c, header{});
  }
};

/// What a message needs beside the field in question to be taken.
std::string rest_of(size_t message) {
  return message == 7    ? number(1, 200)
         : message == 14 ? number(1, 1)
                         : std::string{};
}


std::string head_fields(size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i)
    out += bytes(6, bytes(1, "a"));
  return out;
}

/// A message in which this field holds `amount`.
std::string sample(const field_limit& row, bool is_text, uint64_t amount) {
  if (row.message == wire::sum_of)
    switch (row.field) {
      case 1: {
        std::string out;
        for (uint64_t i = 0; i < amount; ++i)
          out += batch_of(12, "");
        return out;
      }
      case 2: {
        std::string out;
        for (; amount > max_head_fields; amount -= max_head_fields)
          out += batch_of(6, head_fields(max_head_fields));
        return out + batch_of(6, head_fields(amount));
      }
      case 3:
        return batch_of(6, head_fields(amount));
      default:
        return batch_of(6, bytes(6, bytes(1, std::string(amount / 2, 'n')))
                             + bytes(6, bytes(2, std::string(
                                                   amount - amount / 2, 'v'))));
    }
  if (row.message == wire::header_message)
    return batch_of(6, bytes(6, bytes(row.field, std::string(amount, 'x'))));
  auto body = rest_of(row.message);
  body += is_text ? bytes(row.field, std::string(amount, 'x'))
                  : number(row.field, amount);
  return batch_of(row.message, body);
}

codec_fault read(const std::string& message, frame_batch& out) {
  return decode(slice::copy(message), message.size(), out);
}

} // namespace

CAF_TEST(every field has a row and every row a field) {
  const all_fields all;
  size_t rows = 0;
  for (const auto* set : {&all.texts, &all.numbers})
    for (const auto& [message, field] : *set) {
      CAF_CHECK(wire::limit_of(message, static_cast<size_t>(field)));
      ++rows;
    }
  for (const auto& row : wire::limits)
    rows -= row.message != wire::sum_of && row.message != wire::frame_message;
  CAF_CHECK_EQUAL(rows, 0u);
}

CAF_TEST(each field is taken at its limit and refused or cut above) {
  const all_fields all;
  size_t tried = 0;
  for (const auto& row : wire::limits) {
    const bool is_text = all.texts.count({row.message, row.field}) > 0;
    // Lists of headers have limits of their own; tokens have none.
    if (row.message == wire::frame_message || row.most == wire::any_number
        || row.most == 2 * max_head_bytes)
      continue;
    CAF_MESSAGE(row.name);
    frame_batch at;
    frame_batch above;
    // The session has exactly so many bytes.
    CAF_CHECK(read(sample(row, is_text, row.most), at) == codec_error::none);
    const auto fault = read(sample(row, is_text, row.most + 1), above);
    if (row.beyond == excess::refuse) {
      CAF_CHECK(fault == codec_error::too_large);
      CAF_CHECK_EQUAL(field_of(fault), row.name);
      CAF_CHECK_EQUAL(fault.amount, row.most + 1);
      CAF_CHECK(render(fault).find(row.name) != std::string::npos);
    } else {
      CAF_CHECK(fault == codec_error::none);
      CAF_CHECK_EQUAL(encode_flat(above).size(), encode_flat(at).size());
    }
    ++tried;
  }
  CAF_CHECK(tried > 50);
}

CAF_TEST(nothing is written that would be refused or cut) {
  frame_batch frames{
    {0, refused_frame{refusal::draining, std::string(5000, 'x'), UINT32_MAX}},
    {0, drain_frame{std::string(5000, 'x'), false}},
    {0, open_connections_frame{transport_kind::grpc, UINT32_MAX,
                               std::string(5000, 'x'), UINT32_MAX}},
    {0, welcome_frame{0, {}, "c", UINT32_MAX}},
    {1, reset_frame{outcome::internal, std::string(5000, 'x')}},
    {1, ack_frame{1, UINT32_MAX, false}},
  };
  const auto once = encode_flat(frames);
  CAF_CHECK(once.size() < 4 * max_foreign_text);
  frame_batch out;
  CAF_REQUIRE(read(once, out) == codec_error::none);
  CAF_CHECK_EQUAL(encode_flat(out), once);
  CAF_CHECK_EQUAL(std::get<ack_frame>(out.back().body).window,
                  max_grown_window);
}

CAF_TEST(texts for humans are clean as soon as they are read) {
  for (const uint64_t kind : {5, 10}) {
    frame_batch out;
    CAF_REQUIRE(read(batch_of(kind, bytes(2, "a\n\x1b[2J\xc2\x9b")), out)
                == codec_error::none);
    const auto* reset = std::get_if<reset_frame>(&out[0].body);
    const auto& text = reset ? reset->message
                             : std::get<refused_frame>(out[0].body).message;
    CAF_CHECK_EQUAL(text, "a\\x0a\\x1b[2J\\xc2\\x9b");
  }
}

CAF_TEST(mutated batches neither throw nor exceed the table) {
  std::mt19937 random{11};
  const auto whole = encode_flat(test::full_frames());
  for (int round = 0; round < 60'000; ++round) {
    auto text = whole;
    for (size_t n = 1 + random() % 4; n != 0; --n) {
      const auto at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 20));
          break;
        default:
          text.insert(at, 1 + random() % 9, '\xff');
      }
      if (text.empty())
        text = whole;
    }
    frame_batch out;
    if (read(text, out) != codec_error::none)
      continue;
    // What was read can be written, and is the same when it is read again.
    const auto again = encode_flat(out);
    frame_batch second;
    CAF_REQUIRE(read(again, second) == codec_error::none);
    CAF_REQUIRE(encode_flat(second) == again);
  }
}
