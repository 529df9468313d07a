// The version of an operator: the first of the runtime that knows these types and options.
#pragma once

#include <cstdint>
#include <span>

#include "export/tflite/file_builder.h"

namespace tessera::tflite {

int32_t version_of(Operator code, std::span<const FileTensor* const> operands,
                   const FileTensor& result, const Options& options);

}  // namespace tessera::tflite
