#include "tools/cli/standard_streams.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

// What runs before a sanitizer does must be free of it, and of the functions of
// the C library that it wraps.
#ifdef __clang__
#define APS_PLAIN __attribute__((disable_sanitizer_instrumentation))
#else
#define APS_PLAIN
#endif

namespace aps::cli {

APS_PLAIN void hold_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (::syscall(SYS_fcntl, stream, F_GETFD) < 0)
      // The lowest number that is free: this one.
      ::syscall(SYS_openat, AT_FDCWD, "/dev/null",
                stream == STDIN_FILENO ? O_WRONLY : O_RDONLY, 0);
}

} // namespace aps::cli

// gRPC opens an eventfd when it is loaded. Only a program's own
// `.preinit_array` runs before that (System V ABI, 5.3).
[[gnu::used, gnu::section(".preinit_array")]] static void (*const before_all)()
  = aps::cli::hold_standard_streams;
