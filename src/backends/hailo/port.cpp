#include "backends/hailo/port.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "kernels/ref/integer_kernels.h"

namespace tessera::hailort {
namespace {

constexpr float kSameScale = 1e-6F;  // of the scale: both went through float32 text
constexpr float kSameZeroPoint = 1e-3F;
// Codes of 16 bits are signed in memory and unsigned on the chip.
constexpr int32_t kWideOffset = 32768;

int32_t offset_of(const integer::Coding& coding) {
  return coding.is_int16 ? kWideOffset : 0;
}

// The codes that a compiled file states for itself.
integer::Coding stated_coding(bool wide, int64_t channels, std::span<const QuantInfo> quant) {
  integer::Coding coding;
  coding.is_int16 = wide;
  const int32_t offset = offset_of(coding);
  coding.lowest = -offset;
  coding.highest = (wide ? 65535 : 255) - offset;
  for (int64_t c = 0; c < channels; ++c) {
    const QuantInfo& info = quant[quant.size() == 1 ? 0 : static_cast<size_t>(c)];
    coding.scale.push_back(info.qp_scale);
    coding.zero_point.push_back(static_cast<int32_t>(std::lrint(info.qp_zp)) - offset);
  }
  return coding;
}

bool is_usable(const QuantInfo& info) {
  return std::isfinite(info.qp_scale) && info.qp_scale > 0 && info.qp_zp >= 0 &&
         info.qp_zp <= 65535 && std::abs(info.qp_zp - std::rint(info.qp_zp)) < kSameZeroPoint;
}

Error unsupported(const Port& port, const StreamInfo& stream, const std::string& subject,
                  const std::string& why) {
  return TESSERA_ERROR(
      kUnsupported, subject,
      fmt::format("its compiled file's stream '{}' for '{}' {}", stream.name, port.name, why),
      "compile the piece again from this package");
}

}  // namespace

Ports ports_of(const Graph& graph, const Encodings* encodings) {
  const auto describe = [&](const std::string& name, NodeId id) {
    Port port{name, graph.node(id).shape, {}};
    if (encodings == nullptr) return port;
    if (const auto encoding = encoding_of(graph, id, *encodings))
      port.coding = integer::make_coding(*encoding, port.shape.c);
    return port;
  };
  Ports ports;
  for (NodeId id : graph.inputs()) ports.inputs.push_back(describe(graph.node(id).name, id));
  for (const GraphOutput& output : graph.outputs())
    ports.outputs.push_back(describe(output.name, output.node));
  return ports;
}

Result<integer::Coding> agreed_coding(const Port& port, const StreamInfo& stream,
                                      std::span<const QuantInfo> quant,
                                      const std::string& subject) {
  const ImageShape& shape = stream.shape;
  const Shape& wanted = port.shape;
  if (shape.height != wanted.h || shape.width != wanted.w || shape.features != wanted.c) {
    return unsupported(
        port, stream, subject,
        fmt::format("has {}x{}x{} values (H x W x C) instead of {}x{}x{}", shape.height,
                    shape.width, shape.features, wanted.h, wanted.w, wanted.c));
  }
  const FormatType type = stream.format.type;
  if (type != kUint8 && type != kUint16)
    return unsupported(port, stream, subject, "carries no codes of 8 or 16 bits");
  const bool is_whole = quant.size() == 1 || quant.size() == static_cast<size_t>(wanted.c);
  if (!is_whole || !std::all_of(quant.begin(), quant.end(), is_usable))
    return unsupported(port, stream, subject, "has no usable scales and zero points");
  integer::Coding stated = stated_coding(type == kUint16, wanted.c, quant);
  if (!port.coding) return stated;
  const integer::Coding& ours = *port.coding;
  const auto mismatch = [&](const std::string& in_package, const std::string& in_file) {
    return TESSERA_ERROR(kMismatch, subject,
                         fmt::format("'{}' has {} in the package and {} in the stream '{}' of its "
                                     "compiled file",
                                     port.name, in_package, in_file, stream.name),
                         "compile the piece again with this package's scales");
  };
  if (ours.is_int16 != stated.is_int16)
    return mismatch(ours.is_int16 ? "16 bits" : "8 bits", stated.is_int16 ? "16 bits" : "8 bits");
  for (size_t c = 0; c < ours.scale.size(); ++c) {
    if (std::abs(ours.scale[c] - stated.scale[c]) <= kSameScale * ours.scale[c] &&
        ours.zero_point[c] == stated.zero_point[c])
      continue;
    const auto text = [&](const integer::Coding& coding) {
      return fmt::format("scale {:.8g} and zero point {}", coding.scale[c],
                         coding.zero_point[c] + offset_of(coding));
    };
    return mismatch(fmt::format("{} (channel {})", text(ours), c), text(stated));
  }
  return ours;
}

CodeFrame::CodeFrame(const Shape& shape, integer::Coding coding)
    : shape_(shape), coding_(std::move(coding)), planes_(static_cast<size_t>(bytes())) {}

template <typename Code, typename Wire>
void CodeFrame::write_codes(ConstValues values, Wire* codes) {
  auto* planes = reinterpret_cast<Code*>(planes_.data());
  integer::quantize<Code>({values.data(), shape_}, coding_, {planes, shape_});
  const int32_t offset = offset_of(coding_);
  const int64_t places = shape_.h * shape_.w;
  for (int64_t c = 0; c < shape_.c; ++c) {
    for (int64_t i = 0; i < places; ++i)
      codes[i * shape_.c + c] = static_cast<Wire>(planes[c * places + i] + offset);
  }
}

template <typename Code, typename Wire>
void CodeFrame::read_codes(const Wire* codes, Values values) {
  auto* planes = reinterpret_cast<Code*>(planes_.data());
  const int32_t offset = offset_of(coding_);
  const int64_t places = shape_.h * shape_.w;
  for (int64_t c = 0; c < shape_.c; ++c) {
    for (int64_t i = 0; i < places; ++i)
      planes[c * places + i] = static_cast<Code>(codes[i * shape_.c + c] - offset);
  }
  integer::dequantize<Code>({planes, shape_}, coding_, {values.data(), shape_});
}

void CodeFrame::from_floats(ConstValues values, std::span<std::byte> codes) {
  if (coding_.is_int16) {
    write_codes<integer::Code16>(values, reinterpret_cast<uint16_t*>(codes.data()));
  } else {
    write_codes<integer::Code8>(values, reinterpret_cast<uint8_t*>(codes.data()));
  }
}

void CodeFrame::to_floats(std::span<const std::byte> codes, Values values) {
  if (coding_.is_int16) {
    read_codes<integer::Code16>(reinterpret_cast<const uint16_t*>(codes.data()), values);
  } else {
    read_codes<integer::Code8>(reinterpret_cast<const uint8_t*>(codes.data()), values);
  }
}

}  // namespace tessera::hailort
