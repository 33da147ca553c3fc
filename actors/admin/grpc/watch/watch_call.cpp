#include "actors/admin/grpc/watch/watch_call.hpp"

#include "actors/compat.hpp"

namespace aps::admin {

void watch_call::begin(caf::actor watcher) {
  const std::lock_guard guard{mutex_};
  watcher_ = std::move(watcher);
  if (gone_)
    compat::stop_anonymously(watcher_);
}

void watch_call::write(std::string message) {
  const grpc::Slice bytes{message};
  message_ = grpc::ByteBuffer{&bytes, 1};
  StartWrite(&message_);
}

void watch_call::OnWriteDone(bool ok) {
  if (!ok)
    return lose_reader();
  const std::lock_guard guard{mutex_};
  compat::enqueue(nullptr, watcher_, acknowledge{1});
}

void watch_call::OnCancel() {
  lose_reader();
}

void watch_call::lose_reader() {
  const std::lock_guard guard{mutex_};
  gone_ = true;
  compat::stop_anonymously(watcher_);
}

} // namespace aps::admin
