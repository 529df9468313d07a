// The arithmetic of the unit ledger: what one physical layer takes of a cluster. DOMAIN facts, each
// held to real compiles by `tessera target ledger` (tests/target/ledger_evidence_test.cpp).
#pragma once

#include <cstdint>
#include <initializer_list>

#include "tessera/compiler/target.h"

namespace tessera {

// The figures of `Target::units` that the ledger reckons with, per cluster where it applies.
struct Chip {
  int64_t clusters, lcu, sc, apu, aligners, l3_cuts, ports_in, ports_out;
  int64_t l3_cut_bytes, sc_per_layer, sc_weight_bytes, macs_per_sc, fan_out;
  int64_t norm_layers, softmax_layers;
  double cap_single, cap_multi, clock_hz;
};
Chip chip_of(const Target& target);

// What a layer, a network or a cluster takes or has.
struct Units {
  int64_t lcu = 0;
  int64_t sc = 0;
  int64_t apu = 0;
  int64_t aligners = 0;
  int64_t l3_cuts = 0;

  Units& operator+=(const Units& other);
  friend bool operator==(const Units&, const Units&) = default;
};
// True when no count of `need` exceeds that of `have`.
bool covers(const Units& have, const Units& need);

constexpr int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}
constexpr int64_t round_up_8(int64_t a) {
  return (a + 7) / 8 * 8;
}

// Products of sizes from untrusted graphs: at most 2^50, so that sums of them stay exact.
constexpr int64_t bounded_product(std::initializer_list<int64_t> factors) {
  constexpr int64_t kMost = int64_t{1} << 50;
  int64_t product = 1;
  for (int64_t factor : factors) {
    if (factor <= 0) return 0;
    product = product > kMost / factor ? kMost : product * factor;
  }
  return product;
}

// A dense layer's compute units each make the same number of features, a multiple of 8.
constexpr int64_t padded_features(int64_t features, int64_t sc) {
  return sc * round_up_8(ceil_div(features, sc));
}

// How a row travels: whole, or in windows of eight columns where the reader allows it.
enum class RowForm : uint8_t { full, partial };
// Bytes of one row of a tensor of `width` columns. Dense layers pad features, all others do not;
// a tensor of no width (a vector from a fully connected layer) is its features.
constexpr int64_t row_bytes(int64_t width, int64_t features, int64_t sc, bool dense, RowForm form) {
  const int64_t stored = dense && width > 0 ? padded_features(features, sc) : features;
  if (width <= 0) return stored;
  return (form == RowForm::full ? round_up_8(width) : 8) * stored;
}

// L3 cuts of one edge that holds `buffers` rows: rows share cuts unless each starts a new one.
constexpr int64_t edge_cuts(int64_t buffers, int64_t row, bool row_per_cut, int64_t cut_bytes) {
  return row_per_cut ? buffers * ceil_div(row, cut_bytes) : ceil_div(buffers * row, cut_bytes);
}

// L3 cuts for weights that the compute units cannot hold: the same number beside each of them.
constexpr int64_t weight_cuts(int64_t weight_bytes, int64_t sc, int64_t sc_weight_bytes,
                              int64_t cut_bytes) {
  const int64_t each = ceil_div(weight_bytes, sc);
  return each <= sc_weight_bytes ? 0 : sc * ceil_div(each - sc_weight_bytes, cut_bytes);
}

// Cuts that an edge takes at least: one window of eight columns, features padded to 8 at most.
constexpr int64_t least_edge_cuts(int64_t width, int64_t features, bool dense, int64_t cut_bytes) {
  return ceil_div(row_bytes(width, features, 1, dense, RowForm::partial), cut_bytes);
}

// Helper layers that join or divide `ends` edges when one layer takes `fan_out` of them: the inner
// nodes of a tree, its root included.
constexpr int64_t tree_layers(int64_t ends, int64_t fan_out) {
  return ends <= 1 ? 0 : ceil_div(ends - 1, fan_out - 1);
}
// Shortcut layers for `readers` of one tensor: the tree without its root, which is the writer.
constexpr int64_t shortcut_layers(int64_t readers, int64_t fan_out) {
  return readers <= fan_out ? 0 : tree_layers(readers, fan_out) - 1;
}

// Cycles of one compute unit for a convolution: it makes 8 columns of 8 features at once, one input
// feature and tap per cycle. Depthwise layers use one of the 8 features.
constexpr int64_t conv_cycles(int64_t height, int64_t width, int64_t features, int64_t taps,
                              int64_t in_features, int64_t groups) {
  return bounded_product({height, ceil_div(width, 8), groups, ceil_div(features / groups, 8),
                          in_features / groups, taps});
}

// Compute units of a layer so that it takes at most `cycles_each`: at least as many as hold its
// weights, as long as one physical layer has that many.
constexpr int64_t sc_for(int64_t cycles, int64_t weight_bytes, int64_t cycles_each,
                         const Chip& chip) {
  const int64_t speed = cycles <= cycles_each ? 1 : ceil_div(cycles, cycles_each);
  const int64_t room = ceil_div(weight_bytes, chip.sc_weight_bytes);
  return room <= chip.sc_per_layer && room > speed ? room : speed;
}

}  // namespace tessera
