// A temporary file without a name: it is gone with the process, however that ends.
#pragma once

#include <filesystem>

#include "base/descriptor.h"
#include "tessera/result.h"

namespace tessera {

// Open for reading and writing, in `folder`; empty: the system's for temporary files. Errors:
// kNotFound, kNoSpace, kIo; their subject is the folder.
Result<Descriptor> nameless_file(std::filesystem::path folder);

}  // namespace tessera
