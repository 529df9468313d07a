#include "vendor/hailo/hef/mapping.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "vendor/hailo/hef/mapping_parts.h"

namespace tessera {
namespace {

class MappingReader {
 public:
  explicit MappingReader(DamageLog& log) : log_(log) {}

  HefMapping read(const WireField& field) {
    mapping_.bytes = field.bytes().size();
    WireMessage message = field.message("the mapping");
    while (const auto part = message.next()) read_part(*part);
    finish();
    return std::move(mapping_);
  }

 private:
  void read_part(const WireField& part) {
    switch (part.number()) {
      case 1: read_resources(part.message("the units")); break;
      case 2: read_layers(part.message("the physical layers"), 0); break;
      case 3: read_script(part.message("the model script")); break;
      case 6: read_edges(part.message("the edges")); break;
      case 7: read_contexts(part.message("the contexts of the mapping")); break;
      case 9: read_version(part.message("the allocator's version")); break;
      case 12: part.read(mapping_.bottleneck_fps); break;
      case 13: read_rules(part); break;
      default: break;
    }
  }

  // Units arrive before the layers that they belong to.
  void read_resources(WireMessage message) {
    while (const auto field = message.next()) {
      if (field->number() != 1) continue;
      const HefResource unit = read_resource(field->message("a unit"));
      const HefUnit kind = unit_of_resource(unit.type);
      ++mapping_.units[static_cast<size_t>(kind)];
      if (given_.contains(unit.layer) || unit_limit_.allows(given_.size(), field->offset(), log_)) {
        Given& given = given_[unit.layer];
        ++given.units[static_cast<size_t>(kind)];
        given.context = unit.context;
        if (given.places.size() < kMaxPlaces) given.places.insert(unit.place);
      }
      count_in_cluster(unit, kind, field->offset());
    }
  }

  void count_in_cluster(const HefResource& unit, HefUnit kind, uint64_t offset) {
    const auto key = std::pair(unit.context, unit.place);
    if (!loads_.contains(key) && !load_limit_.allows(loads_.size(), offset, log_)) return;
    ++loads_[key][static_cast<size_t>(kind)];
  }

  void read_layers(WireMessage message, uint64_t context) {
    while (const auto field = message.next()) {
      if (field->number() == 4) read_clock(field->message("a layer's timing"));
      if (field->number() != 1) continue;
      if (!layer_limit_.allows(mapping_.layers.size(), field->offset(), log_)) continue;
      auto layer = read_mapped_layer(field->message("a physical layer"));
      if (!layer || !known_.insert(layer->id).second) continue;
      layer->context = context;
      mapping_.layers.push_back(std::move(*layer));
    }
  }

  void read_clock(WireMessage message) {
    if (mapping_.clock_hz != 0) return;
    while (const auto field = message.next()) {
      if (field->number() == 62) field->read(mapping_.clock_hz);
    }
  }

  // Context by context the same layers again.
  void read_contexts(WireMessage message) {
    while (const auto field = message.next()) {
      if (field->number() != 1) continue;
      uint64_t context = 0;
      WireMessage one = field->message("a context of the mapping");
      while (const auto part = one.next()) {
        if (part->number() == 1) context = index_of_context(part->message("a context's name"));
        if (part->number() == 2) read_layers(part->message("a context's layers"), context);
      }
    }
  }

  static uint64_t index_of_context(WireMessage message) {
    uint64_t index = 0;
    while (const auto field = message.next()) {
      if (field->number() == 2) field->read(index);
    }
    return index;
  }

  void read_edges(WireMessage message) {
    uint64_t context = 0;
    while (const auto field = message.next()) {
      if (field->number() == 1) context = index_of_context(field->message("a context's name"));
      if (field->number() != 2) continue;
      WireMessage list = field->message("the edges of a context");
      while (const auto part = list.next()) {
        if (part->number() != 1) continue;
        if (!edge_limit_.allows(mapping_.edges.size(), part->offset(), log_)) continue;
        mapping_.edges.push_back(read_mapped_edge(part->message("an edge"), context));
      }
    }
  }

  void read_version(WireMessage message) {
    while (const auto field = message.next()) {
      if (field->number() == 2) field->read(mapping_.allocator);
    }
  }

  // .2 {1 command, 2 {1 kind, KIND+1 parameters}}: two commands hold what is understood.
  void read_script(WireMessage message) {
    while (const auto field = message.next()) {
      if (field->number() != 2) continue;
      WireMessage command = field->message("a command of the model script");
      while (const auto part = command.next()) {
        if (part->number() != 2) continue;
        WireMessage kind = part->message("a command of the model script");
        while (const auto parameters = kind.next()) {
          if (parameters->number() == 10) read_timeouts(parameters->message("the timeouts"));
          if (parameters->number() == 19) read_caps(parameters->message("the caps"));
        }
      }
    }
  }

  void read_timeouts(WireMessage message) {
    while (const auto field = message.next()) {
      uint64_t seconds = 0;
      if (field->number() == 58) {
        field->read(seconds);
      } else if (field->number() == 73) {
        WireMessage value = field->message("a timeout");
        while (const auto part = value.next()) {
          if (part->number() == 2) part->read(seconds);
        }
      }
      if (seconds > 0 && mapping_.timeouts_seconds.size() < kMaxParameters) {
        mapping_.timeouts_seconds.push_back(seconds);
      }
    }
  }

  void read_caps(WireMessage message) {
    while (const auto field = message.next()) {
      if (field->number() < 3 || mapping_.caps.size() >= kMaxParameters) continue;
      WireMessage value = field->message("a cap");
      while (const auto part = value.next()) {
        double cap = 0;
        if (part->number() != 2) continue;
        part->read(cap);
        mapping_.caps.push_back(cap);
      }
    }
  }

  void read_rules(const WireField& field) {
    if (!rule_limit_.allows(texts_, field.offset(), log_)) return;
    HefConstraintTexts found = read_constraints(field.message("the constraints of a layer"),
                                                kMaxConstraints - texts_, log_);
    texts_ += found.texts.size();
    std::vector<std::string>& texts = rules_[found.layer];
    std::move(found.texts.begin(), found.texts.end(), std::back_inserter(texts));
  }

  // What was read of a layer before or after it.
  void finish() {
    for (HefMappedLayer& layer : mapping_.layers) {
      if (const auto given = given_.find(layer.id); given != given_.end()) {
        layer.units = given->second.units;
        layer.places = given->second.places;
        layer.context = given->second.context;
      }
      if (const auto rules = rules_.find(layer.name); rules != rules_.end()) {
        layer.constraints = std::move(rules->second);
        rules_.erase(rules);
      }
    }
    for (const auto& [key, units] : loads_) {
      HefClusterLoad load{key.first, key.second, units, 0};
      mapping_.clusters.push_back(load);
    }
    for (const HefMappedLayer& layer : mapping_.layers) count_layer(layer);
  }

  void count_layer(const HefMappedLayer& layer) {
    for (HefClusterLoad& load : mapping_.clusters) {
      load.layers += load.context == layer.context && layer.places.contains(load.place);
    }
  }

  static constexpr size_t kMaxPlaces = 16;
  static constexpr size_t kMaxParameters = 64;

  struct Given {
    HefUnitCounts units{};
    std::set<HefPlace> places;
    uint64_t context = 0;
  };

  DamageLog& log_;
  HefMapping mapping_;
  std::unordered_set<uint64_t> known_;  // ids of layers
  std::unordered_map<uint64_t, Given> given_;
  std::map<std::pair<uint64_t, HefPlace>, HefUnitCounts> loads_;
  std::unordered_map<std::string, std::vector<std::string>> rules_;
  size_t texts_ = 0;
  CountLimit layer_limit_{kMaxMappedLayers, "physical layers"};
  CountLimit unit_limit_{kMaxMappedLayers, "layers with units"};
  CountLimit edge_limit_{kMaxMappedEdges, "edges"};
  CountLimit rule_limit_{kMaxConstraints, "constraints"};
  CountLimit load_limit_{1024, "places of units"};
};

}  // namespace

std::string_view to_string(HefUnit unit) {
  static constexpr std::string_view kNames[kHefUnits] = {
      "LCU",     "SC",       "APU", "aligners", "L3",      "ports in", "ports out",
      "PCIe in", "PCIe out", "L4",  "links",    "convert", "other"};
  return kNames[static_cast<size_t>(unit)];
}

HefMapping read_hef_mapping(const WireField& field, DamageLog& log) {
  return MappingReader(log).read(field);
}

}  // namespace tessera
