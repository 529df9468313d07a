#include "backends/cpu/memory_plan.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include <fmt/format.h>

#include "run/arena.h"

namespace tessera::cpu {
namespace {

// One touch of a value (views count for their root).
struct Use {
  size_t step = 0;
  bool write = false;
  bool whole = false;
};

class Placer {
 public:
  Placer(const Program& program, const Schedule& schedule)
      : program_(program),
        schedule_(schedule),
        uses_(program.values.size()),
        owner_(program.values.size()),
        local_(program.values.size(), false) {
    std::iota(owner_.begin(), owner_.end(), ValueId{0});
    collect_uses();
    find_local_values();
    share_overwritten();
  }

  Result<MemoryPlan> place(int64_t memory_limit_bytes) {
    MemoryPlan placement;
    placement.places.resize(program_.values.size());
    TESSERA_TRY_VOID(place_arena(placement, memory_limit_bytes));
    TESSERA_TRY_VOID(place_scratch(placement));
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      const Value& value = program_.values[id];
      MemorySlot& place = placement.places[id];
      if (value.root != id)
        place = placement.places[owner_of(value.root)];
      else
        place = placement.places[owner_of(id)];
      describe(value, place);
    }
    return placement;
  }

  bool in_arena(ValueId root) const { return !local_[root] && !uses_[root].empty(); }

 private:
  size_t pass_of(size_t step) const { return schedule_.pass_of[step]; }

  void collect_uses() {
    for (size_t i = 0; i < program_.steps.size(); ++i) {
      const Step& step = *program_.steps[i];
      for (const Read& read : step.reads) {
        const bool whole = read.reach == Reach::whole || step.serial;
        uses_[program_.values[read.value].root].push_back({i, false, whole});
      }
      for (ValueId value : step.writes) {
        uses_[program_.values[value].root].push_back({i, true, step.serial});
      }
    }
  }

  // Local: made and read tile by tile within one pass over one domain.
  void find_local_values() {
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      const Value& value = program_.values[id];
      if (value.root != id || value.blob_floats != 0 || value.persistent || uses_[id].empty()) {
        continue;
      }
      local_[id] = std::all_of(uses_[id].begin(), uses_[id].end(), [&](const Use& use) {
        return !use.whole && pass_of(use.step) == pass_of(uses_[id].front().step) &&
               program_.steps[use.step]->domain == value.domain;
      });
    }
  }

  // A step may take over the memory of an operand that nothing reads later and nothing else reads
  // out of order within the pass.
  void share_overwritten() {
    std::vector<bool> taken(program_.values.size(), false);
    for (size_t i = 0; i < program_.steps.size(); ++i) {
      const Step& step = *program_.steps[i];
      if (step.overwrites == kNoValue || step.writes.empty()) continue;
      const ValueId from = step.overwrites;
      const ValueId to = step.writes.front();
      const Value& a = program_.values[from];
      const Value& b = program_.values[to];
      if (a.root != from || b.root != to || a.persistent || a.channels != b.channels ||
          a.domain != b.domain || local_[from] != local_[to] || taken[from]) {
        continue;
      }
      const bool last = std::all_of(uses_[from].begin(), uses_[from].end(), [&](const Use& use) {
        if (pass_of(use.step) != pass_of(i)) return pass_of(use.step) < pass_of(i);
        return use.step <= i && !use.whole && program_.steps[use.step]->domain == step.domain;
      });
      if (!last) continue;
      taken[from] = true;
      owner_[to] = owner_of(from);
    }
  }

  ValueId owner_of(ValueId id) const { return owner_[id] == id ? id : owner_[id]; }

  size_t guarded_floats(const Value& value) const {
    return program_.floats(value) + 2 * simd::kGuardFloats;
  }

  // Memory of the values for which `wanted` holds, alive from their first to their last use in
  // units of `when(step)`. Returns the plan and the owners in its order.
  struct Lives {
    std::vector<BufferLife> lives;
    std::vector<ValueId> owners;
  };
  template <class Wanted, class When, class Floats>
  Lives lives(const Wanted& wanted, const When& when, const Floats& floats) const {
    std::vector<BufferLife> by_owner(program_.values.size(), {0, INT64_MAX, -1});
    for (ValueId id = 0; id < program_.values.size(); ++id) {
      if (program_.values[id].root != id || uses_[id].empty() || !wanted(id)) continue;
      BufferLife& life = by_owner[owner_of(id)];
      life.size_bytes = static_cast<int64_t>(floats(program_.values[id]) * sizeof(float));
      for (const Use& use : uses_[id]) {
        const auto now = static_cast<int64_t>(when(use.step));
        life.first_step = std::min(life.first_step, now);
        life.last_step = std::max(life.last_step, now);
      }
      if (program_.values[id].persistent) {
        life.first_step = 0;
        life.last_step = static_cast<int64_t>(schedule_.passes.size());
      }
    }
    Lives result;
    for (ValueId id = 0; id < by_owner.size(); ++id) {
      if (by_owner[id].last_step >= 0) result.owners.push_back(id);
    }
    std::stable_sort(result.owners.begin(), result.owners.end(), [&](ValueId a, ValueId b) {
      return by_owner[a].first_step < by_owner[b].first_step;
    });
    for (ValueId id : result.owners) result.lives.push_back(by_owner[id]);
    return result;
  }

  Result<void> place_arena(MemoryPlan& placement, int64_t memory_limit_bytes) {
    const Lives arena =
        lives([&](ValueId id) { return !local_[id]; }, [&](size_t step) { return pass_of(step); },
              [&](const Value& value) { return guarded_floats(value); });
    TESSERA_TRY(const ArenaPlan plan, plan_arena(arena.lives, memory_limit_bytes));
    placement.arena = simd::AlignedBuffer(static_cast<size_t>(plan.size_bytes) / sizeof(float));
    if (placement.arena.data() == nullptr) {
      return TESSERA_ERROR(kResourceLimit, "cpu backend",
                           fmt::format("{} bytes for activations cannot be had", plan.size_bytes),
                           "process a shorter input, or in windows");
    }
    for (size_t i = 0; i < arena.owners.size(); ++i) {
      placement.places[arena.owners[i]].base =
          placement.arena.data() + static_cast<size_t>(plan.offsets[i]) / sizeof(float) +
          simd::kGuardFloats;
    }
    return {};
  }

  // Scratch is one tile of each local value; a pass starts afresh.
  Result<void> place_scratch(MemoryPlan& placement) {
    const auto tile_floats = [&](const Value& value) {
      return value.channels * program_.tile_frames + 2 * simd::kGuardFloats;
    };
    for (size_t pass = 0; pass < schedule_.passes.size(); ++pass) {
      const Lives scratch =
          lives([&](ValueId id) { return local_[id] && pass_of(uses_[id][0].step) == pass; },
                [](size_t step) { return step; }, tile_floats);
      TESSERA_TRY(const ArenaPlan plan, plan_arena(scratch.lives, 0));
      placement.scratch_floats =
          std::max(placement.scratch_floats, static_cast<size_t>(plan.size_bytes) / sizeof(float));
      for (size_t i = 0; i < scratch.owners.size(); ++i) {
        placement.places[scratch.owners[i]].scratch_offset =
            static_cast<size_t>(plan.offsets[i]) / sizeof(float) + simd::kGuardFloats;
      }
    }
    return {};
  }

  void describe(const Value& value, MemorySlot& place) const {
    const Value& root = program_.values[value.root];
    const size_t frames = program_.tile_frames;
    place.root_channels = root.channels;
    place.tile_floats = root.channels * frames;
    place.plane_floats = program_.tiles(root.domain) * place.tile_floats;
    const size_t offset = value.first_channel * frames;
    if (place.base != nullptr) {
      place.base += offset;
    } else {
      place.scratch_offset += offset;
    }
  }

  const Program& program_;
  const Schedule& schedule_;
  std::vector<std::vector<Use>> uses_;  // by root
  std::vector<ValueId> owner_;          // whose memory a root uses
  std::vector<bool> local_;             // by root
};

void note_fetches(const Program& program, const Placer& placer, Group& group) {
  std::vector<ValueId> made_here;
  for (const Step* step : group.steps) {
    for (const Read& read : step->reads) {
      const Value& value = program.values[read.value];
      const bool bounded = read.reach == Reach::tile || read.lead_frames != 0;
      if (!bounded || value.blob_floats != 0 || value.domain != group.domain ||
          !placer.in_arena(value.root) ||
          std::find(made_here.begin(), made_here.end(), value.root) != made_here.end()) {
        continue;
      }
      const auto tiles = [&](size_t frames) {
        return 1 + simd::tile_count(frames, program.tile_frames);
      };
      const bool known = std::any_of(group.fetches.begin(), group.fetches.end(),
                                     [&](const Group::Fetch& f) { return f.value == read.value; });
      if (!known)
        group.fetches.push_back({read.value, tiles(read.lead_frames), tiles(read.lag_frames)});
    }
    for (ValueId id : step->writes) made_here.push_back(program.values[id].root);
  }
  const auto longest =
      std::max_element(group.steps.begin(), group.steps.end(),
                       [](const Step* a, const Step* b) { return a->work() < b->work(); });
  group.fetcher = static_cast<size_t>(longest - group.steps.begin());
}

}  // namespace

Result<MemoryPlan> plan_memory(const Program& program, Schedule& schedule,
                               int64_t memory_limit_bytes) {
  Placer placer(program, schedule);
  for (Pass& pass : schedule.passes) {
    for (Group& group : pass.groups) note_fetches(program, placer, group);
  }
  return placer.place(memory_limit_bytes);
}

}  // namespace tessera::cpu
