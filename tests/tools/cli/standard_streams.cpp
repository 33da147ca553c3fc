#define CAF_SUITE tools.standard_streams

#include "tests/support/test.hpp"

#include "tools/cli/standard_streams.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace aps;

namespace {

/// What a process says that runs without these streams.
template <class Work>
int status_without(std::initializer_list<int> streams, Work work) {
  const auto child = ::fork();
  if (child == 0) {
    for (const int stream : streams)
      ::close(stream);
    cli::hold_standard_streams();
    ::_exit(work() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

/// Whether the stream has its number and says no.
bool fails(int stream) {
  char byte = 0;
  const auto done = stream == STDIN_FILENO ? ::read(stream, &byte, 1)
                                           : ::write(stream, &byte, 1);
  return done < 0 && errno == EBADF && ::fcntl(stream, F_GETFD) >= 0;
}

} // namespace

CAF_TEST(closed streams keep their numbers and fail) {
  CAF_CHECK_EQUAL(status_without({0}, [] { return fails(0); }), 0);
  CAF_CHECK_EQUAL(status_without({1}, [] { return fails(1); }), 0);
  CAF_CHECK_EQUAL(status_without({2}, [] { return fails(2); }), 0);
  CAF_CHECK_EQUAL(
    status_without({0, 1, 2}, [] { return fails(0) && fails(1) && fails(2); }),
    0);
}

CAF_TEST(open streams stay what they are) {
  CAF_CHECK_EQUAL(status_without({0}, [] { return ::write(2, "", 0) == 0; }),
                  0);
}
