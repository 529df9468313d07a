// The statistics that norms need, as nodes of an ONNX file.
#pragma once

#include <string>

#include "export/export_builder.h"

namespace tessera::onnx_export {

// Names of values, of the operand's dims or of 1 where the norm's kind takes an axis in.
struct Moments {
  std::string mean;
  std::string centered;   // x - mean
  std::string deviation;  // sqrt(variance + eps)
};

// Appends the statistics of `x`, a value of `shape`, over the set of `kind` (never batch). Their
// names begin with `name`.
Moments write_moments(ExportBuilder& out, NormKind kind, double eps, const std::string& x,
                      const Shape& shape, const std::string& name);

}  // namespace tessera::onnx_export
