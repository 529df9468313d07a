// What the stand-in takes for a compiled file, and how it runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/hailo/hailort_api.h"
#include "backends/hailo/port.h"
#include "tessera/backend.h"

namespace tessera::stand_in {

// A container that is no HEF: magic, graph text, encodings.
std::vector<uint8_t> make_piece(const Graph& graph, const Encodings& encodings);

// The same of several, whose streams have the network's name before theirs: "NAME/input_layer1".
struct JoinedNetwork {
  std::string name;
  const Graph& graph;
};
std::vector<uint8_t> make_joined(const std::vector<JoinedNetwork>& networks,
                                 const Encodings& encodings);

// A port with the frame that lies on the "device": [H, C, W].
struct Stream {
  hailort::Port port;
  integer::Coding coding;
  hailort::StreamInfo info{};
  std::vector<hailort::QuantInfo> quant;
};

class RunnablePiece {
 public:
  // Null for bytes that make_piece() did not write.
  static std::shared_ptr<RunnablePiece> read(std::span<const uint8_t> bytes);

  // Of all networks.
  std::vector<Stream> inputs;
  std::vector<Stream> outputs;

  // Between the orders of host, [H, W, C], and device.
  static void to_device(const Stream& stream, const std::byte* host, std::byte* device);
  static void to_host(const Stream& stream, const std::byte* device, std::byte* host);

  // One evaluation on frames of the device.
  void run(std::span<const std::byte* const> sources, std::span<std::byte* const> targets);

 private:
  struct Network {
    Graph graph;
    Encodings encodings;
    std::unique_ptr<Executable> executable;
    size_t inputs = 0;
    size_t outputs = 0;
  };
  bool add(std::string_view name, std::string_view graph_text, std::string_view encodings_text);

  std::deque<Network> networks_;
};

}  // namespace tessera::stand_in
