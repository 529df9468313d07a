#include "vendor/hailo/hef/mapping_parts.h"

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr size_t kMaxShapes = 256;     // of one layer
constexpr size_t kMaxDecisions = 128;  // of one layer
constexpr size_t kMaxNamesOfLayer = 256;
constexpr size_t kDeepestConstraint = 512;

void append_dims(std::vector<HefDims>& list, const WireField& field) {
  if (list.size() >= kMaxShapes || field.bytes().empty()) return;
  HefDims& dims = list.emplace_back();
  WireMessage message = field.message("a shape");
  while (const auto part = message.next()) {
    switch (part->number()) {
      case 1: part->read(dims.height); break;
      case 2: part->read(dims.width); break;
      case 3: part->read(dims.features); break;
      default: break;
    }
  }
}

void read_decisions(WireMessage message, HefMappedLayer& layer) {
  while (const auto field = message.next()) {
    if (layer.decisions.size() >= kMaxDecisions) return;
    uint64_t value = 0;
    field->read(value);
    layer.decisions[field->number()] = value;
  }
  const auto decision = [&](uint32_t number) {
    const auto found = layer.decisions.find(number);
    return found == layer.decisions.end() ? uint64_t{0} : found->second;
  };
  layer.subclusters = decision(6);
  layer.row_per_cut = decision(15) != 0;
}

void read_origin(WireMessage message, HefMappedLayer& layer) {
  while (const auto field = message.next()) {
    if (field->number() == 1) field->read(layer.part_of);
  }
}

// {1 name, 2 index, 3 network, 4 number of the network}
uint64_t context_index(WireMessage message) {
  uint64_t index = 0;
  while (const auto field = message.next()) {
    if (field->number() == 2) field->read(index);
  }
  return index;
}

}  // namespace

bool CountLimit::allows(size_t count, uint64_t offset, DamageLog& log) {
  if (count < most_) return true;
  if (!told_) log.add(offset, fmt::format("more than {} {}: the rest is left out", most_, what_));
  told_ = true;
  return false;
}

std::optional<HefMappedLayer> read_mapped_layer(WireMessage message) {
  HefMappedLayer layer;
  bool told = false;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: field->read(layer.type); break;
      case 2: field->read(layer.name); break;
      case 3:
        field->read(layer.id);
        told = true;
        break;
      case 4: append_dims(layer.inputs, *field); break;
      case 5: append_dims(layer.outputs, *field); break;
      case 6: append_dims(layer.kernels, *field); break;
      case 7: append_dims(layer.strides, *field); break;
      case 8: append_dims(layer.dilations, *field); break;
      case 9: read_origin(field->message("a layer's origin"), layer); break;
      case 18: read_decisions(field->message("a layer's decisions"), layer); break;
      case 45: field->append(layer.original_names, kMaxNamesOfLayer); break;
      default: break;
    }
  }
  if (!told && message.cut()) return std::nullopt;
  return layer;
}

HefMappedEdge read_mapped_edge(WireMessage message, uint64_t context) {
  HefMappedEdge edge;
  edge.context = context;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: field->read(edge.source); break;
      case 2: field->read(edge.target); break;
      case 3: field->read(edge.buffers); break;
      case 4: field->read(edge.row_bytes); break;
      case 5: field->read(edge.width); break;
      case 6: field->read(edge.features); break;
      case 8: field->read(edge.rows); break;
      default: break;
    }
  }
  return edge;
}

HefConstraintTexts read_constraints(WireMessage message, size_t most, DamageLog& log) {
  HefConstraintTexts found;
  // {1 kind, 3 parts, 4 text, 7 layer}: parts lie within parts, so no recursion.
  std::vector<WireMessage> open{message};
  while (!open.empty()) {
    const auto field = open.back().next();
    if (!field) {
      open.pop_back();
      continue;
    }
    switch (field->number()) {
      case 3:
        if (open.size() >= kDeepestConstraint) {
          log.add(field->offset(), "a constraint within more than 512 others is left out");
          break;
        }
        open.push_back(field->message("a constraint"));
        break;
      case 4: field->append(found.texts, most); break;
      case 7: field->read(found.layer); break;
      default: break;
    }
  }
  return found;
}

HefResource read_resource(WireMessage message) {
  HefResource unit;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: field->read(unit.type); break;
      case 2: field->read(unit.index); break;
      case 3: field->read(unit.layer); break;
      case 4: {
        WireMessage place = field->message("a unit's place");
        while (const auto part = place.next()) {
          if (part->number() == 1) part->read(unit.place.kind);
          if (part->number() == 2) part->read(unit.place.cluster);
        }
        break;
      }
      case 8: unit.context = context_index(field->message("a unit's context")); break;
      default: break;
    }
  }
  return unit;
}

HefUnit unit_of_resource(uint64_t type) {
  switch (type) {
    case 1: return HefUnit::l3;
    case 2: return HefUnit::lcu;
    case 3: return HefUnit::sc;
    case 4: return HefUnit::aligner;
    case 5: return HefUnit::apu;
    case 6: return HefUnit::port_in;
    case 7: return HefUnit::port_out;
    case 8: return HefUnit::pcie_in;
    case 9: return HefUnit::pcie_out;
    case 10: return HefUnit::l4;
    case 11:
    case 12:
    case 13:
    case 15: return HefUnit::convert;
    case 14: return HefUnit::link;
    default: return HefUnit::other;
  }
}

}  // namespace tessera
