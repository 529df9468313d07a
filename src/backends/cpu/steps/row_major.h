// Any op by its reference kernel, serially: for the rare ones that no fast network is made of.
#pragma once

#include "backends/cpu/program.h"
#include "tessera/compiler/op.h"

namespace tessera::cpu {

struct RowMajorStep : Step {
  Op op;
  std::vector<ValueId> operands;
  std::vector<Shape> shapes;
  Shape shape;
  ValueId dst = kNoValue;
  ValueId memory = kNoValue;  // blob: operands and result in row-major order
  void run(const TileContext& context) const override;
  size_t memory_floats() const;
};

}  // namespace tessera::cpu
