// The tensors of a TCN as blocks, a pool and linear layers.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "model/torch/layers.h"
#include "model/torch/state_view.h"
#include "model/torch/tcn_heads.h"
#include "model/torch/tcn_reader.h"
#include "model/torch/weight_norm.h"

namespace tessera {
namespace {

constexpr int64_t kMaxListedNumber = int64_t{1} << 20;
// What the residual path and the norms of a block are called.
constexpr std::string_view kResidualNames[] = {"downsample", "residual", "res_conv", "shortcut",
                                               "resample",   "conv_res", "skip"};
constexpr std::string_view kNormNames[] = {"norm", "bn", "batch_norm", "batchnorm"};
// What activations with weights of their own are called: behind convolution n with its number,
// behind the sum without.
constexpr std::string_view kActivationNames[] = {"relu",       "prelu",        "act",
                                                 "activation", "nonlinearity", "non_linearity"};

class TcnReader {
 public:
  TcnReader(const Checkpoint& checkpoint, std::string prefix, ModelArgs& args,
            std::vector<Note>& notes)
      : checkpoint_(checkpoint),
        prefix_(std::move(prefix)),
        state_(checkpoint, prefix_),
        args_(args),
        notes_(notes) {}

  Result<Tcn> read() {
    args_.ignore("norm_type");
    TESSERA_TRY(const auto name, args_.text("activation"));
    TESSERA_TRY(const auto activation,
                make_activation(state_, name.value_or("relu"), "activation", Softmax{}));
    if (!activation || name == "softmax" || name == "prelu") {
      return wrong_arg("activation", fmt::format("'{}' is none of a TCN", name.value_or("")),
                       "give relu, leaky_relu, tanh, gelu, swish or sigmoid");
    }
    net_.activation = activation->op;
    is_told_ = name.has_value();
    TESSERA_TRY(const auto sum, args_.flag("sum_activation"));
    net_.activates_sum = sum.value_or(true);
    TESSERA_TRY_VOID(read_blocks());
    note_activation();
    TESSERA_TRY(TcnHeads heads,
                read_tcn_heads(checkpoint_, prefix_, state_, args_, width_, notes_));
    TESSERA_TRY_VOID(read_pool(!heads.layers.empty() && !heads.ends_in_frames));
    net_.heads = std::move(heads.layers);
    TESSERA_TRY(const auto softmax, args_.flag("softmax"));
    net_.softmax = softmax.value_or(false);
    TESSERA_TRY_VOID(state_.finish());
    return std::move(net_);
  }

 private:
  int64_t count_blocks() const {
    int64_t count = 0;
    while (!convs_of(fmt::format("{}.", count)).empty()) ++count;
    return count;
  }

  // Keys of a block's convolutions in their order.
  std::vector<std::string> convs_of(const std::string& block) const {
    std::vector<std::string> keys;
    for (std::string_view inner : {"", ".conv"}) {
      const auto key = [&](int number) { return fmt::format("{}conv{}{}", block, number, inner); };
      for (int i = 1; find_weight(state_, key(i)) != nullptr; ++i) keys.push_back(key(i));
      if (!keys.empty()) return keys;
    }
    constexpr int kMostLayers = 64;
    for (int i = 0; i < kMostLayers; ++i) {
      const std::string key = fmt::format("{}net.{}", block, i);
      const NamedTensor* weight = find_weight(state_, key);
      if (weight != nullptr && weight->dims.size() == 3) keys.push_back(key);
    }
    return keys;
  }

  Result<std::vector<int64_t>> dilations(int64_t blocks) {
    std::vector<int64_t> list;
    if (const auto entries = args_.list("dilations")) {
      TESSERA_TRY(const std::vector<double> numbers, numbers_in(*entries, "dilations"));
      for (double number : numbers) {
        if (number < 1 || number > static_cast<double>(kMaxListedNumber) ||
            std::trunc(number) != number)
          return wrong_arg("dilations", fmt::format("holds {:g}", number),
                           "give whole numbers of at least 1");
        list.push_back(static_cast<int64_t>(number));
      }
      if (static_cast<int64_t>(list.size()) != blocks) {
        return wrong_arg(
            "dilations",
            fmt::format("holds {}, the network has {}", list.size(), counted(blocks, "block")),
            "give one for each block");
      }
      return list;
    }
    constexpr int64_t kMostDoublings = 20;
    for (int64_t i = 0; i < blocks; ++i) list.push_back(int64_t{1} << std::min(i, kMostDoublings));
    notes_.push_back({NoteSeverity::info,
                      fmt::format("assumed dilations {}: the weights do not tell; others are given "
                                  "with ImportOptions::model_args dilations=1,2,...",
                                  fmt::join(list, ","))});
    return list;
  }

  Result<void> read_blocks() {
    const int64_t count = count_blocks();
    TESSERA_TRY(const std::vector<int64_t> dilation, dilations(count));
    TESSERA_TRY(const auto causal, args_.flag("causal"));
    if (!causal) {
      notes_.push_back({NoteSeverity::info,
                        "assumed causal=true: the weights do not tell; else give "
                        "ImportOptions::model_args causal=false"});
    }
    for (int64_t i = 0; i < count; ++i) {
      TESSERA_TRY(TcnBlock block,
                  read_block(fmt::format("{}.", i), dilation[static_cast<size_t>(i)],
                             causal.value_or(true)));
      net_.blocks.push_back(std::move(block));
    }
    return {};
  }

  Result<TcnBlock> read_block(const std::string& key, int64_t dilation, bool causal) {
    TcnBlock block;
    const std::vector<std::string> convs = convs_of(key);
    const int64_t in = width_;
    for (size_t i = 0; i < convs.size(); ++i) {
      TESSERA_TRY(TcnConv conv, read_conv(convs[i], dilation, causal));
      TESSERA_TRY(conv.norm, read_norm(key, i + 1));
      TESSERA_TRY(conv.activation, read_activation(activation_keys(key, convs, i)));
      block.convs.push_back(std::move(conv));
    }
    if (net_.activates_sum) {
      TESSERA_TRY(block.sum_activation, read_activation(sum_activation_keys(key, convs.size())));
    }
    TESSERA_TRY_VOID(skip_repeated(key, convs));
    skip_stream_state(key);
    const int64_t block_in =
        in > 0 ? in : std::get<Conv>(block.convs.front().conv.op).weight.dim(1);
    for (std::string_view name : kResidualNames) {
      if (find_weight(state_, key + std::string(name)) == nullptr) continue;
      TESSERA_TRY(block.residual, read_residual(key + std::string(name), block_in));
      break;
    }
    if (!block.residual && block_in != width_) {
      return TESSERA_ERROR(kInvalidModel, prefix_ + key,
                           fmt::format("{} go in and {} come out, and no residual convolution is "
                                       "there",
                                       counted(block_in, "channel"), width_),
                           fmt::format("known names: {}", fmt::join(kResidualNames, ", ")));
    }
    return block;
  }

  Result<TcnConv> read_conv(const std::string& key, int64_t dilation, bool causal) {
    TESSERA_TRY(const Tensor weight, take_weight(state_, key));
    if (weight.dims().size() != 3) {
      return TESSERA_ERROR(kInvalidModel, prefix_ + key,
                           fmt::format("has a weight {}, a Conv1d has three dimensions",
                                       dims_to_string(weight.dims())),
                           "");
    }
    if (width_ > 0 && weight.dim(1) != width_) {
      return TESSERA_ERROR(
          kInvalidModel, prefix_ + key,
          fmt::format("takes {}, and {} come in", counted(weight.dim(1), "channel"), width_),
          "only convolutions with groups = 1 are read; export this network to "
          "ONNX");
    }
    width_ = weight.dim(0);
    const int64_t kernel = weight.dim(2);
    const int64_t reach = (kernel - 1) * dilation;
    if (!causal && reach % 2 != 0) {
      return TESSERA_ERROR(kUnsupported, prefix_ + key,
                           fmt::format("a kernel of {} has no middle: which side is padded more "
                                       "is not known",
                                       kernel),
                           "export this network to ONNX");
    }
    Conv conv;
    conv.weight = weight.reshaped({weight.dim(0), weight.dim(1), 1, kernel});
    TESSERA_TRY(conv.bias, state_.take_optional(key + ".bias", {width_}));
    conv.dilation = Extent{1, dilation};
    conv.padding.left = causal ? reach : reach / 2;
    conv.padding.right = causal ? 0 : reach / 2;
    return TcnConv{{std::move(conv), prefix_ + key}, std::nullopt, std::nullopt};
  }

  Result<std::optional<ConvTasNetLayer>> read_norm(const std::string& block, size_t number) {
    for (std::string_view name : kNormNames) {
      const std::string key = fmt::format("{}{}{}", block, name, number);
      if (!state_.has(key + ".weight")) continue;
      if (!state_.has(key + ".running_mean")) {
        TESSERA_TRY(ConvTasNetLayer measured, read_measured_norm(key));
        return std::optional(std::move(measured));
      }
      TESSERA_TRY(ConvTasNetLayer norm, take_batch_norm(state_, key, width_));
      return std::optional(std::move(norm));
    }
    return std::optional<ConvTasNetLayer>();
  }

  // Where a PReLU behind convolution `i` would be: by its number, or in a Sequential before the
  // next convolution.
  static std::vector<std::string> activation_keys(const std::string& block,
                                                  const std::vector<std::string>& convs, size_t i) {
    std::vector<std::string> keys;
    for (std::string_view name : kActivationNames)
      keys.push_back(fmt::format("{}{}{}", block, name, i + 1));
    const std::string sequence = block + "net.";
    if (!convs[i].starts_with(sequence)) return keys;
    constexpr int kMostBetween = 8;
    int place = std::atoi(convs[i].c_str() + sequence.size());
    for (int between = 1; between < kMostBetween; ++between) {
      const std::string key = fmt::format("{}{}", sequence, ++place);
      if (i + 1 < convs.size() && key == convs[i + 1]) break;
      keys.push_back(key);
    }
    return keys;
  }
  static std::vector<std::string> sum_activation_keys(const std::string& block, size_t convs) {
    std::vector<std::string> keys;
    for (std::string_view name : kActivationNames) {
      keys.push_back(block + std::string(name));
      keys.push_back(fmt::format("{}{}{}", block, name, convs + 1));
      keys.push_back(fmt::format("{}{}_out", block, name));
      keys.push_back(fmt::format("{}{}_final", block, name));
    }
    return keys;
  }

  // A slope for all channels, or one for each, and nothing else: what a norm has not.
  Result<std::optional<ConvTasNetLayer>> read_activation(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      const NamedTensor* slope = state_.find(key + ".weight");
      if (slope == nullptr || slope->dims.size() != 1 || state_.has(key + ".bias")) continue;
      if (slope->dims[0] != 1 && slope->dims[0] != width_) continue;
      Unary prelu{UnaryKind::prelu, {}};
      TESSERA_TRY(prelu.slope, state_.take(key + ".weight", slope->dims));
      has_prelus_ = true;
      return std::optional(ConvTasNetLayer{std::move(prelu), prefix_ + key});
    }
    if (has_prelus_ && !is_told_) {
      return TESSERA_ERROR(kInvalidModel, prefix_ + keys.front(),
                           "one activation of the network is a PReLU, and this one is not there",
                           "say what it is with ImportOptions::model_args activation=relu, or "
                           "sum_activation=false where none follows the sum");
    }
    return std::optional<ConvTasNetLayer>();
  }

  void note_activation() {
    if (is_told_ || has_prelus_) return;
    notes_.push_back({NoteSeverity::info,
                      "assumed activation=relu: the weights do not tell; else give "
                      "ImportOptions::model_args activation=gelu, say"});
  }

  // A norm of the window's own statistics: gain and offset do not tell of which.
  Result<ConvTasNetLayer> read_measured_norm(const std::string& key) {
    TESSERA_TRY(const auto kind, args_.text("norm_type"));
    Norm norm;
    if (kind == "gLN") {
      norm.kind = NormKind::global;
    } else if (kind == "fgLN") {
      norm.kind = NormKind::feature_wise;
    } else if (kind == "cLN") {
      norm.kind = NormKind::channel_wise;
    } else {
      return TESSERA_ERROR(
          kInvalidArgument, prefix_ + key,
          kind ? fmt::format("model argument norm_type is '{}'", *kind)
               : "is a norm of the window's own statistics, and its weights do not tell of which",
          "give ImportOptions::model_args norm_type=gLN (GroupNorm of one group), fgLN "
          "(InstanceNorm) or cLN (LayerNorm over channels)");
    }
    norm.eps = kTorchNormEps;
    TESSERA_TRY(norm.gamma, state_.take(key + ".weight", {width_}));
    TESSERA_TRY(norm.beta, state_.take(key + ".bias", {width_}));
    return ConvTasNetLayer{std::move(norm), prefix_ + key};
  }

  Result<ConvTasNetLayer> read_residual(const std::string& key, int64_t in) {
    TESSERA_TRY(const Tensor weight, take_weight(state_, key));
    if (weight.dims() != std::vector<int64_t>{width_, in, 1}) {
      return TESSERA_ERROR(
          kInvalidModel, prefix_ + key,
          fmt::format("has a weight {}, expected {}", dims_to_string(weight.dims()),
                      dims_to_string(std::vector<int64_t>{width_, in, 1})),
          "");
    }
    Conv conv;
    conv.weight = weight.reshaped({width_, in, 1, 1});
    TESSERA_TRY(conv.bias, state_.take_optional(key + ".bias", {width_}));
    return ConvTasNetLayer{std::move(conv), prefix_ + key};
  }

  // Locuslab's blocks keep each convolution twice: by its name and in the Sequential `net`.
  Result<void> skip_repeated(const std::string& block, const std::vector<std::string>& convs) {
    const std::string own = prefix_ + block;
    const std::string again = own + "net.";
    if (convs.front().starts_with(block + "net.")) return {};
    for (const NamedTensor& tensor : checkpoint_.tensors) {
      if (!tensor.name.starts_with(again)) continue;
      const bool known = std::any_of(
          checkpoint_.tensors.begin(), checkpoint_.tensors.end(), [&](const NamedTensor& other) {
            return other.name.starts_with(own) && !other.name.starts_with(again) &&
                   other.tensor == tensor.tensor;
          });
      if (!known) {
        return TESSERA_ERROR(kInvalidModel, tensor.name, "is none of the layers of its block",
                             "the file holds two networks in one: save its state dict again");
      }
      state_.skip(tensor.name.substr(prefix_.size()));
    }
    return {};
  }

  // The past of a stream, which pytorch-tcn keeps beside the weights.
  void skip_stream_state(const std::string& block) {
    for (const NamedTensor& tensor : checkpoint_.tensors) {
      if (tensor.name.starts_with(prefix_ + block) && tensor.name.ends_with("buffer"))
        state_.skip(tensor.name.substr(prefix_.size()));
    }
  }

  Result<void> read_pool(bool has_head) {
    struct Name {
      std::string_view text;
      TcnPool pool;
    };
    static constexpr Name kNames[] = {{"avg", TcnPool::average},  {"average", TcnPool::average},
                                      {"mean", TcnPool::average}, {"max", TcnPool::max},
                                      {"last", TcnPool::last},    {"none", TcnPool::none}};
    TESSERA_TRY(auto name, args_.text("pool"));
    if (!name && args_.states("pool")) name = "none";  // which arguments take for None
    if (!name) {
      net_.pool = has_head ? TcnPool::last : TcnPool::none;
      notes_.push_back({has_head ? NoteSeverity::warning : NoteSeverity::info,
                        fmt::format("assumed pool={}: the weights do not tell; networks that pool "
                                    "over time need ImportOptions::model_args pool=avg",
                                    has_head ? "last" : "none")});
      return {};
    }
    for (const Name& known : kNames) {
      if (*name != known.text) continue;
      net_.pool = known.pool;
      return {};
    }
    return wrong_arg("pool", fmt::format("is '{}'", *name), "give avg, max, last or none");
  }

  const Checkpoint& checkpoint_;
  std::string prefix_;
  StateView state_;
  ModelArgs& args_;
  std::vector<Note>& notes_;
  Tcn net_;
  int64_t width_ = 0;        // channels of the last convolution
  bool is_told_ = false;     // the activation
  bool has_prelus_ = false;  // activations with weights
};

}  // namespace

Error wrong_arg(const std::string& name, std::string message, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, "",
                       fmt::format("model argument {} {}", name, std::move(message)),
                       std::move(hint));
}

Result<std::vector<double>> numbers_in(const std::vector<std::string>& entries,
                                       const std::string& name) {
  std::vector<double> numbers;
  for (const std::string& entry : entries) {
    double number = 0;
    const char* end = entry.data() + entry.size();
    const auto [at, error] = std::from_chars(entry.data(), end, number);
    if (error != std::errc() || at != end || !std::isfinite(static_cast<float>(number)))
      return wrong_arg(name, fmt::format("holds '{}', which is no number", entry),
                       "write it like 1,2,4");
    numbers.push_back(number);
  }
  return numbers;
}

Result<Tcn> read_tcn(const Checkpoint& checkpoint, const std::string& prefix, ModelArgs& args,
                     std::vector<Note>& notes) {
  return TcnReader(checkpoint, prefix, args, notes).read();
}

}  // namespace tessera
