// Runs one op by its reference kernel on values written out in a test.
#pragma once

#include <vector>

#include "kernels/ref/reference_kernels.h"

namespace tessera::test {

struct Value {
  Shape shape;
  std::vector<float> values;
};

inline Value evaluate_op(const Op& op, const std::vector<Value>& operands) {
  std::vector<Shape> shapes;
  std::vector<reference::Source> sources;
  for (const Value& operand : operands) {
    TESSERA_CHECK(static_cast<size_t>(operand.shape.size()) == operand.values.size(),
                  "a test's values fit their shape");
    shapes.push_back(operand.shape);
    sources.push_back({operand.values.data(), operand.shape});
  }
  Value result{infer_shape(op, shapes).value(), {}};
  result.values.assign(static_cast<size_t>(result.shape.size()), -12345.0F);
  reference::evaluate(op, sources, {result.values.data(), result.shape});
  return result;
}

// The common case: one channel per inner list, one device row.
inline Value rows(const std::vector<std::vector<float>>& channels) {
  Value value{{static_cast<int64_t>(channels.size()), 1, static_cast<int64_t>(channels[0].size())},
              {}};
  for (const std::vector<float>& channel : channels)
    value.values.insert(value.values.end(), channel.begin(), channel.end());
  return value;
}

}  // namespace tessera::test
