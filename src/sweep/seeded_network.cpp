#include "sweep/seeded_network.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "sweep/seeded_builder.h"

namespace tessera {
namespace {

using Made = Result<Graph>;

Made conv1x1(const Parameters& parameters, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  SeededBuilder::Form form;
  form.bias = parameters.flag("bias", true);
  const std::string weights = parameters.word("weights", "random");
  if (weights == "identity") form.weights = WeightForm::identity;
  if (weights == "average") form.weights = WeightForm::average;
  const NodeId x = builder.input(parameters.count("in", 64), sizes.width);
  return builder.finish("output", builder.conv(x, parameters.count("out", 64), form, "conv"));
}

Made norm(const Parameters& parameters, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId x = builder.input(parameters.count("in", 128), sizes.width);
  return builder.finish("output", builder.norm(x, "norm"));
}

Made sigmoid(const Parameters& parameters, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId x = builder.input(parameters.count("in", 128), sizes.width);
  return builder.finish("output", builder.sigmoid(x, "sigmoid"));
}

Made conv1d_block(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId x = builder.input(sizes.bottleneck, sizes.width);
  const auto made = builder.block(x, 0, sizes.dilation, true, sizes.skip > 0);
  if (sizes.skip == 0) return builder.finish("output", made.residual);
  return builder.finish("output", builder.concat({made.residual, made.skip}, "tcn0_both"));
}

Made masker(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  return builder.finish("mask", builder.masker(builder.input(sizes.filters, sizes.width)));
}

Made bottleneck(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  return builder.finish("output", builder.bottleneck(builder.input(sizes.filters, sizes.width)));
}

Made mask_head(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const int64_t in = sizes.skip > 0 ? sizes.skip : sizes.bottleneck;
  return builder.finish("mask", builder.mask_head(builder.input(in, sizes.width)));
}

Made projector(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  return builder.finish("output", builder.projector(builder.input(sizes.filters, sizes.width)));
}

NodeId decoder_pre(SeededBuilder& builder, NodeId x, const SeededSizes& sizes) {
  return builder.conv(x, sizes.representation(), {.bias = false, .weights = WeightForm::identity},
                      "decoder_pre");
}

Made decoder_pre(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId x = builder.input(sizes.representation(), sizes.width);
  return builder.finish("output", decoder_pre(builder, x, sizes));
}

Made decoder(const Parameters& parameters, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId x = builder.input(sizes.representation(), sizes.width);
  return builder.finish("voices", builder.decoder(x, parameters.word("decoder", "conv1x1_head")));
}

Made decoder_chain(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId x = builder.projector(builder.input(sizes.filters, sizes.width));
  return builder.finish("voices", builder.decoder(decoder_pre(builder, x, sizes), "conv1x1_head"));
}

Made encoder(const Parameters&, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  return builder.finish("output", builder.encoder(builder.input(1, sizes.samples)));
}

Made conv_tasnet(const Parameters& parameters, const SeededSizes& sizes) {
  SeededBuilder builder(sizes);
  const NodeId encoded = builder.encoder(builder.input(1, sizes.samples));
  const bool bypass = parameters.word("mask", "normal") == "bypass";
  const NodeId mask = bypass ? kNoNode : builder.masker(encoded);
  NodeId x = encoded;
  if (parameters.word("skip", "project") == "project") {
    x = builder.projector(encoded);
  } else if (sizes.sources > 1) {
    x = builder.concat(std::vector<NodeId>(static_cast<size_t>(sizes.sources), encoded),
                       "source_concat");
  }
  if (!bypass) x = builder.multiply(x, mask, "masked_rep");
  return builder.finish("voices", builder.decoder(x, parameters.word("decoder", "conv1x1_head")));
}

// A layer whose blocks of channels stand alone.
struct ParentLayer {
  std::string name;
  int64_t out = 0;
  int64_t in = 0;
  int64_t kernel = 1;
  bool depthwise = false;
  bool bias = true;
  WeightForm weights = WeightForm::random;
};

ParentLayer parent_layer(const std::string& of, const SeededSizes& sizes) {
  const int64_t both = sizes.representation();
  if (of == "source_projector")
    return {of, both, sizes.filters, 1, false, false, WeightForm::identity};
  if (of == "decoder_pre") return {of, both, both, 1, false, false, WeightForm::identity};
  if (of == "decoder_head") return {of, sizes.sources, both, 1, false, true, WeightForm::average};
  if (of == "bottleneck") return {of, sizes.bottleneck, sizes.filters};
  if (of == "tcn0_in") return {of, sizes.hidden, sizes.bottleneck};
  if (of == "tcn0_depth") return {of, sizes.hidden, sizes.hidden, 3, true};
  if (of == "tcn0_residual") return {of, sizes.bottleneck, sizes.hidden};
  if (of == "tcn0_skip") return {of, sizes.skip, sizes.hidden};
  return {"mask_head", both, sizes.skip > 0 ? sizes.skip : sizes.bottleneck};
}

struct ChannelRange {
  int64_t first = 0;
  int64_t count = 0;
};

// The `index`-th run of `size` channels of `all`; a layer with fewer is one block.
Result<ChannelRange> range_of(const char* parameter, int64_t index, int64_t size, int64_t all) {
  const int64_t count = std::min(size, all);
  if (index >= (all + count - 1) / count) {
    return TESSERA_ERROR(kInvalidArgument, parameter,
                         fmt::format("is {}, but {} channels have {} of {}", index, all,
                                     (all + count - 1) / count, count),
                         "count blocks from 0");
  }
  const int64_t first = index * count;
  return ChannelRange{first, std::min(count, all - first)};
}

Made partial(const Parameters& parameters, const SeededSizes& sizes) {
  const ParentLayer parent = parent_layer(parameters.word("of", "source_projector"), sizes);
  const int64_t all_in = parent.depthwise ? parent.out : parent.in;
  ChannelRange outs{0, parent.out};
  ChannelRange ins{0, all_in};
  if (parameters.has("row_shares")) {
    const int64_t shares = parameters.count("row_shares", 1);
    TESSERA_TRY(outs, range_of("rows", parameters.count("rows", 0),
                               std::max<int64_t>(1, parent.out / shares), parent.out));
  } else {
    const int64_t size = parameters.count("block_chan", 64);
    // A head has fewer outputs than a block has channels: its blocks are rows.
    const int64_t out_size = parent.name == "decoder_head" ? 1 : size;
    TESSERA_TRY(outs,
                range_of("out_block", parameters.count("out_block", 0), out_size, parent.out));
    TESSERA_TRY(ins, range_of("in_block", parameters.count("in_block", 0), size, all_in));
  }
  if (parent.depthwise) ins = outs;
  constexpr int64_t kMostOfLayer = int64_t{1} << 24;
  if (parent.out * (parent.depthwise ? 1 : parent.in) > kMostOfLayer) {
    return TESSERA_ERROR(kResourceLimit, "of",
                         fmt::format("{} has more than {} weights", parent.name, kMostOfLayer),
                         "describe a smaller network");
  }
  SeededBuilder builder(sizes);
  const Tensor weight = seeded_weight(parent.weights, parent.out, parent.in, parent.kernel,
                                      parent.depthwise ? parent.in : 1, sizes.seed, parent.name);
  // Partial sums are added up: one of them brings the bias.
  const bool bias = parent.bias && (ins.first == 0 || parent.depthwise);
  const Tensor whole_bias = seeded_bias(parent.out, sizes.seed, parent.name);
  const auto offsets =
      whole_bias.values().subspan(static_cast<size_t>(outs.first), static_cast<size_t>(outs.count));
  const NodeId x = builder.input(ins.count, sizes.width);
  SeededBuilder::Form form;
  form.padding = (parent.kernel - 1) / 2;
  form.groups = parent.depthwise ? outs.count : 1;
  return builder.finish(
      "output",
      builder.conv(x,
                   parent.depthwise
                       ? block_of(weight, outs.first, outs.count, 0, 1)
                       : block_of(weight, outs.first, outs.count, ins.first, ins.count),
                   bias ? Tensor({outs.count}, {offsets.begin(), offsets.end()}) : Tensor(), form,
                   parent.name));
}

using Maker = Made (*)(const Parameters&, const SeededSizes&);

const std::map<std::string, Maker, std::less<>>& makers() {
  static const std::map<std::string, Maker, std::less<>> all = {
      {"conv1x1", conv1x1},           {"norm", norm},           {"sigmoid", sigmoid},
      {"conv1d_block", conv1d_block}, {"tdconvnet", masker},    {"masker", masker},
      {"bottleneck", bottleneck},     {"mask_head", mask_head}, {"projector", projector},
      {"decoder_pre", decoder_pre},   {"decoder", decoder},     {"decoder_chain", decoder_chain},
      {"encoder", encoder},           {"partial", partial},     {"conv_tasnet", conv_tasnet},
  };
  return all;
}

}  // namespace

Result<Graph> seeded_network(const Parameters& parameters) {
  const std::string kind = parameters.word("network", "");
  const auto found = makers().find(kind);
  if (found == makers().end()) {
    return TESSERA_ERROR(kInvalidArgument, "network",
                         fmt::format("'{}' is no kind of network", kind),
                         "docs/sweeps.md lists them");
  }
  return found->second(parameters, SeededSizes(parameters));
}

}  // namespace tessera
