// A loaded network: its values in one arena and the steps that make them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "kernels/ref/integer_kernels.h"
#include "run/arena.h"
#include "tessera/backend.h"
#include "tessera/signature.h"

namespace tessera::emulator {

// One value of the graph: codes if it has a coding, else floats.
struct Value {
  Shape shape;
  std::optional<integer::Coding> coding;
  const void* data = nullptr;  // to read
  void* memory = nullptr;      // to write; null for inputs and constants

  int64_t bytes() const {
    return shape.size() * (coding ? coding->code_bytes() : static_cast<int64_t>(sizeof(float)));
  }
  reference::Source floats() const { return {static_cast<const float*>(data), shape}; }
  reference::Target float_target() const { return {static_cast<float*>(memory), shape}; }
  template <typename Code>
  integer::CodeSource<Code> codes() const {
    return {static_cast<const Code*>(data), shape};
  }
  template <typename Code>
  integer::CodeTarget<Code> code_target() const {
    return {static_cast<Code*>(memory), shape};
  }
};

// Calls visit with a value of the code type: with_code(coding, [&]<typename Code>(Code) {...}).
template <typename Visit>
void with_code(const integer::Coding& coding, Visit&& visit) {
  if (coding.wide) {
    visit(integer::Code16{});
  } else {
    visit(integer::Code8{});
  }
}

// Makes one value from others. Allocates nothing while running.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run() = 0;

  // Bytes needed while running, and where they are.
  int64_t scratch_bytes = 0;
  std::byte* scratch = nullptr;
};

struct LoweredStep {
  std::unique_ptr<Step> step;
  std::vector<size_t> operands;  // values
  size_t result = 0;
};

// Values by node id, plus one behind them for every encoded graph input: its floats.
struct Lowered {
  std::vector<Value> values;
  std::vector<LoweredStep> steps;
  std::vector<size_t> inputs;   // the values that hold the floats given
  std::vector<size_t> outputs;  // the values asked for
  std::vector<Tensor> constants;
};

// Pointers into `values` are kept by the steps: the vector never changes again.
Result<std::unique_ptr<Lowered>> lower(const Graph& graph, const Encodings& encodings);

class Program : public Executable {
 public:
  static Result<std::unique_ptr<Executable>> load(const Graph& graph, const Encodings& encodings,
                                                  int64_t memory_limit_bytes);
  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override;
  int64_t arena_bytes() const override { return arena_.size_bytes(); }

 private:
  Result<void> place_values(int64_t memory_limit_bytes);

  Signature signature_;
  std::unique_ptr<Lowered> lowered_;
  Arena arena_;
};

}  // namespace tessera::emulator
