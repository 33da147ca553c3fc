#define CAF_TEST_NO_MAIN
#include "actors/init.hpp"

#include <caf/init_global_meta_objects.hpp>
#include <caf/test/unit_test_impl.hpp>

int main(int argc, char** argv) {
  aps::init_actor_types();
  caf::core::init_global_meta_objects();
  // The long runs take minutes; what -r says still counts.
  caf::test::engine::max_runtime(0);
  return caf::test::main(argc, argv);
}
