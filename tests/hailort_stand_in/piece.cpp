#include "hailort_stand_in/piece.h"

#include <algorithm>
#include <cstring>

#include "backends/emulator/emulator_backend.h"
#include "base/text_bytes.h"
#include "package/encodings_file.h"

namespace tessera::stand_in {
namespace {

using namespace hailort;

constexpr std::string_view kMagic = "TESSERA STAND-IN, NO HEF\n";
constexpr std::string_view kJoinedMagic = "TESSERA STAND-IN, NO JOINED HEF\n";

void append(std::vector<uint8_t>& bytes, std::string_view text) {
  const auto size = static_cast<uint64_t>(text.size());
  const auto* head = reinterpret_cast<const uint8_t*>(&size);
  bytes.insert(bytes.end(), head, head + sizeof size);
  bytes.insert(bytes.end(), text.begin(), text.end());
}

std::optional<std::string_view> take(std::string_view& rest) {
  uint64_t size = 0;
  if (rest.size() < sizeof size) return std::nullopt;
  std::memcpy(&size, rest.data(), sizeof size);
  rest.remove_prefix(sizeof size);
  if (size > rest.size()) return std::nullopt;
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(size);
  return text;
}

// Without an encoding of its own a border has 16 bits around 0.
integer::Coding coding_of(const hailort::Port& port) {
  if (port.coding) return *port.coding;
  return integer::make_coding({16, true, {1.0F / 4096}, {0}}, port.shape.c);
}

Stream make_stream(const hailort::Port& port, StreamDirection direction, size_t index,
                   std::string_view network) {
  Stream stream{port, coding_of(port), {}, {}};
  StreamInfo& info = stream.info;
  const Shape& shape = port.shape;
  const auto dim = [](int64_t size) { return static_cast<uint32_t>(size); };
  info.shape = {dim(shape.h), dim(shape.w), dim(shape.c)};
  info.hw_shape = info.shape;
  info.hw_data_bytes = dim(stream.coding.code_bytes());
  info.hw_frame_size = dim(shape.size() * stream.coding.code_bytes());
  info.format = {stream.coding.is_int16 ? kUint16 : kUint8, kNhcw, 0};
  info.direction = direction;
  info.index = static_cast<uint8_t>(index);
  const std::string name = (network.empty() ? "" : std::string(network) + "/") +
                           (direction == kHostToDevice ? "input_layer" : "output_layer") +
                           std::to_string(index + 1);
  std::copy(name.begin(), name.end(), info.name);
  const float offset = stream.coding.is_int16 ? 32768 : 0;
  for (size_t c = 0; c < stream.coding.scale.size(); ++c) {
    stream.quant.push_back(
        {static_cast<float>(stream.coding.zero_point[c]) + offset, stream.coding.scale[c], 0, 0});
  }
  const auto same = [&](const QuantInfo& info_of_c) {
    return info_of_c.qp_scale == stream.quant[0].qp_scale &&
           info_of_c.qp_zp == stream.quant[0].qp_zp;
  };
  if (std::all_of(stream.quant.begin(), stream.quant.end(), same)) stream.quant.resize(1);
  return stream;
}

// [H, W, C] and [H, C, W].
template <bool kToDevice>
void reorder(const Stream& stream, const std::byte* src, std::byte* dst) {
  const Shape& shape = stream.port.shape;
  const int64_t code = stream.coding.code_bytes();
  for (int64_t h = 0; h < shape.h; ++h) {
    for (int64_t c = 0; c < shape.c; ++c) {
      for (int64_t w = 0; w < shape.w; ++w) {
        const int64_t host = ((h * shape.w + w) * shape.c + c) * code;
        const int64_t device = ((h * shape.c + c) * shape.w + w) * code;
        std::memcpy(dst + (kToDevice ? device : host), src + (kToDevice ? host : device),
                    static_cast<size_t>(code));
      }
    }
  }
}

}  // namespace

namespace {

Encodings encodings_of(const Graph& graph, const Encodings& encodings) {
  Encodings own;
  for (const auto& [name, value] : encodings.values) {
    if (graph.find(name) != kNoNode) own.values.emplace(name, value);
  }
  for (const auto& [name, weights] : encodings.weights) {
    if (graph.find(name) != kNoNode) own.weights.emplace(name, weights);
  }
  return own;
}

}  // namespace

std::vector<uint8_t> make_piece(const Graph& graph, const Encodings& encodings) {
  std::vector<uint8_t> bytes(kMagic.begin(), kMagic.end());
  append(bytes, print_graph(graph));
  append(bytes, print_encodings(encodings_of(graph, encodings)));
  return bytes;
}

std::vector<uint8_t> make_joined(const std::vector<JoinedNetwork>& networks,
                                 const Encodings& encodings) {
  std::vector<uint8_t> bytes(kJoinedMagic.begin(), kJoinedMagic.end());
  for (const JoinedNetwork& network : networks) {
    append(bytes, network.name);
    append(bytes, print_graph(network.graph));
    append(bytes, print_encodings(encodings_of(network.graph, encodings)));
  }
  return bytes;
}

std::shared_ptr<RunnablePiece> RunnablePiece::read(std::span<const uint8_t> bytes) {
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool is_joined = rest.starts_with(kJoinedMagic);
  if (!is_joined && !rest.starts_with(kMagic)) return nullptr;
  rest.remove_prefix(is_joined ? kJoinedMagic.size() : kMagic.size());
  auto piece = std::make_shared<RunnablePiece>();
  while (!rest.empty()) {
    const auto name = is_joined ? take(rest) : std::string_view();
    const auto graph_text = name ? take(rest) : std::nullopt;
    const auto encodings_text = graph_text ? take(rest) : std::nullopt;
    if (!encodings_text || !piece->add(*name, *graph_text, *encodings_text)) return nullptr;
    if (!is_joined && !rest.empty()) return nullptr;
  }
  return piece->networks_.empty() ? nullptr : piece;
}

bool RunnablePiece::add(std::string_view name, std::string_view graph_text,
                        std::string_view encodings_text) {
  auto graph = parse_graph(graph_text);
  auto encodings = parse_encodings(bytes_of(encodings_text));
  if (!graph || !encodings) return false;
  Network& network = networks_.emplace_back();
  network.graph = std::move(*graph);
  network.encodings = std::move(*encodings);
  const Ports ports = ports_of(network.graph, &network.encodings);
  for (const auto& port : ports.inputs)
    inputs.push_back(make_stream(port, kHostToDevice, network.inputs++, name));
  for (const auto& port : ports.outputs)
    outputs.push_back(make_stream(port, kDeviceToHost, network.outputs++, name));
  auto loaded = make_emulator_backend({.threads = 1})->load({network.graph, &network.encodings});
  if (loaded) network.executable = std::move(*loaded);
  return loaded.has_value();
}

void RunnablePiece::to_device(const Stream& stream, const std::byte* host, std::byte* device) {
  reorder<true>(stream, host, device);
}

void RunnablePiece::to_host(const Stream& stream, const std::byte* device, std::byte* host) {
  reorder<false>(stream, device, host);
}

void RunnablePiece::run(std::span<const std::byte* const> sources,
                        std::span<std::byte* const> targets) {
  std::vector<std::vector<float>> given;
  std::vector<std::vector<float>> made;
  const auto frame = [](const Stream& stream) {
    return std::vector<std::byte>(stream.info.hw_frame_size);
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<std::byte> host = frame(inputs[i]);
    to_host(inputs[i], sources[i], host.data());
    given.emplace_back(static_cast<size_t>(inputs[i].port.shape.size()));
    CodeFrame(inputs[i].port.shape, inputs[i].coding).to_floats(host, given.back());
  }
  for (const Stream& output : outputs)
    made.emplace_back(static_cast<size_t>(output.port.shape.size()));
  const std::vector<ConstValues> views(given.begin(), given.end());
  const std::vector<Values> results(made.begin(), made.end());
  size_t input = 0;
  size_t output = 0;
  for (Network& network : networks_) {
    (void)network.executable->run(std::span(views).subspan(input, network.inputs),
                                  std::span(results).subspan(output, network.outputs));
    input += network.inputs;
    output += network.outputs;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    std::vector<std::byte> host = frame(outputs[i]);
    CodeFrame(outputs[i].port.shape, outputs[i].coding).from_floats(made[i], host);
    to_device(outputs[i], host.data(), targets[i]);
  }
}

}  // namespace tessera::stand_in
