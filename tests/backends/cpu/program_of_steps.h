// Programs without kernels, for tests of schedules and of memory.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "backends/cpu/program.h"
#include "support/random_values.h"

namespace tessera::cpu::test {

// Writes its own number into every float of what it writes; expects of everything that it reads the
// number of the step that wrote it last in the program.
struct TaggingStep : Step {
  const Program* program = nullptr;
  float tag = 0;
  std::vector<float> expected;  // follow `reads`
  mutable int64_t wrong = 0;    // floats that held another number

  void run(const TileContext& context) const override {
    for (size_t i = 0; i < reads.size(); ++i) check(context, reads[i], expected[i]);
    for (ValueId id : writes) fill(context, id);
  }

 private:
  // The floats of one tile of a value.
  std::pair<float*, size_t> tile(const TileContext& context, ValueId id, size_t plane,
                                 size_t tile) const {
    TileContext there = context;
    there.plane = plane;
    there.tile = tile;
    const Value& value = program->values[id];
    const size_t floats =
        value.blob_floats != 0 ? value.blob_floats : value.channels * program->tile_frames;
    return {there.tile_of(id), floats};
  }

  // Every tile that a value has; a blob counts as one.
  template <class F>
  void each_tile(const TileContext& context, ValueId id, const F& visit) const {
    const Value& value = program->values[id];
    const bool blob = value.blob_floats != 0;
    for (size_t p = 0; p < (blob ? 1 : value.domain.planes); ++p) {
      for (size_t t = 0; t < (blob ? 1 : program->tiles(value.domain)); ++t)
        visit(tile(context, id, p, t));
    }
  }

  void check(const TileContext& context, const Read& read, float tag_of_writer) const {
    const auto count = [&](std::pair<float*, size_t> floats) {
      for (size_t i = 0; i < floats.second; ++i) wrong += floats.first[i] != tag_of_writer ? 1 : 0;
    };
    if (serial || read.reach == Reach::whole) return each_tile(context, read.value, count);
    count(tile(context, read.value, context.plane, context.tile));
  }

  void fill(const TileContext& context, ValueId id) const {
    const auto set = [&](std::pair<float*, size_t> floats) {
      std::fill_n(floats.first, floats.second, tag);
    };
    if (serial) return each_tile(context, id, set);
    set(tile(context, id, context.plane, context.tile));
  }
};

// Adds values and steps; the last writer of every value is known.
class ProgramBuilder {
 public:
  ProgramBuilder() { program_.tile_frames = 16; }

  ValueId value(Domain domain, size_t channels) {
    const auto id = static_cast<ValueId>(program_.values.size());
    program_.values.push_back({.domain = domain, .channels = channels, .root = id});
    return id;
  }
  ValueId blob(size_t floats) {
    const ValueId id = value({}, 0);
    program_.values[id].blob_floats = floats;
    return id;
  }
  ValueId view(ValueId of, size_t first_channel, size_t channels) {
    const ValueId id = value(program_.values[of].domain, channels);
    program_.values[id].root = program_.values[of].root;
    program_.values[id].first_channel = program_.values[of].first_channel + first_channel;
    return id;
  }

  // A step over the domain of what it writes.
  TaggingStep& step(std::vector<Read> reads, std::vector<ValueId> writes, bool serial = false) {
    auto made = std::make_unique<TaggingStep>();
    made->tag = static_cast<float>(program_.steps.size() + 1);
    tag_of_.resize(program_.values.size());
    for (const Read& read : reads)
      made->expected.push_back(tag_of_[program_.values[read.value].root]);
    for (ValueId id : writes) tag_of_[program_.values[id].root] = made->tag;
    made->domain = program_.values[writes.front()].domain;
    made->serial = serial;
    made->reads = std::move(reads);
    made->writes = std::move(writes);
    TaggingStep& result = *made;
    program_.steps.push_back(std::move(made));
    return result;
  }

  // Of everything added; the builder is empty afterwards.
  std::unique_ptr<Program> build() {
    auto program = std::make_unique<Program>(std::move(program_));
    for (const auto& step : program->steps)
      static_cast<TaggingStep&>(*step).program = program.get();
    return program;
  }

 private:
  Program program_;
  std::vector<float> tag_of_;  // by root: of the step that wrote it last
};

// Steps that read earlier values tile by tile or whole, over two domains, some serial, some in the
// memory of an operand; what nobody reads goes to the last step.
inline std::unique_ptr<Program> random_program(uint32_t seed) {
  tessera::test::Random random(seed);
  ProgramBuilder builder;
  const Domain domains[] = {{1, 100}, {2, 37}};
  std::vector<std::pair<ValueId, Domain>> made;
  const auto count = random.integer(3, 25);
  for (int64_t i = 0; i < count; ++i) {
    const Domain domain = domains[random.chance(0.2) ? 1 : 0];
    std::vector<Read> reads;
    std::vector<size_t> tile_reads;
    for (int64_t k = random.integer(0, 3); k > 0 && !made.empty(); --k) {
      const auto& [value, of] = made[static_cast<size_t>(
          random.integer(std::max<int64_t>(0, static_cast<int64_t>(made.size()) - 4),
                         static_cast<int64_t>(made.size()) - 1))];
      const bool whole = of != domain || random.chance(0.3);
      if (!whole) tile_reads.push_back(reads.size());
      reads.push_back({value, whole ? Reach::whole : Reach::tile});
    }
    const ValueId value = builder.value(domain, static_cast<size_t>(random.integer(1, 3)));
    const bool serial = random.chance(0.1);
    TaggingStep& step = builder.step(reads, {value}, serial);
    if (!serial && !tile_reads.empty() && random.chance(0.5))
      step.overwrites = reads[tile_reads.front()].value;
    made.emplace_back(value, domain);
  }
  std::vector<Read> all;
  for (const auto& [value, domain] : made) {
    if (random.chance(0.3)) all.push_back({value, Reach::whole});
  }
  builder.step(all, {builder.value(domains[0], 1)});
  return builder.build();
}

}  // namespace tessera::cpu::test
