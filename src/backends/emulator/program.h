// A loaded network: its values in one arena and the steps that make them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/threads/thread_pool.h"
#include "base/threads/work_queue.h"
#include "kernels/ref/integer_kernels.h"
#include "kernels/simd/integer/kernels.h"
#include "run/arena.h"
#include "tessera/backend.h"

namespace tessera::emulator {

// Channels `first` .. of another value, in that value's memory.
struct Part {
  size_t value = 0;
  int64_t first = 0;
};

// One value of the graph: codes if it has a coding, else floats; [C, H, W] row-major.
struct Value {
  Shape shape;
  std::optional<integer::Coding> coding;
  std::optional<Part> part_of;
  const void* data = nullptr;  // to read
  void* memory = nullptr;      // to write; null for inputs and constants

  simd::Format format() const {
    if (!coding) return simd::Format::kFloat;
    return coding->is_int16 ? simd::Format::kCode16 : simd::Format::kCode8;
  }
  int64_t element_bytes() const { return static_cast<int64_t>(simd::bytes_of(format())); }
  int64_t bytes() const { return shape.size() * element_bytes(); }
  reference::Source floats() const { return {static_cast<const float*>(data), shape}; }
  reference::Target float_target() const { return {static_cast<float*>(memory), shape}; }
  // Row h of channel c.
  const void* row(int64_t c, int64_t h = 0) const {
    return static_cast<const std::byte*>(data) + (c * shape.h + h) * shape.w * element_bytes();
  }
  void* target_row(int64_t c, int64_t h = 0) const {
    return static_cast<std::byte*>(memory) + (c * shape.h + h) * shape.w * element_bytes();
  }
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
  if (coding.is_int16) {
    visit(integer::Code16{});
  } else {
    visit(integer::Code8{});
  }
}

// Makes one value from others, in items that any thread may take in any order. Allocates nothing
// while running.
class Step {
 public:
  virtual ~Step() = default;
  virtual void run(int64_t item, std::byte* scratch) = 0;
  // Forgets what it carries from run to run.
  virtual void reset() {}

  int64_t items = 1;
  int64_t scratch_bytes = 0;  // of each thread; aligned as the arena is
  // Above 0: item i makes channels i*n .. i*n + n - 1 of the result, n being this number, and of
  // operands with as many channels reads no others. Such steps follow one another item by item.
  int64_t channels_per_item = 0;
};

struct LoweredStep {
  std::unique_ptr<Step> step;
  std::vector<size_t> operands;  // values
  std::optional<size_t> result;
};

// Values by node id, plus one behind them for the floats of every graph input and output, and some
// between steps.
struct Lowered {
  std::vector<Value> values;
  std::vector<LoweredStep> steps;
  std::vector<size_t> inputs;   // the values that hold the floats given
  std::vector<size_t> outputs;  // the values that hold the floats asked for
  std::vector<Tensor> constants;
};

// Pointers into `values` are kept by the steps: the vector never changes again. `carried` as
// Segment's.
Result<std::unique_ptr<Lowered>> lower(const Graph& graph, const Encodings& encodings,
                                       const simd::IntegerKernels& kernels,
                                       const CarriedNodes* carried);

struct ProgramOptions {
  size_t threads = 1;
  int64_t memory_limit_bytes = 0;
};

class Program : public Executable {
 public:
  static Result<std::unique_ptr<Executable>> load(const Segment& segment,
                                                  const simd::IntegerKernels& kernels,
                                                  const ProgramOptions& options);
  explicit Program(size_t threads) : pool_(threads), queue_(pool_.size()) {}
  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override;
  void reset() override;
  void trim() override { arena_.trim(); }
  int64_t arena_bytes() const override { return arena_.size_bytes() + scratch_.size_bytes(); }

 private:
  // Steps first .. last - 1, which every item runs through.
  struct Group {
    size_t first = 0;
    size_t last = 0;
    int64_t items = 0;
  };

  void group_steps();
  bool joins(const Group& group, const LoweredStep& next) const;
  Result<void> place_values(int64_t memory_limit_bytes);
  size_t storage_of(size_t value) const;
  void find_borders(std::span<const ConstValues> inputs, std::span<const Values> outputs);
  void work(size_t thread);
  void begin_group();

  Signature signature_;
  std::unique_ptr<Lowered> lowered_;
  std::vector<Group> groups_;
  Arena arena_;
  Arena scratch_;
  int64_t scratch_bytes_ = 0;  // of each thread
  size_t group_ = 0;           // that is running
  cpu::ThreadPool pool_;
  cpu::WorkQueue queue_;
};

}  // namespace tessera::emulator
