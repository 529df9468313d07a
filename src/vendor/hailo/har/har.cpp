#include "vendor/hailo/har/har.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/npy_header.h"
#include "base/text_bytes.h"
#include "base/zip_archive.h"

namespace tessera {
namespace {

constexpr size_t kMaxArrays = 1U << 16;
constexpr size_t kMaxScriptBytes = size_t{16} << 20;

HarState state_of_member(std::string_view name) {
  if (name.ends_with(".native.hn")) return HarState::native;
  if (name.ends_with(".fp.hn")) return HarState::floats;
  return HarState::parsed;
}

HarNetwork read_network(const HarMember& member) {
  HarNetwork network;
  network.member = member.name;
  network.state = state_of_member(member.name);
  auto hn = read_hn(member.bytes, member.name);
  if (hn) {
    network.hn = std::move(*hn);
  } else {
    network.unreadable = hn.error().to_string();
  }
  return network;
}

HarWeights read_weights(const HarMember& member) {
  HarWeights weights;
  weights.member = member.name;
  weights.bytes = member.bytes.size();
  const auto zip = ZipArchive::open(member.bytes);
  if (!zip) {
    weights.not_listed = zip.error().to_string();
    return weights;
  }
  for (const ZipEntry& entry : zip->entries()) {
    constexpr std::string_view kSuffix = ".npy";
    if (!entry.name.ends_with(kSuffix) || weights.arrays.size() >= kMaxArrays) continue;
    const auto bytes = zip->read(entry);
    if (!bytes) {
      weights.not_listed = bytes.error().to_string();
      continue;
    }
    const auto header = npy_header_of(bytes->view(), entry.name);
    if (!header) {
      weights.not_listed = header.error().to_string();
      continue;
    }
    weights.arrays.push_back(
        {entry.name.substr(0, entry.name.size() - kSuffix.size()), header->dims, header->descr});
  }
  return weights;
}

HarCompiled read_compiled(const HarMember& member) {
  HarCompiled compiled;
  compiled.member = member.name;
  auto hef = read_hef(member.bytes);
  if (hef) {
    compiled.hef = std::move(*hef);
  } else {
    compiled.unreadable = hef.error().message;
  }
  return compiled;
}

HarScript read_script(const HarMember& member) {
  const std::string_view text = text_of(member.bytes);
  return {member.name, std::string(text.substr(0, kMaxScriptBytes)),
          member.name.ends_with(".auto.alls")};
}

HarState state_of(const Har& har) {
  if (!har.compiled.empty()) return HarState::compiled;
  const auto holds = [&](HarState state) {
    return std::any_of(har.networks.begin(), har.networks.end(),
                       [&](const HarNetwork& network) { return network.state == state; });
  };
  if (holds(HarState::floats)) return HarState::floats;
  return holds(HarState::native) ? HarState::native : HarState::parsed;
}

}  // namespace

std::string_view to_string(HarState state) {
  switch (state) {
    case HarState::parsed: return "parsed";
    case HarState::native: return "native";
    case HarState::floats: return "optimised";
    case HarState::compiled: return "compiled";
  }
  return "";
}

const Hn* Har::network() const {
  const HarNetwork* latest = nullptr;
  for (const HarNetwork& network : networks) {
    if (!network.hn) continue;
    const bool newer = network.state == HarState::parsed || latest == nullptr;
    if (newer) latest = &network;
  }
  return latest == nullptr ? nullptr : &*latest->hn;
}

Har read_har(const HarArchive& archive) {
  Har har;
  for (const HarMember& member : archive.members) {
    const std::string_view name = member.name;
    if (name.ends_with(".hn")) {
      har.networks.push_back(read_network(member));
    } else if (name.ends_with(".npz")) {
      har.weights.push_back(read_weights(member));
    } else if (name.ends_with(".hdf5") || name.ends_with(".h5")) {
      har.weights.push_back({member.name, member.bytes.size(), {}, "HDF5 is not read"});
    } else if (name.ends_with(".alls")) {
      har.scripts.push_back(read_script(member));
    } else if (name.ends_with(".hef")) {
      har.compiled.push_back(read_compiled(member));
    } else {
      har.others.push_back(member.name);
    }
  }
  har.state = state_of(har);
  return har;
}

}  // namespace tessera
