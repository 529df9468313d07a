// A model written as ONNX and read again.
#pragma once

#include <gtest/gtest.h>

#include "graph/compare.h"
#include "model/onnx/import_onnx.h"
#include "tessera/compiler/export.h"

namespace tessera::test {

// The same graph comes back, its inputs and outputs laid out as in the first file.
inline void expect_same_after_export(const ImportedModel& model) {
  ExportOptions options;
  options.inputs = model.inputs;
  options.outputs = model.outputs;
  const auto bytes = export_onnx(model.graph, options);
  ASSERT_TRUE(bytes) << bytes.error().to_string();
  const auto again = import_onnx({"memory.onnx", *bytes}, {});
  ASSERT_TRUE(again) << again.error().to_string();
  const GraphDifference difference = compare_graphs(again->graph, model.graph, 0);
  EXPECT_TRUE(difference.same) << difference.text;
  ASSERT_EQ(again->inputs.size(), model.inputs.size());
  ASSERT_EQ(again->outputs.size(), model.outputs.size());
  for (size_t i = 0; i < model.inputs.size(); ++i)
    EXPECT_EQ(again->inputs[i].dims, model.inputs[i].dims);
  for (size_t i = 0; i < model.outputs.size(); ++i)
    EXPECT_EQ(again->outputs[i].dims, model.outputs[i].dims);
}

}  // namespace tessera::test
