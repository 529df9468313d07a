// The Conv-TasNet that tests of calibration, quantisation and frozen norms share: small enough to
// be run hundreds of times, with every kind of node.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/random_values.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/session.h"

namespace tessera::test {

using Windows = std::vector<std::vector<float>>;

inline constexpr NormKind kNorms[] = {NormKind::global, NormKind::feature_wise,
                                      NormKind::channel_wise, NormKind::cumulative,
                                      NormKind::batch};

inline ConvTasNet small_network(NormKind norm = NormKind::global) {
  ConvTasNet network = small_conv_tasnet(3011, norm);
  network.encoder_relu = true;
  return network;
}

inline Graph legal(const ConvTasNet& network) {
  Graph graph = build(network);
  const auto log = rewrite(graph);
  EXPECT_TRUE(log.has_value()) << log.error().to_string();
  return graph;
}

inline Graph legal_network(NormKind norm) {
  return legal(small_network(norm));
}

inline Windows random_windows(const Graph& graph, uint32_t count) {
  Windows windows;
  for (uint32_t seed = 1; seed <= count; ++seed) windows.push_back(random_inputs(graph, seed)[0]);
  return windows;
}

inline Encodings encodings_of(const Graph& graph, const QuantizeOptions& options = {}) {
  TensorStatistics statistics;
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  const auto done = calibrate(graph, options, *backend, random_windows(graph, 3), statistics);
  EXPECT_TRUE(done.has_value()) << done.error().to_string();
  auto encodings = quantize(graph, statistics, options);
  EXPECT_TRUE(encodings.has_value()) << encodings.error().to_string();
  return std::move(encodings).value();
}

inline std::vector<float> emulated(const Graph& graph, const Encodings& encodings,
                                   const std::vector<float>& input) {
  const auto backend = make_backend("emulator").value();
  auto session = Session::create(graph, *backend, &encodings);
  EXPECT_TRUE(session.has_value()) << session.error().to_string();
  return session->run({ConstValues(input)}).value()[0];
}

}  // namespace tessera::test
