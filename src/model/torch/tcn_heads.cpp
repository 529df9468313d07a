#include "model/torch/tcn_heads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/counted.h"
#include "model/torch/layers.h"
#include "model/torch/tcn_reader.h"
#include "model/torch/weight_norm.h"

namespace tessera {
namespace {

class HeadReader {
 public:
  HeadReader(const Checkpoint& checkpoint, const std::string& prefix, StateView& state,
             ModelArgs& args, int64_t width, std::vector<Note>& notes)
      : checkpoint_(checkpoint),
        prefix_(prefix),
        state_(state),
        args_(args),
        width_(width),
        notes_(notes) {}

  Result<TcnHeads> read() {
    TESSERA_TRY_VOID(read_heads());
    note_left_out();
    return std::move(found_);
  }

 private:
  struct Linear {
    std::string key;  // in the whole state dict
    const NamedTensor* weight;
  };

  // A bare list of blocks has no prefix, and everything else lies beside them.
  bool is_of_blocks(const std::string& name) const {
    return !prefix_.empty() && name.starts_with(prefix_);
  }

  // Linear layers of the checkpoint.
  std::vector<Linear> linears() const {
    std::vector<Linear> found;
    for (const NamedTensor& tensor : checkpoint_.tensors) {
      const bool pointwise = tensor.dims.size() == 3 && tensor.dims[2] == 1;
      if ((tensor.dims.size() != 2 && !pointwise) || is_of_blocks(tensor.name)) continue;
      for (const WeightNames& names : weight_names()) {
        if (tensor.name.size() > names.direction.size() && tensor.name.ends_with(names.direction))
          found.push_back(
              {tensor.name.substr(0, tensor.name.size() - names.direction.size()), &tensor});
      }
    }
    return found;
  }

  Result<void> read_heads() {
    const std::vector<Linear> all = linears();
    if (const auto wanted = args_.list("head")) {
      for (const std::string& name : *wanted) TESSERA_TRY_VOID(add_named_head(name, all));
      return {};
    }
    if (args_.states("head")) return {};  // none, which arguments take for None
    std::vector<std::string> fitting;
    for (const Linear& linear : all) {
      if (linear.weight->dims[1] == width_) fitting.push_back(linear.key);
    }
    if (fitting.empty()) return {};
    if (fitting.size() > 1) {
      return TESSERA_ERROR(
          kInvalidArgument, "",
          fmt::format("several linear layers could follow the blocks: {}",
                      fmt::join(fitting, ", ")),
          fmt::format("choose with ImportOptions::model_args head={}", fitting.front()));
    }
    TESSERA_TRY_VOID(add_named_head(fitting.front(), all));
    return check_nothing_follows(all);
  }

  // What lies beside the blocks and fits behind them may follow, and nothing tells where: leaving
  // it out would be another network.
  Result<void> check_nothing_follows(const std::vector<Linear>& all) const {
    const std::string& head = found_.layers.back().source;
    const int64_t out = std::get<Gemm>(found_.layers.back().op).weight.dim(0);
    for (const NamedTensor& tensor : checkpoint_.tensors) {
      constexpr std::string_view kMean = ".running_mean";
      if (is_of_blocks(tensor.name) || prefix_.empty() || !tensor.name.ends_with(kMean)) continue;
      if (tensor.dims != std::vector<int64_t>{width_} && tensor.dims != std::vector<int64_t>{out})
        continue;
      return TESSERA_ERROR(
          kUnsupported, tensor.name.substr(0, tensor.name.size() - kMean.size()),
          "is a batch norm outside the blocks, and the weights do not tell where it stands",
          fmt::format("export the network to ONNX; where it is not used, name the linear layer to "
                      "leave it out: "
                      "ImportOptions::model_args head={}",
                      head));
    }
    for (const Linear& linear : all) {
      if (used_.contains(linear.key) || linear.weight->dims[1] != out) continue;
      return TESSERA_ERROR(
          kInvalidArgument, linear.key,
          fmt::format("takes what '{}' gives, and the weights do not tell whether it follows",
                      head),
          fmt::format(
              "say so with ImportOptions::model_args head={0},{1}, or head={0} to leave it out",
              head, linear.key));
    }
    return {};
  }

  // By its whole key, or by the end of it that no other has.
  Result<void> add_named_head(const std::string& name, const std::vector<Linear>& all) {
    std::vector<const Linear*> found;
    for (const Linear& linear : all) {
      if (linear.key == name) found = {&linear};
      if (linear.key == name) break;
      if (linear.key.ends_with("." + name)) found.push_back(&linear);
    }
    if (found.size() != 1) {
      std::vector<std::string> keys;
      for (const Linear& linear : all) keys.push_back(linear.key);
      return wrong_arg(
          "head",
          fmt::format("'{}' is {} linear layer{}", name, found.empty() ? "no" : "more than one",
                      found.empty() ? "" : " by the end of its name"),
          fmt::format("there are: {}", fmt::join(keys, ", ")));
    }
    StateView whole(checkpoint_, "");
    TESSERA_TRY(Tensor weight, take_weight(whole, found[0]->key));
    // A pointwise convolution is a linear layer of every frame.
    found_.ends_in_frames = found_.ends_in_frames || weight.dims().size() == 3;
    if (weight.dims().size() == 3) weight = weight.reshaped({weight.dim(0), weight.dim(1)});
    const int64_t in =
        found_.layers.empty() ? width_ : std::get<Gemm>(found_.layers.back().op).weight.dim(0);
    if (weight.dim(1) != in) {
      return TESSERA_ERROR(
          kInvalidModel, found[0]->key,
          fmt::format("takes {}, and {} come in", counted(weight.dim(1), "value"), in),
          "name the linear layers in their order");
    }
    Gemm gemm;
    gemm.weight = weight;
    TESSERA_TRY(gemm.bias, whole.take_optional(found[0]->key + ".bias", {weight.dim(0)}));
    used_.insert(found[0]->key);
    if (prefix_.empty()) {
      for (const NamedTensor& tensor : checkpoint_.tensors) {
        if (tensor.name.starts_with(found[0]->key + ".")) state_.skip(tensor.name);
      }
    }
    found_.layers.push_back({std::move(gemm), found[0]->key});
    return {};
  }

  void note_left_out() {
    std::vector<std::string> left;
    for (const NamedTensor& tensor : checkpoint_.tensors) {
      if (prefix_.empty() || is_of_blocks(tensor.name)) continue;
      const bool used = std::any_of(used_.begin(), used_.end(), [&](const std::string& key) {
        return tensor.name.starts_with(key + ".");
      });
      if (!used) left.push_back(tensor.name);
    }
    if (left.empty()) return;
    notes_.push_back({NoteSeverity::warning,
                      fmt::format("{} outside '{}' and its linear layers {} left out, the first "
                                  "is {}",
                                  counted(left.size(), "tensor"), prefix_,
                                  noun_for(left.size(), "was", "were"), left.front())});
  }

  const Checkpoint& checkpoint_;
  const std::string& prefix_;
  StateView& state_;
  ModelArgs& args_;
  const int64_t width_;
  std::vector<Note>& notes_;
  TcnHeads found_;
  std::set<std::string> used_;
};

}  // namespace

Result<TcnHeads> read_tcn_heads(const Checkpoint& checkpoint, const std::string& prefix,
                                StateView& state, ModelArgs& args, int64_t width,
                                std::vector<Note>& notes) {
  return HeadReader(checkpoint, prefix, state, args, width, notes).read();
}

}  // namespace tessera
