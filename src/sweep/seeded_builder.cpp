#include "sweep/seeded_builder.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

constexpr int64_t kMostWeights = int64_t{1} << 27;
constexpr int64_t kFirstReduced = 128;
constexpr int64_t kSecondReduced = 64;

}  // namespace

SeededSizes::SeededSizes(const Parameters& parameters)
    : samples(parameters.count("input_len", 16000)),
      width(parameters.count("width", 2000)),
      filters(parameters.count("n_filters", 256)),
      bottleneck(parameters.count("bn_chan", 128)),
      hidden(parameters.count("hid_chan", 256)),
      skip(parameters.count("skip_chan", 128)),
      blocks(parameters.count("n_blocks", 1)),
      repeats(parameters.count("n_repeats", 1)),
      sources(parameters.count("n_src", 2)),
      truncate(parameters.count("truncate_k", 0)),
      dilation(parameters.count("dilation", 1)),
      kernel(parameters.count("kernel", 16)),
      stride(parameters.count("stride", 8)),
      padding(parameters.count("encoder_padding", 8)),
      crop(parameters.count("decoder_crop", padding)),
      seed(parameters.count("seed", 1)),
      affine(parameters.word("norm", "affine") == "affine") {}

int64_t SeededSizes::depth() const {
  const int64_t all = blocks * repeats;
  return truncate == 0 ? all : std::min(truncate, all);
}

NodeId SeededBuilder::append(Op op, std::vector<NodeId> inputs, const std::string& name) {
  if (!failed_) return kNoNode;
  Result<NodeId> made = editor_.add(std::move(op), std::move(inputs), name);
  if (made) return *made;
  failed_ = std::move(made).error();
  return kNoNode;
}

bool SeededBuilder::fits(int64_t weights) {
  if (!failed_) return false;
  weights_ += weights;
  if (weights_ <= kMostWeights) return true;
  failed_ = TESSERA_ERROR(kResourceLimit, "network",
                          fmt::format("has more than {} weights", kMostWeights),
                          "describe a smaller one");
  return false;
}

NodeId SeededBuilder::input(int64_t channels, int64_t width) {
  return append(Input{{channels, 1, width}}, {}, "input");
}

NodeId SeededBuilder::conv(NodeId x, int64_t out, const Form& form, const std::string& name) {
  if (!failed_ || !fits(out * (channels(x) / form.groups) * form.kernel)) return kNoNode;
  return conv(
      x, seeded_weight(form.weights, out, channels(x), form.kernel, form.groups, sizes_.seed, name),
      form.bias ? seeded_bias(out, sizes_.seed, name) : Tensor(), form, name);
}

NodeId SeededBuilder::conv(NodeId x, Tensor weight, Tensor bias, const Form& form,
                           const std::string& name) {
  Conv op;
  op.weight = std::move(weight);
  op.bias = std::move(bias);
  op.stride = {1, form.stride};
  op.dilation = {1, form.dilation};
  op.padding = {0, 0, form.padding, form.padding};
  op.groups = form.groups;
  return append(std::move(op), {x}, name);
}

NodeId SeededBuilder::norm(NodeId x, const std::string& name) {
  if (!failed_) return kNoNode;
  const int64_t count = channels(x);
  Form form;
  form.groups = count;
  if (!sizes_.affine) return conv(x, Tensor::full({count, 1, 1, 1}, 1), Tensor(), form, name);
  return conv(x, seeded_scale(count, sizes_.seed, name), seeded_bias(count, sizes_.seed, name),
              form, name);
}

NodeId SeededBuilder::relu(NodeId x, const std::string& name) {
  return append(Unary{.kind = UnaryKind::relu, .slope = {}}, {x}, name);
}

NodeId SeededBuilder::sigmoid(NodeId x, const std::string& name) {
  return append(Unary{.kind = UnaryKind::sigmoid, .slope = {}}, {x}, name);
}

NodeId SeededBuilder::add(NodeId a, NodeId b, const std::string& name) {
  return append(Add{}, {a, b}, name);
}

NodeId SeededBuilder::multiply(NodeId a, NodeId b, const std::string& name) {
  return append(Mul{}, {a, b}, name);
}

NodeId SeededBuilder::concat(std::vector<NodeId> values, const std::string& name) {
  return append(Concat{Axis::c}, std::move(values), name);
}

NodeId SeededBuilder::encoder(NodeId wave) {
  return conv(
      wave, sizes_.filters,
      {.kernel = sizes_.kernel, .stride = sizes_.stride, .padding = sizes_.padding, .bias = false},
      "encoder");
}

NodeId SeededBuilder::bottleneck(NodeId representation) {
  return conv(norm(representation, "bottleneck_norm"), sizes_.bottleneck, {}, "bottleneck");
}

SeededBuilder::Block SeededBuilder::block(NodeId x, int64_t index, int64_t dilation, bool residual,
                                          bool skip) {
  const std::string name = fmt::format("tcn{}", index);
  NodeId y = relu(conv(x, sizes_.hidden, {}, name + "_in"), name + "_in_relu");
  y = norm(y, name + "_norm1");
  y = conv(y, sizes_.hidden,
           {.kernel = 3, .dilation = dilation, .padding = dilation, .groups = sizes_.hidden},
           name + "_depth");
  y = norm(relu(y, name + "_depth_relu"), name + "_norm2");
  Block made;
  if (residual) made.residual = conv(y, sizes_.bottleneck, {}, name + "_residual");
  if (skip) made.skip = conv(y, sizes_.skip, {}, name + "_skip");
  return made;
}

NodeId SeededBuilder::mask_head(NodeId x) {
  return sigmoid(conv(x, sizes_.representation(), {}, "mask_head"), "mask_output");
}

NodeId SeededBuilder::masker(NodeId representation) {
  NodeId x = bottleneck(representation);
  NodeId skips = kNoNode;
  const int64_t depth = sizes_.depth();
  for (int64_t i = 0; i < depth; ++i) {
    // What nothing reads an export leaves out: the last block's residual where there are skips.
    const bool residual = sizes_.skip == 0 || i + 1 < depth;
    const Block made = block(x, i, int64_t{1} << (i % sizes_.blocks), residual, sizes_.skip > 0);
    if (residual) x = add(x, made.residual, fmt::format("tcn{}_out", i));
    if (sizes_.skip == 0) continue;
    skips = skips == kNoNode ? made.skip : add(skips, made.skip, fmt::format("tcn{}_skips", i));
  }
  return mask_head(sizes_.skip > 0 ? skips : x);
}

NodeId SeededBuilder::projector(NodeId representation) {
  return conv(representation, sizes_.representation(),
              {.bias = false, .weights = WeightForm::identity}, "source_projector");
}

NodeId SeededBuilder::decoder(NodeId masked, const std::string& form) {
  if (!failed_) return kNoNode;
  if (form == "conv1x1_head") {
    return conv(masked, sizes_.sources, {.weights = WeightForm::average}, "decoder_head");
  }
  NodeId x = masked;
  if (form == "reduced_128") x = conv(x, kFirstReduced, {}, "decoder_pre");
  if (form == "reduced_64") x = conv(x, kSecondReduced, {}, "decoder_pre");
  if (!failed_) return kNoNode;
  const int64_t in = channels(x);
  const int64_t groups = form == "grouped" ? sizes_.sources : 1;
  const int64_t out_of_group = sizes_.sources / groups;
  if (in % groups != 0) {
    failed_ = TESSERA_ERROR(kInvalidArgument, "n_src",
                            fmt::format("{} channels do not divide into {} groups", in, groups),
                            "choose n_filters and n_src that divide");
    return kNoNode;
  }
  if (!fits(in * out_of_group * sizes_.kernel)) return kNoNode;
  Tensor weight = seeded_weight(WeightForm::random, in, out_of_group, sizes_.kernel, 1, sizes_.seed,
                                "decoder_head");
  if (form == "ungrouped_blockdiag") {
    // Each source's channels reach its own output alone: exactly the grouped one.
    std::vector<float> values(weight.values().begin(), weight.values().end());
    const int64_t share = std::max<int64_t>(1, in / sizes_.sources);
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t o = 0; o < out_of_group; ++o) {
        if (i / share == o) continue;
        for (int64_t t = 0; t < sizes_.kernel; ++t)
          values[static_cast<size_t>((i * out_of_group + o) * sizes_.kernel + t)] = 0;
      }
    }
    weight = Tensor(weight.dims(), std::move(values));
  }
  ConvTranspose op;
  op.weight = std::move(weight);
  op.stride = {1, sizes_.stride};
  op.crop = {0, 0, sizes_.crop, sizes_.crop};
  op.groups = groups;
  return append(std::move(op), {x}, "decoder_head");
}

Result<Graph> SeededBuilder::finish(std::string output, NodeId node) {
  TESSERA_TRY_VOID(std::move(failed_));
  editor_.add_output(std::move(output), node);
  editor_.remove_dead();
  TESSERA_TRY_VOID(editor_.enter(GraphForm::imported));
  return std::move(graph_);
}

}  // namespace tessera
