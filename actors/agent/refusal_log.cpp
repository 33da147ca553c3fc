#include "actors/agent/refusal_log.hpp"

namespace aps {

void refusal_log::write(const std::string& cause, const std::string& text) {
  {
    std::lock_guard guard{mutex_};
    const auto now = clock_type::now();
    for (const auto& some : repeats_.expire(now))
      log_.warn("{}: {} more about {}", subject_, some.left_out, some.key);
    if (!repeats_.admit(cause, now))
      return;
  }
  log_.warn("{}: {}", subject_, text);
}

} // namespace aps
