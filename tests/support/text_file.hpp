#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace aps::test {

/// A file with a text for as long as it lives.
struct text_file {
  text_file(const std::string& name, const std::string& text)
      : path((std::filesystem::temp_directory_path()
              / ("aps-" + std::to_string(::getpid()) + "-" + name))
               .string()) {
    std::ofstream{path, std::ios::binary} << text;
  }
  ~text_file() { std::filesystem::remove(path); }
  const std::string path;
};

} // namespace aps::test
