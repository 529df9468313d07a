// An input or output of a piece and the stream of the compiled file that carries it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/hailo/hailort_api.h"
#include "kernels/ref/coding.h"
#include "tessera/backend.h"
#include "tessera/result.h"

namespace tessera::hailort {

// What the piece says of a port.
struct Port {
  std::string name;
  Shape shape;
  std::optional<integer::Coding> coding;  // of the package; none: the compiled file's own
};
struct Ports {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};
Ports ports_of(const Graph& graph, const Encodings* encodings);

// The codes of a port's stream: the package's where it has any. Both must then be the same, scale
// by scale: what the chip computes would not be the packaged network. Errors, `subject` the piece:
// kMismatch naming both; kUnsupported for a stream that carries no codes or has another shape.
Result<integer::Coding> agreed_coding(const Port& port, const StreamInfo& stream,
                                      std::span<const QuantInfo> quant, const std::string& subject);

// Floats [C, H, W] to codes in the order of HailoRT's hosts, [H, W, C], of 8 or 16 unsigned bits,
// and back. `codes` holds shape.size() codes.
class CodeFrame {
 public:
  CodeFrame(const Shape& shape, integer::Coding coding);
  int64_t bytes() const { return shape_.size() * coding_.code_bytes(); }
  void from_floats(ConstValues values, std::span<std::byte> codes);
  void to_floats(std::span<const std::byte> codes, Values values);

 private:
  template <typename Code, typename Wire>
  void write_codes(ConstValues values, Wire* codes);
  template <typename Code, typename Wire>
  void read_codes(const Wire* codes, Values values);

  Shape shape_;
  integer::Coding coding_;
  std::vector<std::byte> planes_;  // codes [C, H, W] as kernels have them
};

}  // namespace tessera::hailort
