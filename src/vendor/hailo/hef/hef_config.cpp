#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "vendor/hailo/hef/hef_parts.h"

namespace tessera {
namespace {

constexpr size_t kMaxClusters = 256;

HefConfig::Units* cluster_of(HefConfig& config, uint64_t cluster) {
  if (cluster >= kMaxClusters) return nullptr;
  return &config.clusters[static_cast<uint32_t>(cluster)];
}

void add_sequencer(WireMessage message, HefConfig& config) {
  uint64_t cluster = 0, apu = 0, sc = 0, aligners = 0;
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: field->read(cluster); break;
      case 3: field->read(apu); break;
      case 4: field->read(sc); break;
      case 6: field->read(aligners); break;
      default: break;
    }
  }
  HefConfig::Units* units = cluster_of(config, cluster);
  if (units == nullptr) return;
  units->apu += static_cast<uint64_t>(std::popcount(apu));
  units->sc += static_cast<uint64_t>(std::popcount(sc));
  units->aligners += static_cast<uint64_t>(std::popcount(aligners));
}

void add_lcu(WireMessage message, HefConfig& config) {
  uint64_t cluster = 0;
  while (const auto field = message.next()) {
    if (field->number() == 2) field->read(cluster);
  }
  if (HefConfig::Units* units = cluster_of(config, cluster)) ++units->lcu;
}

void add_pointer(const WireField& field, const HefHeader& header, HefConfig& config,
                 DamageLog& log) {
  uint64_t offset = 0, bytes = 0;
  WireMessage message = field.message("a pointer to weights");
  while (const auto part = message.next()) {
    if (part->number() == 1) part->read(offset);
    if (part->number() == 2) part->read(bytes);
  }
  if (offset > header.weight_bytes || bytes > header.weight_bytes - offset) {
    log.add(field.offset(), fmt::format("weights {} .. {} are asked for, of {} that there are",
                                        offset, offset + bytes, header.weight_bytes));
    return;
  }
  config.weight_bytes += bytes;
}

uint64_t data_bytes(WireMessage message, uint32_t number) {
  uint64_t bytes = 0;
  while (const auto field = message.next()) {
    if (field->number() == number) bytes += field->bytes().size();
  }
  return bytes;
}

}  // namespace

void add_hef_operation(WireMessage message, const HefHeader& header, HefConfig& config,
                       DamageLog& log) {
  while (const auto field = message.next()) {
    if (field->number() != 2) continue;
    ++config.actions;
    WireMessage action = field->message("an action");
    while (const auto part = action.next()) {
      switch (part->number()) {
        case 2:
        case 4: config.register_bytes += data_bytes(part->message("registers"), 2); break;
        case 3: config.inline_weight_bytes += data_bytes(part->message("weights"), 1); break;
        case 5: add_sequencer(part->message("a sequencer"), config); break;
        case 8: add_lcu(part->message("a control unit"), config); break;
        case 16: add_pointer(*part, header, config, log); break;
        default: break;
      }
    }
  }
}

void HefConfig::add(const HefConfig& other) {
  actions += other.actions;
  weight_bytes += other.weight_bytes;
  inline_weight_bytes += other.inline_weight_bytes;
  register_bytes += other.register_bytes;
  for (const auto& [cluster, units] : other.clusters) {
    Units& mine = clusters[cluster];
    mine.sc += units.sc;
    mine.apu += units.apu;
    mine.aligners += units.aligners;
    mine.lcu += units.lcu;
  }
}

uint64_t HefCoreOp::weight_bytes() const {
  uint64_t bytes = preliminary.weight_bytes + preliminary.inline_weight_bytes;
  for (const HefContext& context : contexts) {
    bytes += context.config.weight_bytes + context.config.inline_weight_bytes;
  }
  return bytes;
}

}  // namespace tessera
