#include "model/sensor_input.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "base/counted.h"
#include "graph/canonical.h"

namespace tessera {
namespace {

constexpr int64_t kMaxDevices = 64;

bool has_front_end(const SensorInput& sensor) {
  return sensor.devices > 1 || !sensor.mean.empty();
}

// Why an op would let devices mix; empty where it does not. Norms, pools over time, Gemm and
// softmax work row by row already.
std::string mixing_reason(const Op& op) {
  const auto of = [](const auto& value) -> std::string {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, Conv>) {
      if (value.weight.dim(2) > 1 || value.stride.h > 1 || value.padding.top > 0 ||
          value.padding.bottom > 0)
        return "its kernel reaches over devices";
    } else if constexpr (std::is_same_v<T, ConvTranspose>) {
      if (value.weight.dim(2) > 1 || value.stride.h > 1 || value.crop.top > 0 ||
          value.crop.bottom > 0 || value.extra.h > 0)
        return "its kernel reaches over devices";
    } else if constexpr (std::is_same_v<T, Pool>) {
      if (value.kernel.h > 1 || value.stride.h > 1 || value.padding.top > 0 ||
          value.padding.bottom > 0)
        return "it pools over devices";
    } else if constexpr (std::is_same_v<T, Pad>) {
      if (value.padding.top > 0 || value.padding.bottom > 0) return "it pads devices";
    } else if constexpr (std::is_same_v<T, Slice> || std::is_same_v<T, Concat>) {
      if (value.axis == Axis::h) return "it cuts or joins devices";
    }
    return "";
  };
  return std::visit(of, op);
}

// The op for rows of several devices.
Op for_devices(const Op& op, int64_t devices) {
  Op changed = op;
  if (auto* input = std::get_if<Input>(&changed)) input->shape.h = devices;
  // With one row of H that axis was nothing to reduce.
  if (auto* reduce = std::get_if<Reduce>(&changed)) {
    if (reduce->over_c || reduce->over_w) reduce->over_h = false;
  }
  return changed;
}

class FrontEnd {
 public:
  explicit FrontEnd(const SensorInput& sensor) : sensor_(sensor) {}

  // `graph` begins with one input.
  Result<Graph> put_before(const Graph& graph) const {
    const int64_t devices = graph.node(graph.inputs()[0]).shape.h;
    const int64_t wanted = sensor_.devices > 0 ? sensor_.devices : devices;
    Graph result;
    GraphEditor editor(result, "import");
    std::vector<NodeId> moved(static_cast<size_t>(graph.id_limit()), kNoNode);
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      std::vector<NodeId> operands;
      for (NodeId operand : node.inputs)
        operands.push_back(moved[static_cast<size_t>(index_of(operand))]);
      TESSERA_TRY(const NodeId copy, add(editor, node, std::move(operands), devices, wanted));
      TESSERA_TRY(moved[static_cast<size_t>(index_of(id))], after_input(editor, node, copy));
    }
    for (const GraphOutput& output : graph.outputs())
      editor.add_output(output.name, moved[static_cast<size_t>(index_of(output.node))]);
    TESSERA_TRY(result, canonical_order(result));
    GraphEditor finished(result, "import");
    TESSERA_TRY_VOID(finished.enter(GraphForm::imported));
    return result;
  }

 private:
  static Result<NodeId> add(GraphEditor& editor, const Node& node, std::vector<NodeId> operands,
                            int64_t devices, int64_t wanted) {
    if (wanted == devices)
      return editor.add(node.op, std::move(operands), node.name, node.origin.source);
    const std::string reason = mixing_reason(node.op);
    if (reason.empty()) {
      auto added = editor.add(for_devices(node.op, wanted), std::move(operands), node.name,
                              node.origin.source);
      if (added && editor.graph().node(*added).shape.h == expected_rows(node, wanted)) return added;
    }
    return TESSERA_ERROR(kUnsupported, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                         fmt::format("cannot take {} devices: {}", wanted,
                                     reason.empty() ? "it would join them" : reason),
                         "run the network once for each device");
  }

  // Constants are for every device; all else has a row for each.
  static int64_t expected_rows(const Node& node, int64_t wanted) {
    return std::holds_alternative<Constant>(node.op) ? 1 : wanted;
  }

  // The z-score, where `node` is the input.
  Result<NodeId> after_input(GraphEditor& editor, const Node& node, NodeId copy) const {
    if (!std::holds_alternative<Input>(node.op) || sensor_.mean.empty()) return copy;
    std::vector<float> scale;
    std::vector<float> bias;
    for (size_t c = 0; c < sensor_.mean.size(); ++c) {
      const double factor = 1.0 / static_cast<double>(sensor_.deviation[c]);
      scale.push_back(static_cast<float>(factor));
      bias.push_back(static_cast<float>(-static_cast<double>(sensor_.mean[c]) * factor));
    }
    const std::vector<int64_t> dims{static_cast<int64_t>(scale.size())};
    return editor.add(Affine{Tensor(dims, std::move(scale)), Tensor(dims, std::move(bias))}, {copy},
                      "z_score");
  }

  const SensorInput& sensor_;
};

class SensorNetwork final : public Network {
 public:
  SensorNetwork(std::shared_ptr<const Network> network, SensorInput sensor)
      : network_(std::move(network)), sensor_(std::move(sensor)) {}

  int64_t min_length() const override { return network_->min_length(); }
  bool length_is_fixed() const override { return network_->length_is_fixed(); }
  Result<Graph> instantiate(int64_t length_samples) const override {
    TESSERA_TRY(const Graph graph, network_->instantiate(length_samples));
    return FrontEnd(sensor_).put_before(graph);
  }

 private:
  std::shared_ptr<const Network> network_;
  SensorInput sensor_;
};

Error refused(const char* field, std::string message, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, std::string("SensorInput::") + field, std::move(message),
                       std::move(hint));
}

Result<void> check_z_score(const SensorInput& sensor, int64_t channels) {
  const auto count = static_cast<size_t>(channels);
  for (const auto& [field, values] :
       {std::pair{"mean", &sensor.mean}, std::pair{"deviation", &sensor.deviation}}) {
    if (sensor.mean.empty() && sensor.deviation.empty()) continue;
    if (values->size() != count) {
      return refused(field,
                     fmt::format("holds {}, the network takes {}",
                                 counted(values->size(), "number"), counted(channels, "channel")),
                     "give one for each channel");
    }
    for (float value : *values) {
      if (!std::isfinite(value)) return refused(field, "holds NaN or infinity", "");
    }
  }
  for (float deviation : sensor.deviation) {
    if (!(deviation > 0) || !std::isfinite(1.0F / deviation))
      return refused("deviation", fmt::format("holds {:g}, which is not above 0", deviation),
                     "leave out a channel that never changes, or give it 1");
  }
  return {};
}

Result<void> check_names(const SensorInput& sensor, int64_t channels) {
  if (sensor.channels.empty() || static_cast<int64_t>(sensor.channels.size()) == channels)
    return {};
  return refused("channels",
                 fmt::format("names {}, the network takes {}", sensor.channels.size(),
                             counted(channels, "channel")),
                 "name each channel once");
}

}  // namespace

SensorInput merged(const SensorInput& told, const SensorInput& stated) {
  SensorInput result = told;
  if (stated.devices > 0) result.devices = stated.devices;
  if (!stated.mean.empty() || !stated.deviation.empty()) {
    result.mean = stated.mean;
    result.deviation = stated.deviation;
  }
  if (!stated.channels.empty()) result.channels = stated.channels;
  if (!stated.classes.empty()) result.classes = stated.classes;
  if (stated.frames > 0) result.frames = stated.frames;
  return result;
}

Result<void> apply_sensor_input(ImportedModel& model, const SensorInput& stated) {
  if (stated.devices < 0 || stated.devices > kMaxDevices || stated.frames < 0)
    return refused("devices",
                   fmt::format("is {}, at most {} are stacked", stated.devices, kMaxDevices), "");
  const SensorInput told = model.sensor;
  model.sensor = merged(told, stated);
  SensorInput& sensor = model.sensor;
  if (sensor.empty()) return {};
  if (!told.mean.empty() && (told.mean != sensor.mean || told.deviation != sensor.deviation)) {
    model.notes.push_back({NoteSeverity::warning,
                           "another z-score than the one in the file was given, and is taken"});
  }
  if (model.graph.inputs().size() != 1) {
    return refused("devices",
                   fmt::format("the network has {} inputs: what stands in front of sensors is for "
                               "one",
                               model.graph.inputs().size()),
                   "normalise its inputs beforehand");
  }
  const Shape input = model.graph.node(model.graph.inputs()[0]).shape;
  TESSERA_TRY_VOID(check_z_score(sensor, input.c));
  TESSERA_TRY_VOID(check_names(sensor, input.c));
  if (input.h > 1) {
    if (sensor.devices > 0 && sensor.devices != input.h) {
      return refused("devices",
                     fmt::format("is {}, the network's input {} has {}", sensor.devices,
                                 to_string(input), input.h),
                     "give the number of its file, or none");
    }
    sensor.devices = input.h;
  }
  if (!has_front_end(sensor)) return {};
  const bool stacked = sensor.devices > 1 && input.h == 1;
  model.network = std::make_shared<SensorNetwork>(model.network, sensor);
  TESSERA_TRY(model.graph, model.network->instantiate(model.length_samples));
  if (stacked) {
    // The file's layouts have no axis for devices.
    const Node& node = model.graph.node(model.graph.inputs()[0]);
    model.inputs = {plain_layout(node.name, node.shape)};
    model.outputs.clear();
  }
  return {};
}

}  // namespace tessera
