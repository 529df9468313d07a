// The backend to copy for a new one: it keeps the whole contract (tessera/backend.h) and computes
// no operation. A graph that it loads hands inputs and constants on as outputs.
//
// To make a backend of it:
//   1. Copy this folder and rename what is in it; CMakeLists.txt beside this folder adds the copy.
//   2. Evaluate operations in load() and run(). Refuse, naming the node, what cannot be done.
//   3. Add a line to kBackends in registry.cpp: name, maker, and whether a build may lack it.
//   4. Add its name to conformance_test.cpp, arithmetic_test.cpp and devices_test.cpp in
//      tests/backends: they hold it to the plain loops of its arithmetic, and to the part of a plan
//      that it is given.
// It is not in kBackends itself: nobody wants to run a network on it.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera {

std::unique_ptr<Backend> make_null_backend(const BackendOptions& options);

}  // namespace tessera
