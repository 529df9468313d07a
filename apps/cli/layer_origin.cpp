#include "cli/layer_origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json_fields.h"
#include "base/text_bytes.h"
#include "package/entries.h"
#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxHnBytes = uint64_t{256} << 20;

// "net/conv12" -> "conv12"; names of ONNX nodes begin with their slash and stay whole.
std::string_view without_scope(std::string_view layer) {
  const size_t slash = layer.rfind('/');
  return slash == std::string_view::npos || layer[0] == '/' ? layer : layer.substr(slash + 1);
}

// Physical layers of a split carry suffixes: conv3_sd1, conv3_sdc, conv3_d0, conv3_dc, conv3_ws.
std::string_view without_split(std::string_view layer) {
  const size_t mark = layer.rfind('_');
  if (mark == std::string_view::npos) return layer;
  std::string_view suffix = layer.substr(mark + 1);
  for (const std::string_view kind : {"sdc", "dc", "ws"}) {
    if (suffix == kind) return layer.substr(0, mark);
  }
  if (suffix.starts_with("sd"))
    suffix.remove_prefix(2);
  else if (suffix.starts_with("d"))
    suffix.remove_prefix(1);
  else
    return layer;
  const bool number = !suffix.empty() && std::all_of(suffix.begin(), suffix.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
  return number ? layer.substr(0, mark) : layer;
}

}  // namespace

Result<LayerNames> read_layer_names(const std::string& hn_file) {
  TESSERA_TRY(const auto bytes, read_file(hn_file, kMaxHnBytes));
  TESSERA_TRY(const Json json, parse_json(bytes, hn_file));
  TESSERA_TRY(const JsonFields hn, JsonFields::of(json, hn_file));
  TESSERA_TRY(const auto layers, hn.named_objects("layers"));
  LayerNames names;
  for (const auto& [layer, fields] : layers) {
    if (!fields.has("original_names")) continue;
    TESSERA_TRY(names[layer], fields.words("original_names"));
  }
  return names;
}

Result<LayerOrigins> LayerOrigins::of(const Package& package, LayerNames names) {
  TESSERA_TRY(const PackagedNetwork network, package.network());
  const std::string entry = entries::of_target(package.manifest().target);
  TESSERA_TRY(const auto text, package.read(entry));
  TESSERA_TRY(const Target target, parse_target(text_of(text), entry));
  LayerOrigins origins;
  origins.names_ = std::move(names);
  for (const ChipSegment& segment : network.plan.segments) {
    for (const Piece& piece : segment.pieces) {
      for (const NodeId id : piece.graph.order()) {
        origins.places_.push_back({piece.name, piece.graph.node(id).name});
      }
      for (const Violation& v : check(piece.graph, target).violations) {
        origins.rules_[piece.name + "\n" + v.node_name].push_back(
            fmt::format("{} ({}): {}; {}", v.rule, to_string(v.verdict), v.reason, v.limit));
      }
    }
  }
  return origins;
}

const LayerOrigins::Place* LayerOrigins::place_of(std::string_view name,
                                                  std::string_view piece) const {
  const Place* best = nullptr;
  for (const Place& place : places_) {
    if (!piece.empty() && place.piece != piece) continue;
    const bool is_it = name == place.node;
    const bool is_part = name.starts_with(place.node) && name.size() > place.node.size() &&
                         name[place.node.size()] == '/';
    if (!is_it && !is_part) continue;
    if (best == nullptr || place.node.size() > best->node.size()) best = &place;
  }
  return best;
}

const std::vector<std::string>* LayerOrigins::original_names(const std::string& layer) const {
  for (const std::string_view wanted : {std::string_view(layer), without_split(layer)}) {
    const auto whole = names_.find(wanted);
    if (whole != names_.end()) return &whole->second;
    const std::vector<std::string>* found = nullptr;
    for (const auto& [name, originals] : names_) {
      if (without_scope(name) != without_scope(wanted)) continue;
      if (found != nullptr) return nullptr;  // of several networks: nobody can tell
      found = &originals;
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

LayerOrigin LayerOrigins::find(const std::string& layer) const {
  LayerOrigin origin;
  origin.layer = layer;
  // A network of our own is called after its piece.
  const std::string scope = layer.substr(0, std::min(layer.find('/'), layer.size()));
  const bool scoped = std::any_of(places_.begin(), places_.end(),
                                  [&](const Place& place) { return place.piece == scope; });
  const Place* place = place_of(layer, "");
  origin.via = "its name";
  if (place == nullptr) {
    const auto* originals = original_names(layer);
    for (size_t i = 0; originals != nullptr && i < originals->size() && place == nullptr; ++i) {
      place = place_of((*originals)[i], scoped ? scope : "");
      origin.via = "original_names of the HN";
    }
  }
  if (place == nullptr) {
    origin.via.clear();
    origin.why_not =
        names_.empty()
            ? "the compiler's own name: give the network's HN by --hn to map it"
            : "no node of the package has this name, and the HN does not map it to one that has";
    return origin;
  }
  origin.piece = place->piece;
  origin.node = place->node;
  const auto rules = rules_.find(place->piece + "\n" + place->node);
  if (rules != rules_.end()) origin.rules = rules->second;
  return origin;
}

}  // namespace tessera::cli
