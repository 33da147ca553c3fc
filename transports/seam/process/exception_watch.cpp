#include "transports/seam/process/exception_watch.hpp"

#include <exception>

namespace aps {

hold exception_watch::add(listener to) {
  auto entry = std::make_shared<listener>(std::move(to));
  const std::lock_guard guard{mutex_};
  listeners_.push_back(entry);
  return {entry.get(), [weak = weak_from_this(), entry](void*) {
            if (const auto self = weak.lock()) {
              const std::lock_guard inner{self->mutex_};
              std::erase(self->listeners_, entry);
            }
          }};
}

// Under the lock, so that none is called any more once it was removed.
void exception_watch::tell(const std::string& text) noexcept {
  ++count_;
  try {
    const std::lock_guard guard{mutex_};
    for (const auto& to : listeners_)
      (*to)(text);
  } catch (...) {
    // A listener that fails must not cost the thread that tells it.
  }
}

std::string text_of_exception() noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& error) {
      return error.what();
    } catch (...) {
      return "an exception of unknown type";
    }
  } catch (...) {
    return {}; // out of memory
  }
}

} // namespace aps
