#include "compile/joined_pieces.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/npy.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

using Group = std::vector<const CompiledPiece*>;

// The samples from the first on, again and again, until there are `count`.
std::vector<float> repeated(const InputSamples& samples, int64_t count) {
  std::vector<float> values;
  const auto each = static_cast<size_t>(samples.shape.size());
  values.reserve(each * static_cast<size_t>(count));
  for (int64_t i = 0; i < count && samples.count > 0; ++i) {
    const auto begin = samples.values.begin() +
                       static_cast<std::ptrdiff_t>(each * static_cast<size_t>(i % samples.count));
    values.insert(values.end(), begin, begin + static_cast<std::ptrdiff_t>(each));
  }
  return values;
}

int64_t most_samples(const std::vector<LayerSamples>& layers) {
  int64_t most = 0;
  for (const LayerSamples& layer : layers) most = std::max(most, layer.samples->count);
  return most;
}

std::vector<LayerSamples> layers_of(const Group& group) {
  std::vector<LayerSamples> layers;
  for (const CompiledPiece* piece : group) {
    for (size_t i = 0; i < piece->samples->size(); ++i) {
      layers.push_back(
          {fmt::format("{}/input_layer{}", piece->network->name, i + 1), &(*piece->samples)[i]});
    }
  }
  return layers;
}

Result<hailo::DfcCase> joined_case(const Group& group, const fs::path& folder) {
  hailo::DfcCase joined;
  joined.name = fmt::format("joined_{}_{}", group.size(), group.front()->network->name);
  for (const CompiledPiece* piece : group) joined.parts.push_back(*piece->network);
  joined.script = group.front()->network->script;
  joined.calibration = folder / (joined.name + ".npz");
  const std::vector<LayerSamples> layers = layers_of(group);
  joined.script.calibration_count = most_samples(layers);
  TESSERA_TRY_VOID(write_layer_samples(layers, joined.calibration));
  return joined;
}

// Empty where the file is as it should be.
std::string fault_of(const hailo::DfcResult& result) {
  if (!result.succeeded) return result.refusal;
  const std::string_view contexts = result.told.number("contexts");
  if (contexts.empty() || contexts == "1") return "";
  return fmt::format("together they need {} contexts", contexts);
}

JoinedPieces named(const Group& group, hailo::DfcResult result) {
  JoinedPieces joined;
  for (const CompiledPiece* piece : group) {
    joined.pieces.push_back(piece->name);
    joined.networks.push_back(piece->network->name);
  }
  joined.result = std::move(result);
  joined.reason = fault_of(joined.result);
  return joined;
}

std::vector<Group> groups_of(const std::vector<CompiledPiece>& pieces,
                             const std::vector<CompiledFile>& files) {
  std::vector<Group> groups;
  for (const CompiledFile& file : files) {
    if (file.pieces.size() < 2) continue;
    Group& group = groups.emplace_back();
    for (const std::string& name : file.pieces) {
      const auto found = std::find_if(pieces.begin(), pieces.end(),
                                      [&](const auto& piece) { return piece.name == name; });
      if (found != pieces.end()) group.push_back(&*found);
    }
  }
  return groups;
}

void divide(const Group& group, std::vector<Group>& smaller) {
  const auto middle = group.begin() + static_cast<std::ptrdiff_t>((group.size() + 1) / 2);
  for (Group half : {Group(group.begin(), middle), Group(middle, group.end())}) {
    if (half.size() > 1) smaller.push_back(std::move(half));
  }
}

}  // namespace

Result<void> write_layer_samples(const std::vector<LayerSamples>& layers, const fs::path& path) {
  const int64_t count = most_samples(layers);
  std::vector<std::vector<uint8_t>> files;
  for (const LayerSamples& layer : layers) {
    const Shape& shape = layer.samples->shape;
    const std::vector<int64_t> dims{count, shape.h, shape.w, shape.c};
    files.push_back(format_npy(dims, repeated(*layer.samples, count)));
  }
  std::vector<ArchiveEntry> entries;
  for (size_t i = 0; i < files.size(); ++i) entries.push_back({layers[i].layer + ".npy", files[i]});
  TESSERA_TRY(const auto bytes, write_archive(entries));
  return write_file_atomically(path, bytes, {.force = true});
}

Result<JoinOutcome> join_pieces(const std::vector<CompiledPiece>& pieces,
                                const std::vector<CompiledFile>& files, const RunCases& run,
                                const fs::path& folder) {
  JoinOutcome outcome;
  std::vector<Group> groups = groups_of(pieces, files);
  while (!groups.empty()) {
    std::vector<hailo::DfcCase> cases;
    for (const Group& group : groups) {
      TESSERA_TRY(hailo::DfcCase one, joined_case(group, folder));
      cases.push_back(std::move(one));
    }
    auto results = run(cases);
    std::vector<Group> smaller;
    for (size_t i = 0; i < groups.size(); ++i) {
      TESSERA_TRY(hailo::DfcResult result, std::move(results[i]));
      JoinedPieces joined = named(groups[i], std::move(result));
      const bool is_joined = joined.reason.empty();
      (is_joined ? outcome.joined : outcome.not_joined).push_back(std::move(joined));
      if (!is_joined) divide(groups[i], smaller);
    }
    groups = std::move(smaller);
  }
  return outcome;
}

}  // namespace tessera
