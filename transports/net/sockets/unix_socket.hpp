#pragma once

#include <string>

/// Sockets in the file system, as plain descriptors. Thread: any.
namespace aps::unix_socket {

/// Connects to `path` without waiting: a descriptor, non-blocking and closed on
/// exec, which is the caller's; -1 = not, and `errno` says why (EAGAIN: who
/// listens there has too many that wait).
int connect(const std::string& path) noexcept;

/// Listens at `path`, for this user alone (0600): a descriptor as above. A
/// socket that nobody listens at any more is replaced; -1 = not, and `errno`
/// says why (EADDRINUSE: somebody does, or it is no socket).
int listen(const std::string& path, int backlog) noexcept;

} // namespace aps::unix_socket
