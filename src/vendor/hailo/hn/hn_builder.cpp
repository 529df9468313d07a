#include "vendor/hailo/hn/hn_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "vendor/hailo/hn/hn_operands.h"

namespace tessera {
namespace {

constexpr int64_t kMaxWeightValues = int64_t{1} << 28;  // of one layer
constexpr int64_t kMaxFilledValues = int64_t{1} << 26;  // of all that no file holds, together
constexpr int32_t kMaxNodes = 1 << 20;

}  // namespace

Result<NodeId> HnBuilder::node(const HnLayer& layer, Op op, std::vector<NodeId> inputs) {
  if (graph_.id_limit() >= kMaxNodes) {
    return TESSERA_ERROR(kResourceLimit, layer.name, "more nodes than are made", "");
  }
  const std::string source = layer.original_names.empty() ? "" : layer.original_names.front();
  outlined_.back().ops.push_back(op_name(op));
  return editor_.add(std::move(op), std::move(inputs), layer.name, source);
}

Result<Tensor> HnBuilder::weight(const HnLayer& layer, const std::string& parameter,
                                 std::vector<int64_t> dims) {
  TESSERA_TRY(const int64_t count, checked_element_count(dims, kMaxWeightValues));
  outlined_.back().weights.push_back({parameter, dims});
  if (weights_ == nullptr) {
    const auto found = zeros_.find(dims);
    if (found != zeros_.end()) return found->second;
    TESSERA_TRY(Tensor zeros, filled(dims, 0));
    return zeros_.emplace(dims, std::move(zeros)).first->second;
  }
  TESSERA_TRY(NpyArray array, weights_->read(layer.name, parameter));
  if (static_cast<int64_t>(array.values.size()) != count) {
    return TESSERA_ERROR(kMismatch, layer.name,
                         fmt::format("'{}' has dimensions {}, and the layer needs {}", parameter,
                                     dims_to_string(array.dims), dims_to_string(dims)),
                         "give the weights of the same state as the network");
  }
  return Tensor(std::move(dims), std::move(array.values));
}

Result<Tensor> HnBuilder::filled(std::vector<int64_t> dims, float value) {
  TESSERA_TRY(const int64_t count, checked_element_count(dims, kMaxFilledValues));
  if (count > kMaxFilledValues - filled_values_) {
    return TESSERA_ERROR(kResourceLimit, "", "needs more values than are made", "");
  }
  filled_values_ += count;
  return Tensor::full(std::move(dims), value);
}

// Zeros stay zeros, and are shared: an outline of a large network is small.
Tensor HnBuilder::arranged(const Tensor& weight, const std::vector<size_t>& order) {
  if (weights_ != nullptr) return permuted(weight, order);
  std::vector<int64_t> dims;
  for (const size_t axis : order) dims.push_back(weight.dim(axis));
  return weight.reshaped(std::move(dims));
}

// The channels of an interleaving concat as they lie in the graph.
Tensor HnBuilder::deinterleaved(const Tensor& values, int64_t parts) const {
  if (parts == 1 || weights_ == nullptr) return values;
  const int64_t groups = values.size() / parts;
  std::vector<float> out(static_cast<size_t>(values.size()));
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t j = 0; j < parts; ++j) {
      out[static_cast<size_t>(j * groups + g)] = values[g * parts + j];
    }
  }
  return Tensor({values.size()}, std::move(out));
}

Result<Tensor> HnBuilder::bias(const HnLayer& layer, int64_t channels) {
  if (weights_ != nullptr && !weights_->contains(layer.name, "bias")) return Tensor();
  return weight(layer, "bias", {channels});
}

Result<HnBuilder::Operands> HnBuilder::operands_of(const HnLayer& layer) const {
  Operands operands;
  for (const std::string& input : layer.inputs) {
    if (const auto part = split_values_.find({input, layer.name}); part != split_values_.end()) {
      operands.push_back({part->second, 1});
      continue;
    }
    const auto found = values_.find(input);
    TESSERA_CHECK(found != values_.end(), "layers are added after their operands");
    operands.push_back(found->second);
  }
  return operands;
}

Result<void> HnBuilder::check_shape(const HnLayer& layer, const HnValue& value) const {
  const Shape& made = shape_of(value);
  if (made == layer.shape() || layer.type == "feature_splitter") return {};
  return TESSERA_ERROR(
      kUnsupported, layer.name,
      fmt::format("gives {}, and the file states {}", to_string(made), to_string(layer.shape())),
      "");
}

Result<void> HnBuilder::refuse(const HnLayer& layer, const Error& error) {
  refused_.push_back({layer.name, layer.type, error.message});
  outlined_.back().ops.clear();
  auto stand_in = editor_.add(Input{layer.shape()}, {}, layer.name);
  if (!stand_in) return std::move(stand_in).error();
  values_[layer.name] = {*stand_in, 1};
  for (const std::string& reader : layer.outputs) split_values_.erase({layer.name, reader});
  return {};
}

Result<void> HnBuilder::add(const HnLayer& layer) {
  outlined_.push_back({layer.name, layer.type, {}, layer.shape(), {}});
  TESSERA_TRY(const Operands operands, operands_of(layer));
  auto value = convert(layer, operands);
  if (value) {
    if (const auto fits = check_shape(layer, *value); !fits) return refuse(layer, fits.error());
    values_[layer.name] = *value;
    if (layer.type == "output_layer") {
      outputs_.emplace_back(
          layer.original_names.empty() ? layer.name : layer.original_names.front(), value->node);
    }
    return {};
  }
  // Weights that are missing or another's are not the network's fault.
  const ErrorCode code = value.error().code;
  const bool of_weights =
      weights_ != nullptr && code != ErrorCode::kUnsupported && code != ErrorCode::kInvalidModel;
  if (of_weights) return std::move(value).error();
  return refuse(layer, value.error());
}

Result<HnGraph> HnBuilder::finish() {
  for (auto& [name, node] : outputs_) editor_.add_output(name, node);
  HnGraph made;
  for (const auto& [layer, value] : values_) {
    made.node_of_layer[layer] = graph_.node(value.node).name;
  }
  TESSERA_TRY_VOID(validate(graph_, GraphForm::importing));
  made.graph = std::move(graph_);
  return made;
}

}  // namespace tessera
