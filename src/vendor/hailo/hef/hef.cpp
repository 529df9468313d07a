#include "vendor/hailo/hef/hef.h"

#include <algorithm>

#include "vendor/hailo/hef/hef_names.h"
#include "vendor/hailo/hef/hef_parts.h"

namespace tessera {
namespace {

// ProtoHEFIncludedFeatures, from 1.
constexpr std::string_view kFeatures[] = {"abbale",
                                          "posted writes",
                                          "DDR",
                                          "multi-context",
                                          "compressed params",
                                          "transpose component",
                                          "padded DDR buffers",
                                          "sequencer"};

void read_header(WireMessage message, Hef& hef) {
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: field->read(hef.arch); break;
      case 2: field->read(hef.timestamp_ms); break;
      case 3: field->read(hef.sdk_version); break;
      case 4: field->read(hef.format_version); break;
      default: break;
    }
  }
}

void read_features(WireMessage message, Hef& hef) {
  while (const auto field = message.next()) {
    bool there = false;
    if (field->number() > std::size(kFeatures)) continue;
    field->read(there);
    if (there && hef.features.size() < kMaxHefNames) {
      hef.features.emplace_back(kFeatures[field->number() - 1]);
    }
  }
}

void read_extension(WireMessage message, bool optional, Hef& hef) {
  if (hef.extensions.size() >= kMaxHefNames) return;
  HefExtension& extension = hef.extensions.emplace_back();
  extension.optional = optional;
  while (const auto field = message.next()) {
    if (field->number() == 1) field->read(extension.index);
    if (field->number() == 2) field->read(extension.name);
  }
}

void read_description(WireMessage message, Hef& hef) {
  while (const auto field = message.next()) {
    switch (field->number()) {
      case 1: read_header(field->message("the description's header"), hef); break;
      case 2:
        if (hef.groups.size() < kMaxHefGroups) {
          hef.groups.push_back(
              read_hef_group(field->message("a network group"), hef.header, hef.damage));
        } else if (hef.groups.size() == kMaxHefGroups) {
          hef.damage.add(field->offset(), "more than 256 network groups: the rest is left out");
        }
        break;
      case 3: hef.mapping = read_hef_mapping(*field, hef.damage); break;
      case 4: read_features(field->message("the features"), hef); break;
      case 5: read_extension(field->message("an extension"), false, hef); break;
      case 6: read_extension(field->message("an extension"), true, hef); break;
      case 7: ++hef.external_resources; break;
      default: break;
    }
  }
}

}  // namespace

Result<Hef> read_hef(std::span<const uint8_t> file) {
  TESSERA_TRY(const HefHeader header, read_hef_header(file));
  Hef hef;
  hef.header = header;
  hef.checksums = check_hef_bytes(header, file, hef.damage);
  const auto behind = file.subspan(header.header_bytes);
  const size_t there = std::min<uint64_t>(behind.size(), header.description_bytes);
  const bool cut = there < header.description_bytes;
  hef.description_whole = !cut;
  read_description(
      WireMessage(behind.first(there), header.header_bytes, "the description", hef.damage, cut),
      hef);
  return hef;
}

}  // namespace tessera
