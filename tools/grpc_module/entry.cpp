// What the module of `admin.grpc` is asked for by the program that loads it.
#include "actors/admin/grpc/grpc_door.hpp"

extern "C" {
extern const aps::open_operator_door aps_grpc_door;
const aps::open_operator_door aps_grpc_door = &aps::open_grpc_door;
}
