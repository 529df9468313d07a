#include <algorithm>

#include "vendor/hailo/hef/hef_parts.h"

namespace tessera {
namespace {

constexpr int kDeepestMux = 8;

void read_shape(const WireField& field, HefShape& shape, HefShape& padded) {
  switch (field.number()) {
    case 1: field.read(shape.height); break;
    case 2: field.read(padded.height); break;
    case 3: field.read(shape.width); break;
    case 4: field.read(padded.width); break;
    case 5: field.read(shape.features); break;
    case 6: field.read(padded.features); break;
    default: break;
  }
}

HefNms read_nms(WireMessage message) {
  HefNms nms;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 2: field->read(nms.classes); break;
      case 3: field->read(nms.most_boxes); break;
      case 4: field->read(nms.box_values); break;
      case 7: field->read(nms.division); break;
      default: break;
    }
  }
  return nms;
}

void read_base(WireMessage message, HefStream& stream) {
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 7: field->read(stream.format); break;
      case 8: field->read(stream.sys_index); break;
      case 9: field->read(stream.bytes_per_buffer); break;
      case 10: field->read(stream.buffers_per_frame); break;
      case 11: {
        WireMessage info = field->message("a stream's additional information");
        while (const auto part = info.next()) {
          if (part->number() == 1) stream.nms = read_nms(part->message("a stream's NMS"));
        }
        break;
      }
      case 12: field->read(stream.code_bytes); break;
      case 14: field->read(stream.host_argmax); break;
      case 16: field->read(stream.engine); break;
      default: read_shape(*field, stream.shape, stream.padded); break;
    }
  }
}

void read_edge(WireMessage message, HefStream& stream, HefStreamKind kind, int depth);

// ProtoHefEdge: what a mux joins, or a plane.
void read_parts(WireMessage message, HefStream& whole, int depth) {
  if (depth >= kDeepestMux) return;
  while (const auto field = message.next()) {
    if (field->number() < 1 || field->number() > 3) continue;
    HefStream part;
    read_edge(field->message("a part of a stream"), part,
              static_cast<HefStreamKind>(field->number() - 1), depth + 1);
    const auto add = [&](std::string name) {
      if (whole.parts.size() < kMaxHefNames) whole.parts.push_back(std::move(name));
    };
    if (part.parts.empty()) {
      add(std::move(part.name));
    } else {
      for (std::string& name : part.parts) add(std::move(name));
    }
  }
}

void read_planes(const WireField& field, HefStream& stream, int depth) {
  switch (field.number()) {
    case 1: field.read(stream.name); break;
    case 3: read_parts(field.message("a plane"), stream, depth); break;
    case 4: field.read(stream.shape.height); break;
    case 5: field.read(stream.shape.width); break;
    case 6: field.read(stream.shape.features); break;
    default: break;
  }
}

// Layer_info and layer_mux differ in the numbers 3, 5 and 6.
void read_edge(WireMessage message, HefStream& stream, HefStreamKind kind, int depth) {
  const bool mux = kind == HefStreamKind::mux;
  while (const auto field = message.next()) {
    if (kind == HefStreamKind::planes) {
      read_planes(*field, stream, depth);
      continue;
    }
    switch (field->number()) {
      case 1: field->read(stream.name); break;
      case 2: read_base(field->message("a stream's shape"), stream); break;
      case 3:
        if (!mux) stream.quantization = read_hef_quantization(field->message("a quantisation"));
        break;
      case 4: field->read(stream.layer); break;
      case 5:
        if (mux) {
          read_parts(field->message("a part of a mux"), stream, depth);
        } else {
          field->append(stream.original_names, kMaxHefNames);
        }
        break;
      case 6:
        if (mux) {
          field->append(stream.original_names, kMaxHefNames);
        } else {
          field->read(stream.transposed);
        }
        break;
      default: break;
    }
  }
}

HefConnection read_connection(WireMessage message) {
  uint64_t kind = 0;
  while (const auto field = message.next()) {
    if (field->number() == 3) field->read(kind);
  }
  return static_cast<HefConnection>(std::min<uint64_t>(kind, 3));
}

}  // namespace

HefQuantization read_hef_quantization(WireMessage message) {
  HefQuantization found;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: field->read(found.zero_point); break;
      case 2: field->read(found.scale); break;
      case 3: field->read(found.least); break;
      case 4: field->read(found.most); break;
      case 5: field->append(found.zero_points, kMaxHefFeatures); break;
      case 6: field->append(found.scales, kMaxHefFeatures); break;
      default: break;
    }
  }
  return found;
}

HefStream read_hef_stream(WireMessage message, DamageLog& log) {
  HefStream stream;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: {
        uint64_t from_device = 0;
        field->read(from_device);
        stream.to_device = from_device == 0;
        break;
      }
      case 3: stream.kind = HefStreamKind::tensor; break;
      case 4: stream.kind = HefStreamKind::mux; break;
      case 5: stream.connection = read_connection(field->message("a stream's connection")); break;
      case 6: field->read(stream.network); break;
      case 7: field->read(stream.pad.emplace()); break;
      case 8: stream.kind = HefStreamKind::planes; break;
      default: break;
    }
    if (field->number() == 3 || field->number() == 4 || field->number() == 8) {
      read_edge(field->message("a stream"), stream, stream.kind, 0);
    }
  }
  if (stream.quantization && stream.quantization->scales.size() >= kMaxHefFeatures) {
    log.add(0, "a stream states more than 1048576 scales: the rest is left out");
  }
  return stream;
}

bool HefQuantization::per_feature() const {
  const auto differ = [](const std::vector<double>& values) {
    return std::any_of(values.begin(), values.end(),
                       [&](double value) { return value != values.front(); });
  };
  return differ(scales) || differ(zero_points);
}

uint64_t HefStream::frame_bytes() const {
  return uint64_t{bytes_per_buffer} * buffers_per_frame;
}

std::string_view to_string(HefStreamKind kind) {
  switch (kind) {
    case HefStreamKind::tensor: return "tensor";
    case HefStreamKind::mux: return "mux";
    case HefStreamKind::planes: return "planes";
  }
  return "";
}

std::string_view to_string(HefConnection connection) {
  switch (connection) {
    case HefConnection::boundary: return "host";
    case HefConnection::between_contexts: return "context";
    case HefConnection::ddr: return "host memory";
    case HefConnection::cache: return "cache";
  }
  return "";
}

}  // namespace tessera
