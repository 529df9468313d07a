// A network ready to be compared and bisected: imported, rewritten, planned, quantised on noise.
#pragma once

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/planned.h"
#include "support/random_values.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/quantize.h"
#include "tessera/package.h"

namespace tessera::test {

inline ConvTasNet small_separator() {
  ConvTasNet network = small_conv_tasnet(2003);
  network.encoder_relu = true;
  return network;
}

struct Quantised {
  Graph imported;
  PackagedNetwork package;
  std::vector<float> signal;
};

inline Quantised quantised(const ConvTasNet& network = small_separator(),
                           const QuantizeOptions& options = {}) {
  Quantised made;
  made.imported = build(network);
  made.package.legal = made.imported;
  EXPECT_TRUE(rewrite(made.package.legal).has_value());
  made.package.plan = make_plan(made.package.legal, hailo8(), {}).value();
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  std::vector<std::vector<float>> windows;
  for (uint32_t seed = 1; seed <= 3; ++seed)
    windows.push_back(random_inputs(made.imported, seed)[0]);
  TensorStatistics statistics;
  const Graph& graph = made.package.plan.graph;
  EXPECT_TRUE(calibrate(graph, options, *cpu, windows, statistics).has_value());
  made.package.encodings = quantize(graph, statistics, options).value();
  made.signal = random_inputs(made.imported, 9)[0];
  return made;
}

}  // namespace tessera::test
