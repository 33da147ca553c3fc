#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What all targets share. A target is one `LLVMFuzzerTestOneInput`; what it
/// demands is told by `require`, so that a broken promise is found like a
/// crash.
namespace aps::fuzz {

#define APS_REQUIRE(condition)                                               \
  do {                                                                       \
    if (!(condition)) {                                                      \
      std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__,        \
                   #condition);                                              \
      std::abort();                                                          \
    }                                                                        \
  } while (false)

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes decisions from the end of the input, so that its front stays what it
/// is for the parser.
class decisions {
 public:
  explicit decisions(std::string_view& text) : text_(text) {}

  uint8_t next() {
    if (text_.empty())
      return 0;
    const auto out = static_cast<uint8_t>(text_.back());
    text_.remove_suffix(1);
    return out;
  }

 private:
  std::string_view& text_;
};

} // namespace aps::fuzz
