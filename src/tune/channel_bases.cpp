#include "tessera/compiler/tune.h"

#include <algorithm>
#include <map>

#include "calibrate/windows.h"
#include "graph/subgraph.h"
#include "quantize/channel_basis.h"
#include "rewrite/linear_streams.h"

namespace tessera {
namespace {

using quantization::matrix_of;
using quantization::StreamValue;

constexpr size_t kMaxWindows = 16;
constexpr int64_t kMaxFrames = 4096;              // of a value
constexpr int64_t kMaxFloats = int64_t{1} << 24;  // of all values together
constexpr int64_t kMinFramesPerChannel = 2;

// A part of a stream that convolutions read, as it is observed.
struct Observed {
  ValuePart part;
  StreamValue value;
};

struct ObservedStream {
  LinearStream stream;
  std::vector<Observed> parts;
};

std::vector<ObservedStream> streams_of(const Graph& legal) {
  std::vector<ObservedStream> streams;
  for (LinearStream& stream : linear_streams(legal)) {
    ObservedStream observed{std::move(stream), {}};
    for (const ValuePart& part : observed.stream.parts) {
      StreamValue value;
      for (NodeId reader : readers_of(legal, part)) {
        if (const auto matrix = matrix_of(legal.node(reader).op)) value.readers.push_back(*matrix);
      }
      if (!value.readers.empty()) observed.parts.push_back({part, std::move(value)});
    }
    if (!observed.parts.empty()) streams.push_back(std::move(observed));
  }
  return streams;
}

int64_t frames_per_value(const std::vector<ObservedStream>& streams) {
  int64_t floats = 0;  // of one frame of all values
  int64_t widest = 1;
  for (const ObservedStream& stream : streams) {
    floats += stream.stream.channels() * static_cast<int64_t>(stream.parts.size());
    widest = std::max(widest, stream.stream.channels());
  }
  return std::max(std::min(kMaxFrames, kMaxFloats / floats), kMinFramesPerChannel * widest);
}

// Appends `frames` frames of a part, evenly spread over those of `value`, [C, H, W].
void take_frames(Observed& observed, const Shape& shape, ConstValues value, int64_t frames) {
  const int64_t all = shape.h * shape.w;
  const int64_t taken = std::min(frames, all);
  for (int64_t f = 0; f < taken; ++f) {
    const int64_t frame = f * all / taken;
    for (int64_t c = observed.part.begin; c < observed.part.end; ++c)
      observed.value.frames.push_back(value[static_cast<size_t>(c * all + frame)]);
  }
}

Result<void> observe(const Graph& legal, std::span<const std::vector<float>> windows,
                     Backend& backend, std::vector<ObservedStream>& streams) {
  std::vector<NodeId> nodes;
  for (const ObservedStream& stream : streams) {
    for (const Observed& observed : stream.parts) nodes.push_back(observed.part.node);
  }
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  TESSERA_TRY(const Graph graph, with_outputs(legal, nodes));
  TESSERA_TRY(const auto executable, backend.load({graph}));
  std::map<NodeId, std::vector<float>> values;
  std::vector<Values> targets;
  for (NodeId id : nodes) {
    values[id].resize(static_cast<size_t>(legal.node(id).shape.size()));
    targets.emplace_back(values[id]);
  }
  const std::vector<size_t> chosen = evenly_spread(windows.size(), kMaxWindows);
  const int64_t frames = frames_per_value(streams);
  for (size_t i = 0; i < chosen.size(); ++i) {
    TESSERA_TRY_VOID(executable->run(inputs_of(graph, windows[chosen[i]]), targets));
    const auto share =
        (frames + static_cast<int64_t>(chosen.size()) - 1) / static_cast<int64_t>(chosen.size());
    for (ObservedStream& stream : streams) {
      for (Observed& observed : stream.parts) {
        const NodeId id = observed.part.node;
        take_frames(observed, legal.node(id).shape, values[id], share);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ChannelBasisChoice>> choose_channel_bases(
    const Graph& legal, std::span<const std::vector<float>> windows, Backend& backend) {
  std::vector<ChannelBasisChoice> choices;
  TESSERA_TRY_VOID(check_windows(legal, windows));
  std::vector<ObservedStream> streams = streams_of(legal);
  if (streams.empty()) return choices;
  TESSERA_TRY_VOID(observe(legal, windows, backend, streams));
  for (ObservedStream& observed : streams) {
    std::vector<StreamValue> values;
    for (Observed& part : observed.parts) values.push_back(std::move(part.value));
    const LinearStream& stream = observed.stream;
    auto choice = quantization::choose_basis(stream.channels(), values);
    if (!choice) continue;
    choices.push_back({stream.name, stream.channels(), static_cast<int64_t>(stream.parts.size()),
                       choice->gain_db, std::move(choice->basis)});
  }
  return choices;
}

}  // namespace tessera
