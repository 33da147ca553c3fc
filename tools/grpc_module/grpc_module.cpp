#include "tools/grpc_module/grpc_module.hpp"

#include <dlfcn.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace aps {

namespace {

// Null = there is none; `why` tells of the last one.
void* load(const std::filesystem::path& file, std::string& why) {
  auto* module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module)
    why = ::dlerror();
  return module;
}

void* load_module() {
  constexpr auto name = "aps_grpc.so";
  const auto folder
    = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::string why;
  auto* module = load(folder / name, why);
  if (!module && !std::filesystem::exists(folder / name))
    module = load(folder.parent_path() / "lib/aps" / name, why);
  if (!module)
    throw std::runtime_error("$.admin.grpc: the part of this program that "
                             "speaks gRPC cannot be loaded: "
                             + why);
  return module;
}

} // namespace

std::unique_ptr<operator_door>
open_grpc_module(const std::shared_ptr<const admin::context>& context) {
  const auto* entry = reinterpret_cast<const open_operator_door*>(
    ::dlsym(load_module(), "aps_grpc_door"));
  if (!entry)
    throw std::runtime_error("$.admin.grpc: the module for gRPC is of another "
                             "program");
  return (*entry)(context);
}

} // namespace aps
