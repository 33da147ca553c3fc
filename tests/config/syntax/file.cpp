#define CAF_SUITE config.file

#include "tests/support/test.hpp"

#include "config/syntax/expand.hpp"
#include "config/syntax/file.hpp"
#include "config/syntax/text.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace aps::config;

namespace {

struct fixture {
  fixture() {
    std::string name
      = (std::filesystem::temp_directory_path() / "aps-file-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~fixture() { std::filesystem::remove_all(folder); }

  std::filesystem::path make(const std::string& name,
                             const std::string& text) const {
    std::ofstream{folder / name, std::ios::binary} << text;
    return folder / name;
  }

  /// The text, or the error as a number.
  static std::string read(const std::filesystem::path& file, size_t most) {
    std::error_code error;
    const auto text = read_bytes(file, most, error);
    return error ? std::to_string(error.value()) : "read " + text;
  }

  std::filesystem::path folder;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(file_tests, fixture)

CAF_TEST(a file is read whole or not at all) {
  const std::string all{"a\0b\xff\n", 5};
  CAF_CHECK_EQUAL(read(make("f", all), 5), "read " + all);
  CAF_CHECK_EQUAL(read(make("f", all), 4), std::to_string(EFBIG));
  CAF_CHECK_EQUAL(read(make("empty", ""), 0), "read ");
  const std::string large(200'000, 'x');
  CAF_CHECK_EQUAL(read(make("large", large), 200'000), "read " + large);
  CAF_CHECK_EQUAL(read("/dev/zero", 1 << 20), std::to_string(EFBIG));
  CAF_CHECK_EQUAL(read("/dev/null", 1), "read ");
}

CAF_TEST(what is no file says so) {
  CAF_CHECK_EQUAL(read(folder / "none", 9), std::to_string(ENOENT));
  CAF_CHECK_EQUAL(read(folder, 9), std::to_string(EISDIR));
  CAF_CHECK_EQUAL(read(make("f", "") / "g", 9), std::to_string(ENOTDIR));
}

CAF_TEST(a pipe is read to its end) {
  int ends[2];
  CAF_REQUIRE_EQUAL(::pipe(ends), 0);
  CAF_REQUIRE_EQUAL(::write(ends[1], "text", 4), 4);
  ::close(ends[1]);
  CAF_CHECK_EQUAL(read("/dev/fd/" + std::to_string(ends[0]), 9), "read text");
  ::close(ends[0]);
}

CAF_TEST(a stop ends the wait for a silent pipe and stays pending) {
  const auto pipe = folder / "pipe";
  CAF_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    sigset_t stop;
    sigset_t before;
    sigemptyset(&stop);
    sigaddset(&stop, number);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    ::kill(::getpid(), number);
    CAF_CHECK_EQUAL(read(pipe, 9), std::to_string(EINTR));
    CAF_CHECK_EQUAL(system_source().read(pipe, 9).error, silent_file);
    // What is there is read all the same.
    CAF_CHECK_EQUAL(read(make("f", "x"), 9), "read x");
    const timespec at_once{};
    CAF_CHECK_EQUAL(sigtimedwait(&stop, nullptr, &at_once), number);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
}

CAF_TEST(a pipe that sends nothing is not waited for) {
  const auto pipe = folder / "silent";
  CAF_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  std::error_code error;
  CAF_CHECK_EQUAL(read_bytes(pipe, 9, error, std::chrono::milliseconds(10)),
                  "");
  CAF_CHECK(error == std::errc::interrupted);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a name has quotes where it is no plain text) {
  CAF_CHECK_EQUAL(shown_name("a b/\xc3\xa4.json"), "a b/\xc3\xa4.json");
  CAF_CHECK_EQUAL(shown_name(std::string(88, 'x')), std::string(88, 'x'));
  CAF_CHECK_EQUAL(shown_name("/begin/" + std::string(300, 'x') + "/end"),
                  "/begin/" + std::string(22, 'x') + "..."
                    + std::string(52, 'x') + "/end");
  const auto wide = shown_name(std::string(3, 'y') + [] {
    std::string text;
    for (int i = 0; i < 100; ++i)
      text += "\xc3\xa4";
    return text;
  }());
  CAF_CHECK(is_clean(wide)); // no half of a character
  CAF_CHECK_EQUAL(shown_name("a\nb"), "\"a\\nb\"");
  CAF_CHECK_EQUAL(shown_name("\x1b[1m"), "\"\\u001b[1m\"");
  CAF_CHECK_EQUAL(shown_name("\xc2\x9b"), "\"\\u009b\"");
  CAF_CHECK_EQUAL(shown_name("a\xff"), "\"a\\ufffd\"");
}
