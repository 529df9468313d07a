#include "tessera/compiler/verify.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/noise.h"
#include "tessera/backend.h"
#include "tessera/session.h"
#include "verify/intermediates.h"
#include "verify/reference_evaluator.h"
#include "verify/value_correspondence.h"
#include "verify/visible_values.h"

namespace tessera {
namespace {

Result<void> check_planned_ports(const std::vector<Port>& network, const std::vector<Port>& plan,
                                 std::string_view kind) {
  if (network.size() != plan.size()) {
    return TESSERA_ERROR(
        kMismatch, "plan",
        fmt::format("has {} {}s, the network {}", plan.size(), kind, network.size()),
        "verify it with the network that it was made from");
  }
  for (size_t i = 0; i < network.size(); ++i) {
    if (network[i].shape == plan[i].shape) continue;
    return TESSERA_ERROR(kMismatch, fmt::format("{} '{}'", kind, network[i].name),
                         fmt::format("is {} in the plan, {} in the network",
                                     to_string(plan[i].shape), to_string(network[i].shape)),
                         "verify it with the network that it was made from, at the same length");
  }
  return {};
}

Result<void> check_inputs(const Graph& imported, const Plan& plan,
                          std::span<const ConstValues> inputs) {
  const Signature network = signature_of(imported);
  const Signature planned = signature_of(plan.graph);
  TESSERA_TRY_VOID(check_planned_ports(network.inputs, planned.inputs, "input"));
  TESSERA_TRY_VOID(check_planned_ports(network.outputs, planned.outputs, "output"));
  TESSERA_TRY_VOID(check_input_values(network, inputs));
  const bool silent = std::all_of(inputs.begin(), inputs.end(), [](ConstValues values) {
    return std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0F; });
  });
  if (silent) {
    return TESSERA_ERROR(kInvalidArgument, "inputs",
                         "are silent: a comparison on silence could not fail",
                         "verify with a signal");
  }
  return {};
}

class Verification {
 public:
  Verification(const Graph& imported, const Plan& plan, const Devices& devices, Backend& reference,
               std::span<const ConstValues> inputs, const VerifyOptions& options)
      : imported_(imported),
        plan_(plan),
        devices_(devices),
        reference_(reference),
        inputs_(inputs),
        options_(options),
        correspondence_(match_values(imported, plan.graph)),
        roles_(conv_tasnet_roles(imported)) {
    int64_t position = 0;
    for (NodeId id : imported.order()) position_[id] = position++;
    for (const ChipSegment& segment : plan.segments) {
      for (NodeId id : segment.nodes) segment_of_[id] = segment.name;
    }
  }

  Result<VerifyReport> run() {
    report_.segments = static_cast<int64_t>(plan_.segments.size());
    for (const ChipSegment& segment : plan_.segments)
      report_.pieces += static_cast<int64_t>(segment.pieces.size());
    TESSERA_TRY_VOID(play(plan_, devices_, HostSteps::together, false));
    if (options_.intermediates) TESSERA_TRY_VOID(play_intermediates());
    finish();
    return std::move(report_);
  }

 private:
  // What a compiler made of a piece rounds to codes, whether the package has them or not.
  bool is_in_codes() const {
    const Backend& chip = devices_.chip;
    return options_.encodings != nullptr ||
           (!chip.artifact_format().empty() && chip.arithmetic() == Arithmetic::integer);
  }

  const Counterpart* counterpart(NodeId planned) const {
    const auto found = correspondence_.find(planned);
    return found == correspondence_.end() ? nullptr : std::get_if<Counterpart>(&found->second);
  }

  // Of pieces that show what theirs do not there are no artifacts: the host's backend plays them,
  // if it computes as the plan is meant to be.
  Result<void> play_intermediates() {
    const bool by_host = !devices_.chip.artifact_format().empty();
    if (by_host && is_in_codes() && devices_.host.arithmetic() != Arithmetic::integer) return {};
    const Plan open = expose_intermediates(plan_, [this](NodeId id) {
      return compared_.count(id) == 0 && counterpart(id) != nullptr;
    });
    if (by_host) report_.intermediates_backend = devices_.host.probe().backend;
    return play(open, by_host ? Devices(devices_.host) : devices_, HostSteps::one_by_one, true);
  }

  // One stitched run; everything it shows and that was not compared before is.
  Result<void> play(const Plan& plan, const Devices& devices, HostSteps host_steps, bool inner) {
    TESSERA_TRY(const std::vector<NodeId> shown, visible_values(plan, host_steps));
    ReferenceEvaluator expected(imported_, reference_, inputs_);
    std::set<NodeId> wanted;
    for (NodeId id : shown) {
      const Counterpart* same = counterpart(id);
      if (same == nullptr || compared_.count(id) != 0 || !wanted.insert(id).second) continue;
      for (NodeId source : same->sources) expected.retain(source);
    }
    if (!inner) {
      for (const GraphOutput& output : imported_.outputs()) expected.retain(output.node);
    } else if (wanted.empty()) {
      return {};
    }
    TESSERA_TRY(const auto stitched,
                StitchedExecutable::load(plan, devices, options_.encodings, host_steps));
    Result<void> outcome;
    stitched->observe([&](const Node& node, ConstValues values) {
      if (!outcome) return;
      if (wanted.erase(node.id) == 0) return note_unmatched(node);
      outcome = compare(node, values, expected, inner);
    });
    std::vector<std::vector<float>> outputs;
    for (const GraphOutput& output : plan.graph.outputs())
      outputs.emplace_back(static_cast<size_t>(plan.graph.node(output.node).shape.size()));
    const std::vector<Values> targets(outputs.begin(), outputs.end());
    TESSERA_TRY_VOID(stitched->run(inputs_, targets));
    TESSERA_TRY_VOID(std::move(outcome));
    if (inner) return {};
    TESSERA_TRY_VOID(compare_outputs(outputs, expected));
    report_.chip_calls = stitched->chip_calls();
    TESSERA_TRY_VOID(time_run(*stitched, targets));
    report_.output_values = std::move(outputs);
    return {};
  }

  // The run above waited for the reference.
  Result<void> time_run(StitchedExecutable& stitched, std::span<const Values> targets) {
    stitched.observe(nullptr);
    const auto begin = std::chrono::steady_clock::now();
    TESSERA_TRY_VOID(stitched.run(inputs_, targets));
    report_.stitched_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return {};
  }

  void note_unmatched(const Node& node) {
    const auto found = correspondence_.find(node.id);
    if (found == correspondence_.end() || !noted_.insert(node.id).second) return;
    if (const auto* none = std::get_if<NoCounterpart>(&found->second))
      report_.plan_only.push_back({node.name, op_name(node.op), none->reason});
  }

  void reference(ValueCheck& stage, ConstValues expected, ConstValues actual) const {
    if (stage.shape != stage.expected_shape) return;
    stage.difference = difference(expected, actual);
    if (is_in_codes()) {
      stage.passed = std::isfinite(stage.difference.max_abs);
      return;
    }
    const double peak = stage.difference.peak * rounding_;
    stage.tolerance = std::max(
        std::min(1e-7, options_.tolerance),
        std::min(options_.tolerance * std::max(1.0, peak), options_.peak_tolerance * peak));
    stage.passed = stage.difference.max_abs <= stage.tolerance;
  }

  // The largest sum of |weight| * |value|: the rounding of the values is relative to it.
  Result<double> size_of_sums(const Conv& conv, std::span<const Shape> shapes,
                              ConstValues values) const {
    const auto magnitude = [](float x) { return std::abs(x); };
    std::vector<float> weights(static_cast<size_t>(conv.weight.size()));
    std::transform(conv.weight.values().begin(), conv.weight.values().end(), weights.begin(),
                   magnitude);
    std::vector<float> magnitudes(values.size());
    std::transform(values.begin(), values.end(), magnitudes.begin(), magnitude);
    Conv sums;
    sums.weight = Tensor(conv.weight.dims(), std::move(weights));
    const ConstValues operand(magnitudes);
    TESSERA_TRY(const std::vector<float> made,
                evaluate_op(sums, shapes, std::span(&operand, 1), reference_));
    return static_cast<double>(*std::max_element(made.begin(), made.end()));
  }

  Result<void> compare(const Node& node, ConstValues values, ReferenceEvaluator& expected,
                       bool inner) {
    const Counterpart& same = *counterpart(node.id);
    const Node& source = imported_.node(same.sources.back());
    ValueCheck stage;
    stage.name = source.name;
    stage.op = op_name(source.op);
    stage.value = node.name;
    stage.how = same.how;
    const auto segment = segment_of_.find(node.id);
    stage.where = segment == segment_of_.end() ? "host" : segment->second;
    stage.inner = inner;
    stage.roles = roles_of(node, same);
    stage.shape = node.shape;
    std::vector<float> computed;  // what ops of the counterpart gave
    double size = 0;
    TESSERA_TRY(ConstValues want, expected.value(same.sources[0]));
    stage.expected_shape = imported_.node(same.sources[0]).shape;
    for (size_t i = 0; i < same.ops.size(); ++i) {
      std::vector<Shape> shapes{stage.expected_shape};
      std::vector<ConstValues> operands{want};
      for (size_t k = 1; i == 0 && k < same.sources.size(); ++k) {
        TESSERA_TRY(const ConstValues more, expected.value(same.sources[k]));
        shapes.push_back(imported_.node(same.sources[k]).shape);
        operands.push_back(more);
      }
      const auto* basis = same.changes_basis ? std::get_if<Conv>(&same.ops[i]) : nullptr;
      if (basis != nullptr) {
        TESSERA_TRY(size, size_of_sums(*basis, shapes, operands[0]));
      }
      TESSERA_TRY(stage.expected_shape, infer_shape(same.ops[i], shapes));
      TESSERA_TRY(std::vector<float> next, evaluate_op(same.ops[i], shapes, operands, reference_));
      computed = std::move(next);
      want = computed;
    }
    if (const double peak = difference(want, want).peak; size > 0 && peak > 0)
      rounding_ = std::max(rounding_, size / peak);
    reference(stage, want, values);
    for (NodeId id : same.sources) expected.release(id);
    compared_.insert(node.id);
    covered_.insert(same.sources.begin(), same.sources.end());
    stage_position_.push_back(position_.at(source.id));
    report_.stages.push_back(std::move(stage));
    return {};
  }

  std::vector<std::string> roles_of(const Node& node, const Counterpart& same) const {
    if (node.origin.derived.kind == DerivedKind::taps) return {"decoder_pre"};
    // The statistics of a value are not the value, nor are several values joined.
    if (std::holds_alternative<NormStatistics>(node.op) || same.sources.size() > 1) return {};
    const auto found = roles_.find(same.sources[0]);
    return found == roles_.end() ? std::vector<std::string>{} : found->second;
  }

  Result<void> compare_outputs(const std::vector<std::vector<float>>& outputs,
                               ReferenceEvaluator& expected) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const GraphOutput& output = imported_.outputs()[i];
      const Node& node = imported_.node(output.node);
      ValueCheck stage;
      stage.name = output.name;
      stage.op = op_name(node.op);
      stage.value = plan_.graph.outputs()[i].name;
      stage.where = "output";
      stage.roles = {"final_output"};
      stage.expected_shape = node.shape;
      stage.shape = plan_.graph.node(plan_.graph.outputs()[i].node).shape;
      TESSERA_TRY(const ConstValues want, expected.value(output.node));
      reference(stage, want, outputs[i]);
      if (is_in_codes())
        stage.passed = stage.passed && stage.difference.snr_db >= options_.min_snr_db;
      report_.expected_output_values.emplace_back(want.begin(), want.end());
      expected.release(output.node);
      report_.outputs.push_back(std::move(stage));
    }
    return {};
  }

  void finish() {
    sort_stages();
    report_.passed = true;
    for (const auto* list : {&report_.stages, &report_.outputs}) {
      for (const ValueCheck& stage : *list) {
        report_.passed = report_.passed && stage.passed;
        for (const std::string& name : stage.roles) {
          VerifyReport::Role& role = report_.roles[name];
          role.max_abs = std::max(role.max_abs, stage.difference.max_abs);
          role.passed = role.passed && stage.passed;
          ++role.values;
        }
      }
    }
    for (NodeId id : imported_.order()) {
      const Node& node = imported_.node(id);
      if (std::holds_alternative<Input>(node.op) || std::holds_alternative<Constant>(node.op) ||
          covered_.count(id) != 0 || is_covered_by_parts(id))
        continue;
      report_.model_only.push_back({node.name, op_name(node.op), why_not_shown(node)});
    }
  }

  // All that reads it are slices, and these were compared.
  bool is_covered_by_parts(NodeId id) const {
    const auto users = imported_.users(id);
    return !users.empty() && !imported_.is_output(id) &&
           std::all_of(users.begin(), users.end(), [this](NodeId user) {
             return imported_.get_if<Slice>(user) != nullptr && covered_.count(user) != 0;
           });
  }

  std::string why_not_shown(const Node& node) const {
    const NodeId planned = plan_.graph.find(node.name);
    const auto* norm = std::get_if<Norm>(&node.op);
    if (planned == kNoNode && (std::holds_alternative<Affine>(node.op) ||
                               (norm != nullptr && norm->kind == NormKind::batch)))
      return "folded into the weights of what reads it";
    if (planned == kNoNode) return "rewritten: the plan has no such value";
    const auto segment = segment_of_.find(planned);
    if (segment == segment_of_.end()) return "inside a group of host steps";
    return fmt::format("inside {}, which does not give it out", segment->second);
  }

  void sort_stages() {
    std::vector<size_t> order(report_.stages.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
      return stage_position_[a] < stage_position_[b];
    });
    std::vector<ValueCheck> sorted;
    sorted.reserve(order.size());
    for (size_t i : order) sorted.push_back(std::move(report_.stages[i]));
    report_.stages = std::move(sorted);
  }

  const Graph& imported_;
  const Plan& plan_;
  const Devices& devices_;
  Backend& reference_;
  std::span<const ConstValues> inputs_;
  VerifyOptions options_;
  std::map<NodeId, Correspondence> correspondence_;   // by node of the plan
  std::map<NodeId, std::vector<std::string>> roles_;  // by node of the network
  std::map<NodeId, int64_t> position_;                // of the network's nodes
  std::map<NodeId, std::string> segment_of_;          // by node of the plan
  std::set<NodeId> compared_;                         // nodes of the plan
  std::set<NodeId> noted_;                            // nodes of the plan
  std::set<NodeId> covered_;                          // nodes of the network
  std::vector<int64_t> stage_position_;               // follows report_.stages
  // A stream in another basis shows small differences between large channels of the network's own:
  // what float rounding is relative to, over what is left, there and in everything behind.
  double rounding_ = 1;
  VerifyReport report_;
};

}  // namespace

const ValueCheck* VerifyReport::first_failure() const {
  for (const auto* list : {&stages, &outputs}) {
    for (const ValueCheck& stage : *list) {
      if (!stage.passed) return &stage;
    }
  }
  return nullptr;
}

Result<VerifyReport> verify_plan(const Graph& imported, const Plan& plan, const Devices& devices,
                                 Backend& reference, std::span<const ConstValues> inputs,
                                 const VerifyOptions& options) {
  TESSERA_TRY_VOID(check_inputs(imported, plan, inputs));
  return Verification(imported, plan, devices, reference, inputs, options).run();
}

std::vector<float> verification_signal(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.size()));
  Noise noise;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto t = static_cast<float>(i % static_cast<size_t>(shape.w));
    values[i] =
        noise.next() * (0.15F + 0.1F * std::sin(0.0031F * t) + 0.05F * std::sin(0.00017F * t * 7));
  }
  return values;
}

}  // namespace tessera
