// Reads TCNs: locuslab's TemporalConvNet, the package pytorch-tcn, and what is written like them.
#include "model/torch/tcn.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/torch/state_view.h"
#include "model/torch/tcn_reader.h"
#include "model/torch/weight_norm.h"

namespace tessera {
namespace {

constexpr int64_t kUnknownFrames = 100;
// The first convolution of the first block.
constexpr std::string_view kFirstConvs[] = {"0.conv1", "0.conv1.conv", "0.net.0"};

constexpr TcnArgument kTcnArguments[] = {
    {"dilations", "one for each block, `1,2,4`; default: 1, 2, 4, ... doubling"},
    {"causal",
     "`true` (padding in front, or on both sides and chopped), `false` (half of it on "
     "each side); default: true"},
    {"activation",
     "`relu` `leaky_relu` `tanh` `gelu` `swish` `sigmoid`; PReLUs are known by their slopes; "
     "default: relu"},
    {"sum_activation", "`true` `false`: whether it follows the residual sum, too; default: true"},
    {"norm_type",
     "what norms without running statistics measure: `gLN` (GroupNorm of one group), `fgLN` "
     "(InstanceNorm), `cLN` (LayerNorm over channels)"},
    {"pool",
     "`avg` `max` `last` `none`: what follows the blocks; default: last with a linear "
     "layer, else none"},
    {"head",
     "names of the linear layers in their order, `fc1,fc2`, or `none`; default: the only "
     "one that fits"},
    {"softmax", "`true` `false`; default: false"},
    {"part", "where the blocks are, `encoder.tcn.network`, if there are several TCNs"},
    {"frames", "of a window"},
    {"mean, std", "one number a channel, `0.1,0.2`: the z-score in front of the network"},
    {"channels, classes", "their names, `ax,ay,az`"},
};

Result<std::vector<float>> float_args(ModelArgs& args, const std::string& name) {
  const auto entries = args.list(name);
  if (!entries) return std::vector<float>{};
  TESSERA_TRY(const std::vector<double> numbers, numbers_in(*entries, name));
  return std::vector<float>(numbers.begin(), numbers.end());
}

Result<SensorInput> read_sensor_args(ModelArgs& args) {
  SensorInput sensor;
  TESSERA_TRY(sensor.mean, float_args(args, "mean"));
  TESSERA_TRY(sensor.deviation, float_args(args, "std"));
  if (const auto names = args.list("channels")) sensor.channels = *names;
  if (const auto names = args.list("classes")) sensor.classes = *names;
  TESSERA_TRY(const auto frames, args.integer("frames", 1, int64_t{1} << 30));
  sensor.frames = frames.value_or(0);
  return sensor;
}

Result<std::string> chosen_prefix(const std::vector<std::string>& prefixes, ModelArgs& args) {
  TESSERA_TRY(const auto part, args.text("part"));
  if (part) {
    const std::string wanted = part->ends_with('.') ? *part : *part + ".";
    if (std::find(prefixes.begin(), prefixes.end(), wanted) != prefixes.end()) return wanted;
    return wrong_arg("part", fmt::format("'{}' has no blocks of a TCN", *part),
                     fmt::format("they are under {}", fmt::join(prefixes, ", ")));
  }
  if (prefixes.size() == 1) return prefixes.front();
  return TESSERA_ERROR(
      kInvalidArgument, "",
      fmt::format("the state dict holds several TCNs, under '{}'", fmt::join(prefixes, "', '")),
      fmt::format("choose with ImportOptions::model_args part={}", prefixes.front()));
}

}  // namespace

std::span<const TcnArgument> tcn_arguments() {
  return kTcnArguments;
}

std::vector<std::string> tcn_prefixes(const Checkpoint& checkpoint) {
  std::vector<std::string> prefixes;
  for (std::string_view first : kFirstConvs) {
    for (const WeightNames& names : weight_names()) {
      const std::string anchor = std::string(first) + std::string(names.direction);
      for (std::string& prefix : prefixes_of(checkpoint, anchor)) {
        const NamedTensor* weight = checkpoint.find(prefix + anchor);
        const bool is_conv1d = weight != nullptr && weight->dims.size() == 3;
        if (is_conv1d && std::find(prefixes.begin(), prefixes.end(), prefix) == prefixes.end())
          prefixes.push_back(std::move(prefix));
      }
    }
  }
  return prefixes;
}

Result<ImportedModel> import_tcn(Checkpoint checkpoint, const ImportOptions& options) {
  ImportedModel model;
  model.notes = checkpoint.notes;
  ModelArgs args(checkpoint.args, options.model_args, model.notes);
  args.ignore("sample_rate");
  args.ignore("model_name");
  TESSERA_TRY(const std::string prefix, chosen_prefix(tcn_prefixes(checkpoint), args));
  TESSERA_TRY(Tcn net, read_tcn(checkpoint, prefix, args, model.notes));
  TESSERA_TRY(model.sensor, read_sensor_args(args));
  TESSERA_TRY_VOID(args.finish(model.notes));
  model.family = "tcn";
  model.metadata = std::move(checkpoint.metadata);
  model.network = std::make_shared<TcnNetwork>(std::move(net));
  const int64_t told = model.sensor.frames;
  model.length_samples = options.length_samples.value_or(told > 0 ? told : kUnknownFrames);
  TESSERA_TRY(model.graph, model.network->instantiate(model.length_samples));
  return model;
}

}  // namespace tessera
