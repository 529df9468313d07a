#include "backends/cpu/executable.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "backends/cpu/memory_plan.h"
#include "backends/cpu/schedule.h"
#include "base/threads/thread_pool.h"
#include "base/threads/work_queue.h"

namespace tessera::cpu {
namespace {

class CpuExecutable : public Executable {
 public:
  CpuExecutable(Lowered lowered, const simd::Kernels& kernels, size_t threads)
      : lowered_(std::move(lowered)), kernels_(kernels), pool_(threads) {}

  Result<void> prepare(int64_t memory_limit_bytes) {
    schedule_ = make_schedule(program());
    TESSERA_TRY(placement_, plan_memory(program(), schedule_, memory_limit_bytes));
    for (size_t i = 0; i < pool_.size(); ++i) {
      scratch_.emplace_back(placement_.scratch_floats);
      if (scratch_.back().data() == nullptr) {
        return TESSERA_ERROR(kResourceLimit, "cpu backend", "scratch memory cannot be had",
                             "use fewer threads");
      }
    }
    size_t groups = 1;
    for (const Pass& pass : schedule_.passes) groups = std::max(groups, pass.groups.size());
    for (size_t i = 0; i < groups; ++i) queues_.emplace_back(pool_.size());
    fill_constants();
    return {};
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(lowered_.signature, inputs, outputs));
    if (trimmed_) fill_constants();
    trimmed_ = false;
    inputs_ = inputs;
    outputs_ = outputs;
    pass_ = 0;
    begin_pass();
    pool_.run([](size_t thread, void* self) { static_cast<CpuExecutable*>(self)->work(thread); },
              this);
    return {};
  }

  void trim() override {
    placement_.arena.trim();
    trimmed_ = true;
  }

  int64_t arena_bytes() const override {
    return static_cast<int64_t>(
        (placement_.arena.size() + placement_.scratch_floats * pool_.size()) * sizeof(float));
  }

 private:
  const Program& program() const { return lowered_.program; }

  void fill_constants() {
    for (const auto& [id, tensor] : lowered_.constants) {
      const MemorySlot& place = placement_.places[id];
      const Value& value = program().values[id];
      if (place.base == nullptr) continue;  // nobody reads it
      const size_t frames = program().tile_frames;
      for (size_t c = 0; c < value.channels; ++c) {
        for (size_t h = 0; h < value.domain.planes; ++h) {
          const float* const row =
              tensor.data() + (c * value.domain.planes + h) * value.domain.frames;
          float* const plane = place.base + h * place.plane_floats + c * frames;
          for (size_t t = 0; t < value.domain.frames; ++t) {
            plane[t / frames * place.tile_floats + t % frames] = row[t];
          }
        }
      }
    }
  }

  TileContext context(size_t thread) {
    return {.kernels = kernels_,
            .places = placement_.places,
            .scratch = scratch_[thread].data(),
            .plane = 0,
            .tile = 0,
            .valid_frames = 0,
            .ahead = {},
            .inputs = inputs_,
            .outputs = outputs_};
  }

  // By one thread, while the others wait.
  void begin_pass() {
    if (pass_ == schedule_.passes.size()) return;
    const Pass& pass = schedule_.passes[pass_];
    const TileContext serial = context(0);
    for (const Step* step : pass.serial) step->run(serial);
    for (size_t i = 0; i < pass.groups.size(); ++i) {
      const Domain& domain = pass.groups[i].domain;
      queues_[i].reset(domain.planes * program().tiles(domain), pass.backwards);
    }
  }

  void work(size_t thread) {
    TileContext context = this->context(thread);
    for (const Pass& pass : schedule_.passes) {
      for (size_t i = 0; i < pass.groups.size(); ++i) {
        for (size_t tile = 0; queues_[i].take(thread, tile);) {
          run_tile(pass.groups[i], tile, pass.backwards, context);
        }
      }
      pool_.barrier(
          [](void* self) {
            auto* const executable = static_cast<CpuExecutable*>(self);
            ++executable->pass_;
            executable->begin_pass();
          },
          this);
    }
  }

  void run_tile(const Group& group, size_t index, bool backwards, TileContext& context) const {
    const size_t tiles = program().tiles(group.domain);
    const size_t frames = program().tile_frames;
    context.plane = index / tiles;
    context.tile = index % tiles;
    context.valid_frames = std::min(frames, group.domain.frames - context.tile * frames);
    std::array<simd::Ahead, kMaxFetches> ahead;
    const size_t fetches = look_ahead(group, context, tiles, backwards, ahead);
    for (size_t i = 0; i < group.steps.size(); ++i) {
      context.ahead = {ahead.data(), i == group.fetcher ? fetches : 0};
      group.steps[i]->run(context);
    }
  }

  static constexpr size_t kMaxFetches = 8;

  size_t look_ahead(const Group& group, const TileContext& context, size_t tiles, bool backwards,
                    std::array<simd::Ahead, kMaxFetches>& ahead) const {
    size_t count = 0;
    for (const Group::Fetch& fetch : group.fetches) {
      const size_t distance = backwards ? fetch.lag_tiles : fetch.lead_tiles;
      const size_t left = backwards ? context.tile : tiles - 1 - context.tile;
      if (distance > left || count == kMaxFetches) continue;
      const size_t floats = distance * placement_.places[fetch.value].tile_floats;
      const float* const tile = context.tile_of(fetch.value);
      ahead[count++] = {backwards ? tile - floats : tile + floats,
                        program().values[fetch.value].channels * program().tile_frames};
    }
    return count;
  }

  Lowered lowered_;
  simd::Kernels kernels_;
  Schedule schedule_;
  MemoryPlan placement_;
  std::vector<simd::AlignedBuffer> scratch_;  // by thread
  // By group of the pass. Sums are kept per tile, so that who did what changes nothing.
  std::vector<WorkQueue> queues_;
  std::span<const ConstValues> inputs_;
  std::span<const Values> outputs_;
  size_t pass_ = 0;
  bool trimmed_ = false;  // constants, which lie in the arena, are gone
  ThreadPool pool_;
};

}  // namespace

Result<std::unique_ptr<Executable>> make_executable(Lowered lowered, const simd::Kernels& kernels,
                                                    const ExecutableOptions& options) {
  auto executable = std::make_unique<CpuExecutable>(std::move(lowered), kernels, options.threads);
  TESSERA_TRY_VOID(executable->prepare(options.memory_limit_bytes));
  return std::unique_ptr<Executable>(std::move(executable));
}

}  // namespace tessera::cpu
