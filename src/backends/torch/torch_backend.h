// The torch backend: libtorch's arithmetic, independent of every kernel of ours. It lies in a
// plugin that is loaded when the backend is asked for, because libtorch takes longer to load than
// most programs of ours take to run.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera {

// Unavailable with its reason where the plugin is not there or was built for another program.
std::unique_ptr<Backend> make_torch_backend(const BackendOptions& options);

}  // namespace tessera
