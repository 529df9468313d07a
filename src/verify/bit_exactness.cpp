#include "tessera/compiler/verify.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "run/host_group.h"
#include "tessera/backend.h"
#include "tessera/session.h"
#include "verify/integer_reference.h"

namespace tessera {
namespace {

// Of a host float's peak: sums may be ordered otherwise.
constexpr float kRounding = 1e-5F;

// One step of the plan as a graph over the whole sequence.
struct WholeStep {
  const ChipSegment* segment = nullptr;  // null for the host
  HostGroup group;
};

// Which call of a segment writes a frame of its results.
void find_call(const ChipSegment& segment, BorderCheck& check) {
  const int64_t phases = segment.tiling.phases;
  for (size_t i = 0; i < segment.calls.size(); ++i) {
    const PieceCall& call = segment.calls[i];
    const bool wrote = std::any_of(call.tiles.begin(), call.tiles.end(), [&](const Tile& tile) {
      const int64_t number = check.frame / phases;
      return check.frame % phases == tile.phase && number >= tile.write_begin &&
             number < tile.write_begin + tile.write_frames;
    });
    if (!wrote) continue;
    check.piece = segment.pieces[static_cast<size_t>(call.piece)].name;
    check.call = static_cast<int64_t>(i);
    return;
  }
}

class CodeCheck {
 public:
  CodeCheck(const Plan& plan, const Encodings& encodings) : plan_(plan), encodings_(encodings) {}

  Result<void> prepare() {
    TESSERA_TRY_VOID(check_encodings(plan_.graph, encodings_));
    for (const Step& step : plan_.steps) {
      WholeStep whole;
      if (const auto* host = std::get_if<HostStep>(&step)) {
        if (plan_.graph.get_if<Input>(host->node) != nullptr) continue;
        TESSERA_TRY(whole.group, make_host_group(plan_.graph, {host->node}));
      } else {
        const auto index = static_cast<size_t>(std::get<SegmentStep>(step).segment);
        whole.segment = &plan_.segments[index];
        TESSERA_TRY(whole.group, make_host_group(plan_.graph, whole.segment->nodes));
      }
      if (whole.group.writes.empty()) continue;
      for (NodeId id : whole.group.reads) last_reader_[id] = steps_.size();
      steps_.push_back(std::move(whole));
    }
    return {};
  }

  Result<BitExactReport> run(const Devices& devices, std::span<const ConstValues> inputs) {
    TESSERA_TRY(const auto stitched,
                StitchedExecutable::load(plan_, devices, &encodings_, HostSteps::one_by_one));
    TESSERA_TRY_VOID(check_input_values(signature_of(plan_.graph), inputs));
    for (size_t i = 0; i < inputs.size(); ++i)
      values_[plan_.graph.inputs()[i]].assign(inputs[i].begin(), inputs[i].end());
    stitched->observe([this](const Node& node, ConstValues values) { take(node, values); });
    std::vector<std::vector<float>> outputs;
    for (const GraphOutput& output : plan_.graph.outputs())
      outputs.emplace_back(static_cast<size_t>(plan_.graph.node(output.node).shape.size()));
    const std::vector<Values> targets(outputs.begin(), outputs.end());
    TESSERA_TRY_VOID(stitched->run(inputs, targets));
    TESSERA_CHECK(next_ == steps_.size(), "every step shows what it writes");
    return std::move(report_);
  }

 private:
  // A step is computed again when all it writes has been shown.
  void take(const Node& node, ConstValues values) {
    values_[node.id].assign(values.begin(), values.end());
    const WholeStep& step = steps_.at(next_);
    const auto& writes = step.group.writes;
    const bool whole = std::all_of(writes.begin(), writes.end(),
                                   [this](NodeId id) { return values_.contains(id); });
    if (!whole) return;
    check(step);
    release(step);
    ++next_;
  }

  void check(const WholeStep& step) {
    std::vector<ConstValues> reads;
    for (NodeId id : step.group.reads) reads.emplace_back(values_.at(id));
    const auto expected = evaluate_in_integers(step.group.graph, encodings_, reads);
    for (size_t i = 0; i < expected.size(); ++i) compare(step, step.group.writes[i], expected[i]);
  }

  void compare(const WholeStep& step, NodeId id, const std::vector<float>& expected) {
    const Node& node = plan_.graph.node(id);
    const std::vector<float>& actual = values_.at(id);
    const auto encoding = encoding_of(plan_.graph, id, encodings_);
    BorderCheck border;
    border.value = node.name;
    border.where = step.segment != nullptr ? step.segment->name : "host";
    border.bits = encoding ? encoding->bits : 0;
    border.values = static_cast<int64_t>(expected.size());
    const float allowed = is_exact(node, border) ? 0.0F : kRounding * peak_of(expected);
    for (size_t i = 0; i < expected.size(); ++i) {
      // Not so for NaN either.
      if (std::abs(expected[i] - actual[i]) <= allowed) continue;
      if (border.differing++ > 0) continue;
      const auto at = static_cast<int64_t>(i);
      border.channel = at / (node.shape.h * node.shape.w);
      border.frame = at % node.shape.w;
      border.expected = expected[i];
      border.actual = actual[i];
      if (step.segment != nullptr) find_call(*step.segment, border);
    }
    if (border.bits > 0) report_.codes += border.values;
    report_.passed = report_.passed && border.passed();
    report_.borders.push_back(std::move(border));
  }

  // Dequantised codes are equal as floats where the codes are.
  bool is_exact(const Node& node, const BorderCheck& border) const {
    if (border.bits > 0 || border.where != "host") return true;
    const auto* statistics = std::get_if<NormStatistics>(&node.op);
    return statistics != nullptr && encoding_of(plan_.graph, node.inputs[0], encodings_);
  }

  static float peak_of(const std::vector<float>& values) {
    float peak = 0;
    for (float x : values) peak = std::max(peak, std::abs(x));
    return peak;
  }

  void release(const WholeStep& step) {
    for (NodeId id : step.group.reads) {
      if (last_reader_.at(id) == next_) values_.erase(id);
    }
    for (NodeId id : step.group.writes) {
      if (!last_reader_.contains(id)) values_.erase(id);
    }
  }

  const Plan& plan_;
  const Encodings& encodings_;
  std::vector<WholeStep> steps_;
  std::map<NodeId, size_t> last_reader_;  // index into steps_
  std::map<NodeId, std::vector<float>> values_;
  size_t next_ = 0;
  BitExactReport report_;
};

}  // namespace

const BorderCheck* BitExactReport::first_failure() const {
  for (const BorderCheck& border : borders) {
    if (!border.passed()) return &border;
  }
  return nullptr;
}

Result<BitExactReport> check_bit_exact(const Plan& plan, const Encodings& encodings,
                                       const Devices& devices,
                                       std::span<const ConstValues> inputs) {
  CodeCheck check(plan, encodings);
  TESSERA_TRY_VOID(check.prepare());
  return check.run(devices, inputs);
}

}  // namespace tessera
