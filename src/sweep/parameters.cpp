#include "sweep/parameters.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

constexpr auto kCount = ParameterKind::count;
constexpr auto kFlag = ParameterKind::flag;
constexpr auto kWord = ParameterKind::word;
constexpr auto kText = ParameterKind::text;
constexpr int64_t kMostChannels = 1 << 16;
constexpr int64_t kMostFrames = 1 << 24;

constexpr ParameterKey kKeys[] = {
    {"network", kWord, 0, 0, "", "kind of a seeded network"},
    {"model", kText, 0, 0, "", "file of a real network; relative to the definition's folder"},
    {"part", kWord, 0, 0, "whole encoder masker decoder block prefix",
     "which part of the model is compiled"},
    {"block", kCount, 0, 4096, "", "the block of part = \"block\", from 0"},
    {"depth", kCount, 1, 4096, "", "how many blocks part = \"prefix\" keeps"},
    {"length", kCount, 1, kMostFrames, "", "input length of the model, in samples"},
    {"input_len", kCount, 1, kMostFrames, "", "samples that go into the encoder"},
    {"width", kCount, 1, kMostFrames, "", "frames that go into a network without encoder"},
    {"in", kCount, 1, kMostChannels, "", "channels that go in"},
    {"out", kCount, 1, kMostChannels, "", "channels that come out"},
    {"n_filters", kCount, 1, kMostChannels, "", "filters of the encoder"},
    {"bn_chan", kCount, 1, kMostChannels, "", "channels of the bottleneck"},
    {"hid_chan", kCount, 1, kMostChannels, "", "channels inside a block"},
    {"skip_chan", kCount, 0, kMostChannels, "", "channels of the skip path; 0: none"},
    {"n_blocks", kCount, 1, 24, "", "blocks of a repeat"},
    {"n_repeats", kCount, 1, 64, "", "repeats"},
    {"n_src", kCount, 1, 16, "", "sources"},
    {"truncate_k", kCount, 0, 4096, "", "only so many blocks; 0: all"},
    {"dilation", kCount, 1, 1 << 16, "", "of a block that stands alone"},
    {"kernel", kCount, 1, 1 << 12, "", "taps of encoder and decoder"},
    {"stride", kCount, 1, 1 << 12, "", "of encoder and decoder"},
    {"encoder_padding", kCount, 0, 1 << 12, "", "zeros at each end of what the encoder reads"},
    {"decoder_crop", kCount, 0, 1 << 12, "", "samples that a transposed decoder loses at each end"},
    {"norm", kWord, 0, 0, "affine identity", "what stands for a norm"},
    {"mask", kWord, 0, 0, "normal bypass", "bypass: the masker is dead code"},
    {"skip", kWord, 0, 0, "project concat", "how the encoder's output is repeated for the sources"},
    {"decoder", kWord, 0, 0, "conv1x1_head grouped ungrouped_blockdiag reduced_128 reduced_64",
     "form of the decoder"},
    {"weights", kWord, 0, 0, "random identity average", "of a convolution that stands alone"},
    {"bias", kFlag, 0, 0, "", "of a convolution that stands alone"},
    {"of", kWord, 0, 0,
     "source_projector decoder_pre decoder_head bottleneck tcn0_in tcn0_depth tcn0_residual "
     "tcn0_skip mask_head",
     "the layer that a partial one is of"},
    {"out_block", kCount, 0, kMostChannels, "", "which block of its outputs"},
    {"in_block", kCount, 0, kMostChannels, "", "which block of its inputs"},
    {"block_chan", kCount, 1, kMostChannels, "", "channels of a block"},
    {"rows", kCount, 0, kMostChannels, "", "which share of the layer's outputs"},
    {"row_shares", kCount, 1, kMostChannels, "", "how many shares there are"},
    {"seed", kCount, 0, int64_t{1} << 31, "", "of the weights"},
    {"tile", kCount, 1, kMostFrames, "",
     "cut into tiles of so many frames, played and compared with the whole"},
    {"calib_npz", kText, 0, 0, "", "calibration; relative to the definition's folder"},
    {"calib_chan", kCount, 1, kMostChannels, "", "channels of seeded calibration"},
    {"calib_len", kCount, 1, kMostFrames, "", "frames of seeded calibration"},
    {"calib_samples", kCount, 1, 4096, "", "samples of calibration that are used"},
    {"length_policy", kWord, 0, 0, "pad repeat crop error",
     "what becomes of calibration of another length"},
    {"series", kText, 0, 0, "", "rows of one series are compared with each other"},
};

// What every case may say.
constexpr std::string_view kOfAll =
    "network seed tile calib_npz calib_chan calib_len calib_samples length_policy series";

constexpr std::string_view kMasker =
    "width n_filters bn_chan hid_chan skip_chan n_blocks n_repeats n_src truncate_k norm";

constexpr NetworkKind kKinds[] = {
    {"model", "a network from a file", "model part block depth length"},
    {"conv1x1", "a pointwise convolution", "in out width weights bias"},
    {"norm", "what stands for a norm: a depthwise convolution of one tap", "in width norm"},
    {"sigmoid", "a sigmoid", "in width"},
    {"conv1d_block", "one block: its residual, beside it its skip value where it has one",
     "width bn_chan hid_chan skip_chan dilation norm"},
    {"tdconvnet", "bottleneck, blocks and mask head: the same as masker", kMasker},
    {"masker", "bottleneck, blocks and mask head", kMasker},
    {"bottleneck", "norm and bottleneck", "width n_filters bn_chan norm"},
    {"mask_head", "the mask's convolution and sigmoid", "width skip_chan n_filters n_src"},
    {"projector", "the encoder's output, once for each source", "width n_filters n_src"},
    {"decoder_pre", "an identity before the decoder", "width n_filters n_src"},
    {"decoder", "the decoder", "width n_filters n_src decoder kernel stride decoder_crop"},
    {"decoder_chain", "projector, decoder_pre and a pointwise head", "width n_filters n_src"},
    {"encoder", "the encoder", "input_len n_filters kernel stride encoder_padding"},
    {"partial", "a block of channels of a layer, or a share of its outputs",
     "of out_block in_block block_chan rows row_shares width n_filters bn_chan hid_chan "
     "skip_chan n_src"},
    {"conv_tasnet", "encoder, masker, product and decoder",
     "input_len n_filters bn_chan hid_chan skip_chan n_blocks n_repeats n_src truncate_k kernel "
     "stride encoder_padding decoder_crop norm mask skip decoder"},
};

bool is_word_of(std::string_view list, std::string_view wanted) {
  const std::vector<std::string_view> words = words_of(list);
  return std::find(words.begin(), words.end(), wanted) != words.end();
}

}  // namespace

std::string to_string(const ParameterValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return fmt::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::get<std::string>(value);
}

std::span<const ParameterKey> parameter_keys() {
  return kKeys;
}

const ParameterKey* find_parameter(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKeys), std::end(kKeys),
                                   [&](const ParameterKey& key) { return key.name == name; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::span<const NetworkKind> network_kinds() {
  return kKinds;
}

const NetworkKind* find_network_kind(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const NetworkKind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

bool reads(const NetworkKind& kind, std::string_view parameter) {
  return is_word_of(kOfAll, parameter) || is_word_of(kind.parameters, parameter);
}

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    if (end > 0) words.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

const ParameterValue* Parameters::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

int64_t Parameters::count(std::string_view name, int64_t fallback) const {
  const ParameterValue* value = find(name);
  return value == nullptr ? fallback : std::get<int64_t>(*value);
}

bool Parameters::flag(std::string_view name, bool fallback) const {
  const ParameterValue* value = find(name);
  return value == nullptr ? fallback : std::get<bool>(*value);
}

std::string Parameters::word(std::string_view name, std::string_view fallback) const {
  const ParameterValue* value = find(name);
  return value == nullptr ? std::string(fallback) : std::get<std::string>(*value);
}

}  // namespace tessera
