#include "tessera/session.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/stopwatch.h"
#include "run/host_group.h"
#include "run/piece_loading.h"
#include "run/tile_copy.h"
#include "run/value_store.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

// What groups of host steps may hold together between their turns.
constexpr int64_t kKeptHostBytes = int64_t{256} << 20;

// What a piece's executable reads and writes in each call.
struct LoadedPiece {
  std::unique_ptr<Executable> executable;
  size_t device = 0;  // its PieceDevice
  int64_t begun = 0;  // evaluations that are not finished
  Tiling tiling;
  std::vector<int64_t> read_frames;
  int64_t write_frames = 0;
  std::vector<int64_t> input_sizes;
  std::vector<int64_t> output_sizes;
  // In Staging, once every piece is known.
  std::vector<Values> inputs;
  std::vector<ConstValues> input_views;
  std::vector<Values> outputs;
};

// What pieces read and write, one call after another in the same memory.
class Staging {
 public:
  void make_room(const LoadedPiece& piece) {
    int64_t needed = 0;
    for (int64_t size : piece.input_sizes) needed += size;
    for (int64_t size : piece.output_sizes) needed += size;
    size_ = std::max(size_, needed);
  }
  void allocate() { memory_.resize(static_cast<size_t>(size_)); }
  void assign(LoadedPiece& piece) {
    float* next = memory_.data();
    const auto take = [&](int64_t size) {
      const Values values(next, static_cast<size_t>(size));
      next += size;
      return values;
    };
    for (int64_t size : piece.input_sizes) piece.inputs.push_back(take(size));
    for (int64_t size : piece.output_sizes) piece.outputs.push_back(take(size));
    piece.input_views.assign(piece.inputs.begin(), piece.inputs.end());
  }
  int64_t size_bytes() const { return size_ * static_cast<int64_t>(sizeof(float)); }

 private:
  int64_t size_ = 0;
  std::vector<float> memory_;
};

// One step: a segment with its pieces, or a group of host steps.
struct LoadedStep {
  std::vector<NodeId> reads;
  std::vector<NodeId> writes;
  std::vector<NodeId> last_reads;  // values that no later step reads
  // Segments.
  std::vector<LoadedPiece> pieces;
  std::vector<PieceCall> calls;
  // Host groups.
  std::unique_ptr<Executable> host;
  std::vector<ConstValues> input_views;
  std::vector<Values> output_views;
};

LoadedPiece describe_piece(const ChipSegment& segment, const Piece& piece,
                           std::unique_ptr<Executable> executable) {
  LoadedPiece loaded;
  loaded.executable = std::move(executable);
  loaded.tiling = segment.tiling;
  loaded.read_frames = piece.frames;
  for (NodeId id : piece.graph.inputs()) {
    loaded.input_sizes.push_back(piece.graph.node(id).shape.size());
  }
  for (const GraphOutput& output : piece.graph.outputs()) {
    const Shape& shape = piece.graph.node(output.node).shape;
    loaded.write_frames = loaded.tiling.layout == Layout::stripes ? shape.h : shape.w;
    loaded.output_sizes.push_back(shape.size());
  }
  return loaded;
}

class Stitched final : public StitchedExecutable {
 public:
  Result<void> prepare(const Plan& plan, const PieceLoader& loader, HostSteps host_steps) {
    graph_ = plan.graph;
    signature_ = signature_of(graph_);
    std::vector<NodeId> host_nodes;
    for (const Step& step : plan.steps) {
      if (const auto* host = std::get_if<HostStep>(&step)) {
        if (graph_.get_if<Input>(host->node) == nullptr) host_nodes.push_back(host->node);
        if (host_steps == HostSteps::together) continue;
        TESSERA_TRY_VOID(add_host_group(host_nodes, loader));
        host_nodes.clear();
        continue;
      }
      TESSERA_TRY_VOID(add_host_group(host_nodes, loader));
      host_nodes.clear();
      TESSERA_TRY_VOID(add_segment(
          plan.segments[static_cast<size_t>(std::get<SegmentStep>(step).segment)], loader));
    }
    TESSERA_TRY_VOID(add_host_group(host_nodes, loader));
    staging_.allocate();
    for (LoadedStep& step : steps_) {
      for (LoadedPiece& piece : step.pieces) staging_.assign(piece);
    }
    return plan_values();
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
    for (size_t i = 0; i < inputs.size(); ++i) {
      std::copy(inputs[i].begin(), inputs[i].end(), values_.at(graph_.inputs()[i]).begin());
    }
    timing_ = {};
    for (PieceDevice& device : devices_) {
      device.calls = 0;
      device.seconds = 0;
    }
    for (LoadedStep& step : steps_) {
      TESSERA_TRY_VOID(step.host ? run_host(step) : run_segment(step));
      if (observer_) {
        for (NodeId id : step.writes) observer_(graph_.node(id), values_.at(id));
      }
      if (trims()) {
        for (NodeId id : step.last_reads) values_.trim(id);
      }
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Values value = values_.at(graph_.outputs()[i].node);
      std::copy(value.begin(), value.end(), outputs[i].begin());
    }
    return {};
  }

  int64_t arena_bytes() const override {
    return values_.size_bytes() + staging_.size_bytes() + piece_bytes_ +
           (trims() ? most_host_bytes_ : host_bytes_);
  }
  void observe(ValueCallback observer) override { observer_ = std::move(observer); }
  int64_t chip_calls() const override { return chip_calls_; }
  const StitchedTiming& timing() const override { return timing_; }
  const std::vector<PieceDevice>& devices() const override { return devices_; }

 private:
  // Over long sequences, what all groups of host steps and dead values hold together would be many
  // times what one step needs.
  bool trims() const { return host_bytes_ > kKeptHostBytes; }

  Result<void> add_host_group(const std::vector<NodeId>& nodes, const PieceLoader& loader) {
    if (nodes.empty()) return {};
    TESSERA_TRY(HostGroup group, make_host_group(graph_, nodes));
    if (group.writes.empty()) return {};
    LoadedStep step;
    TESSERA_TRY(step.host, loader.load_host_steps(group.graph));
    host_bytes_ += step.host->arena_bytes();
    most_host_bytes_ = std::max(most_host_bytes_, step.host->arena_bytes());
    step.reads = std::move(group.reads);
    step.writes = std::move(group.writes);
    steps_.push_back(std::move(step));
    return {};
  }

  Result<void> add_segment(const ChipSegment& segment, const PieceLoader& loader) {
    LoadedStep step;
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(PieceOnDevice placed, loader.load_piece(piece));
      LoadedPiece loaded = describe_piece(segment, piece, std::move(placed.executable));
      loaded.device = devices_.size();
      devices_.push_back(std::move(placed.device));
      piece_bytes_ += loaded.executable->arena_bytes();
      staging_.make_room(loaded);
      step.pieces.push_back(std::move(loaded));
    }
    step.reads = segment.reads;
    step.writes = segment.writes;
    step.calls = segment.calls;
    chip_calls_ += static_cast<int64_t>(segment.calls.size());
    steps_.push_back(std::move(step));
    return {};
  }

  // A value lives from the step that makes it to the last that reads it; inputs from the start,
  // outputs to the end.
  Result<void> plan_values() {
    std::map<NodeId, ValueStore::Life> lives;
    const auto touch = [&](NodeId id, int64_t step) {
      auto& life = lives.try_emplace(id, ValueStore::Life{id, step, step}).first->second;
      life.first_step = std::min(life.first_step, step);
      life.last_step = std::max(life.last_step, step);
    };
    const auto last = static_cast<int64_t>(steps_.size());
    for (NodeId id : graph_.inputs()) touch(id, 0);
    std::vector<NodeId> constants;  // that segments read: nobody makes them, they are there
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (NodeId id : steps_[i].reads) {
        touch(id, static_cast<int64_t>(i));
        if (graph_.get_if<Constant>(id) == nullptr) continue;
        touch(id, 0);
        touch(id, last);
        constants.push_back(id);
      }
      for (NodeId id : steps_[i].writes) touch(id, static_cast<int64_t>(i));
    }
    for (const GraphOutput& output : graph_.outputs()) touch(output.node, last);
    std::vector<ValueStore::Life> list;
    for (const auto& [id, life] : lives) {
      list.push_back(life);
      if (life.last_step < last)
        steps_[static_cast<size_t>(life.last_step)].last_reads.push_back(id);
    }
    TESSERA_TRY(values_, ValueStore::create(graph_, std::move(list)));
    for (NodeId id : constants) {
      const auto values = graph_.get_if<Constant>(id)->value.values();
      std::copy(values.begin(), values.end(), values_.at(id).begin());
    }
    for (LoadedStep& step : steps_) {
      for (NodeId id : step.reads) step.input_views.push_back(values_.at(id));
      for (NodeId id : step.writes) step.output_views.push_back(values_.at(id));
    }
    return {};
  }

  Result<void> run_host(LoadedStep& step) {
    const Stopwatch watch;
    TESSERA_TRY_VOID(step.host->run(step.input_views, step.output_views));
    if (trims()) step.host->trim();
    timing_.host += watch.seconds();
    return {};
  }

  Result<void> run_segment(LoadedStep& step) {
    const Stopwatch whole;
    const double pieces_before = timing_.pieces;
    Result<void> done = run_calls(step);
    if (!done) {
      for (LoadedPiece& piece : step.pieces) {
        if (piece.begun > 0) piece.executable->reset();
        piece.begun = 0;
      }
    }
    timing_.copies += whole.seconds() - (timing_.pieces - pieces_before);
    return done;
  }

  // Calls read what earlier steps made and write apart from each other, so that executables with a
  // queue work on some while the tiles of the next are gathered. Finished in their order.
  Result<void> run_calls(LoadedStep& step) {
    std::deque<const PieceCall*> begun;
    const auto finish_first = [&]() -> Result<void> {
      const PieceCall& call = *begun.front();
      begun.pop_front();
      LoadedPiece& piece = step.pieces[static_cast<size_t>(call.piece)];
      --piece.begun;
      TESSERA_TRY_VOID(timed(piece, [&] { return piece.executable->finish(piece.outputs); }));
      scatter(step, piece, call);
      return {};
    };
    for (const PieceCall& call : step.calls) {
      LoadedPiece& piece = step.pieces[static_cast<size_t>(call.piece)];
      const int64_t depth = piece.executable->queue_depth();
      while (depth > 0 && piece.begun >= depth) TESSERA_TRY_VOID(finish_first());
      for (size_t i = 0; i < step.reads.size(); ++i) {
        gather_tiles(step.input_views[i], graph_.node(step.reads[i]).shape, piece.tiling,
                     call.tiles, i, piece.read_frames[i], piece.inputs[i]);
      }
      ++devices_[piece.device].calls;
      if (depth == 0) {
        TESSERA_TRY_VOID(
            timed(piece, [&] { return piece.executable->run(piece.input_views, piece.outputs); }));
        scatter(step, piece, call);
        continue;
      }
      ++piece.begun;
      begun.push_back(&call);
      TESSERA_TRY_VOID(timed(piece, [&] { return piece.executable->begin(piece.input_views); }));
    }
    while (!begun.empty()) TESSERA_TRY_VOID(finish_first());
    return {};
  }

  template <typename Work>
  Result<void> timed(const LoadedPiece& piece, const Work& work) {
    const Stopwatch watch;
    Result<void> done = work();
    const double seconds = watch.seconds();
    timing_.pieces += seconds;
    devices_[piece.device].seconds += seconds;
    return done;
  }

  void scatter(LoadedStep& step, const LoadedPiece& piece, const PieceCall& call) {
    for (size_t i = 0; i < step.writes.size(); ++i) {
      scatter_tiles(piece.outputs[i], piece.write_frames, piece.tiling, call.tiles,
                    graph_.node(step.writes[i]).shape, step.output_views[i]);
    }
  }

  Graph graph_;
  Signature signature_;
  std::vector<LoadedStep> steps_;
  ValueStore values_;
  Staging staging_;
  ValueCallback observer_;
  std::vector<PieceDevice> devices_;
  int64_t piece_bytes_ = 0;
  int64_t host_bytes_ = 0;  // of all groups of host steps
  int64_t most_host_bytes_ = 0;
  int64_t chip_calls_ = 0;
  StitchedTiming timing_;
};

}  // namespace

Result<std::unique_ptr<StitchedExecutable>> StitchedExecutable::load(const Plan& plan,
                                                                     const Devices& devices,
                                                                     const Encodings* encodings,
                                                                     HostSteps host,
                                                                     EncodingsUse use) {
  auto stitched = std::make_unique<Stitched>();
  TESSERA_TRY_VOID(stitched->prepare(plan, PieceLoader(devices, encodings, use), host));
  return std::unique_ptr<StitchedExecutable>(std::move(stitched));
}

}  // namespace tessera
