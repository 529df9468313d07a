// The weights section of graph text, both ways. One line per stored array:
//   @1f0c88e0b65f3a2d 3 values 0.5 -1 0.25     up to 8 values, in decimal
//   @77c1a0e2d94b5f10 64 full 0                all values the same
//   @93b1f02c5d7e8a64 24576 base64 AACAPw...   little-endian float32
// A name is the hash of the content; a second array of equal content that shares no storage gets
// ".2" appended, so that parsing restores what was shared and what was not. Readers take any name.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/text_cursor.h"
#include "tessera/compiler/tensor.h"

namespace tessera {

class WeightWriter {
 public:
  // "@1f0c88e0b65f3a2d"; the array is remembered for text().
  const std::string& name_of(const Tensor& tensor);

  // The section's lines, in order of first use.
  std::string text() const;

 private:
  // By where the values lie: `weights_` holds each, so that no other comes to lie there.
  std::unordered_map<const float*, std::string> names_;
  std::unordered_map<std::string, int64_t> copies_;  // arrays of one hash
  std::vector<std::pair<std::string, Tensor>> weights_;
};

class WeightReader {
 public:
  // `limit_values` bounds all arrays together.
  explicit WeightReader(int64_t limit_values) : left_(limit_values) {}

  // One line.
  Result<void> read(TextCursor& cursor);

  // The array of that name (without '@'), or nullptr.
  const Tensor* find(std::string_view name) const;

 private:
  int64_t left_;
  std::unordered_map<std::string, Tensor> weights_;
};

}  // namespace tessera
