#include "actors/init.hpp"

#include "actors/messages.hpp"

#include <caf/init_global_meta_objects.hpp>

namespace aps {

void init_actor_types() {
  caf::init_global_meta_objects<caf::id_block::aps>();
}

} // namespace aps
