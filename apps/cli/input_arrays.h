// Arrays for a network's inputs, in whatever order of dimensions they were written.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "tessera/io_layout.h"
#include "tessera/npy.h"
#include "tessera/result.h"
#include "tessera/signature.h"

namespace tessera::cli {

// Values in the graph's order. The model file's own layout is understood, as is the graph's; an
// array written [time, channels] is turned and that is said. `layout` may be null. Errors:
// kInvalidArgument, subject = path.
Result<std::vector<float>> values_for(const Port& port, const IoLayout* layout, NpyArray array,
                                      const std::string& path, Console& console);

// Null where the model file fixes none.
const IoLayout* layout_of(const std::vector<IoLayout>& layouts, size_t port);

}  // namespace tessera::cli
