#define CAF_SUITE tools.help_text

#include "tools/cli/help_text.hpp"

#include "tests/support/test.hpp"

#include <sstream>

using namespace aps::cli;

namespace {

option named(std::string name, std::string value, std::string help) {
  option out;
  out.names = {name};
  out.flag.names = std::move(name);
  out.flag.value = std::move(value);
  out.flag.help = std::move(help);
  return out;
}

std::string text_of(std::vector<option> options) {
  return help_text("program", "Does things.", options);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

} // namespace

CAF_TEST(a flag has its value and default and variable) {
  auto port = named("port", "N", "Where to listen");
  port.names.push_back("p");
  port.shown_default = "80";
  port.variables = {"APS_PORT"};
  const auto text = text_of({port});
  CAF_CHECK(text.starts_with("Does things.\n\nUsage: program [FLAGS]\n\n"
                             "  -port, -p N                 Where to listen "
                             "(default: 80) [APS_PORT]\n"));
  CAF_CHECK(has(text, "In brackets: the environment variable"));
}

CAF_TEST(without variables nothing is said of them) {
  const auto text = text_of({named("once", "", "Ends soon")});
  CAF_CHECK(has(text, "  -once                       Ends soon\n"));
  CAF_CHECK(!has(text, "In brackets"));
}

CAF_TEST(arguments stand before flags and in the usage) {
  auto file = named("FILE", "", "What to read");
  file.argument = file.flag.required = true;
  const auto text = text_of({named("once", "", "Ends soon"), file});
  CAF_CHECK(has(text, "Usage: program [FLAGS] FILE\n\n  FILE "));
  CAF_CHECK(has(text, "What to read (required)\n\n  -once"));
  file.flag.required = false;
  CAF_CHECK(has(text_of({file}), "[FLAGS] [FILE]\n"));
}

CAF_TEST(long explanations stay beside the flags) {
  std::string words;
  for (int i = 0; i < 40; ++i)
    words += "words ";
  std::istringstream lines{
    text_of({named("a-very-long-name-of-a-flag", "VALUE", words)})};
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    CAF_CHECK(line.size() <= 80);
  CAF_CHECK(count > 8);
}
