// A piece as the chip's allocator sees it: physical layers and the values between them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/compiler/chip_placement.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"

namespace tessera {

struct PhysicalLayer {
  std::string name;
  std::string node;
  LayerKind kind = LayerKind::operation;
  int64_t weight_bytes = 0;
  int64_t cycles = 0;  // of one compute unit
  bool dense = false;  // pads its features per compute unit
  int64_t extra_cuts = 0;
  std::vector<int32_t> reads;  // values
};

struct PhysicalValue {
  struct Reader {
    int32_t layer = 0;
    int64_t rows = 0;  // that wait for it
  };
  int32_t writer = -1;  // layer; -1: the host
  int64_t width = 0;
  int64_t features = 0;
  bool output = false;
  std::vector<Reader> readers;
};

struct PhysicalNetwork {
  std::vector<PhysicalLayer> layers;  // in order of execution
  std::vector<PhysicalValue> values;
};

PhysicalNetwork physical_network(const Graph& piece, const Target& target);

}  // namespace tessera
