#pragma once

namespace aps {

/// Registers our message types with CAF. Call once per process, before the
/// first actor system is made, beside CAF's own `init_global_meta_objects`.
void init_actor_types();

} // namespace aps
