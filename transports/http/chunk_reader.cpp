#include "transports/http/chunk_reader.hpp"

#include "transports/http/fields.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>

namespace aps {

namespace {

// 1*HEXDIG BWS [ ";" anything ]. No sign, no prefix, nothing before.
bool read_size(std::string_view line, uint64_t& size) noexcept {
  const auto* end = line.data() + line.size();
  if (line.empty() || line.front() == '-')
    return false;
  const auto [at, error] = std::from_chars(line.data(), end, size, 16);
  if (error != std::errc{} || size > std::numeric_limits<int64_t>::max())
    return false;
  line.remove_prefix(static_cast<size_t>(at - line.data()));
  if (std::any_of(line.begin(), line.end(), is_control))
    return false;
  const auto rest = line.find_first_not_of(" \t");
  return rest == line.npos || line[rest] == ';';
}

} // namespace

chunk_reader::result chunk_reader::next(std::string_view bytes, size_t budget,
                                        size_t& taken) noexcept {
  taken = 0;
  if (bytes.empty())
    return result::need_more;
  switch (state_) {
    case state::line: return read_line(bytes, taken);
    case state::payload:
      taken = static_cast<size_t>(
        std::min<uint64_t>({left_, bytes.size(), budget}));
      assert(left_ > 0 && taken <= left_);
      left_ -= taken;
      if (left_ == 0)
        state_ = state::line_end;
      return taken > 0 ? result::payload : result::need_more;
    case state::line_end:
      if (bytes.front() != '\r' || (bytes.size() > 1 && bytes[1] != '\n'))
        return result::malformed;
      if (bytes.size() < 2)
        return result::need_more;
      taken = 2;
      state_ = state::line;
      return result::framing;
    case state::trailers: break;
  }
  return result::need_more;
}

chunk_reader::result chunk_reader::read_line(std::string_view bytes,
                                             size_t& taken) noexcept {
  const auto end = bytes.substr(0, max_line_).find('\n');
  if (end == bytes.npos)
    return bytes.size() >= max_line_ ? result::too_large : result::need_more;
  // A lone LF could be payload for somebody else.
  if (end == 0 || bytes[end - 1] != '\r'
      || !read_size(bytes.substr(0, end - 1), size_))
    return result::malformed;
  taken = end + 1;
  left_ = size_;
  state_ = size_ > 0 ? state::payload : state::trailers;
  return result::size;
}

} // namespace aps
