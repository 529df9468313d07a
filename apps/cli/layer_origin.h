// Where in a package the layer that a vendor's log names comes from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera::cli {

// Names of the vendor's layers ("net/conv12") with the names they had in the ONNX file.
using LayerNames = std::map<std::string, std::vector<std::string>, std::less<>>;

// From an HN: its "original_names". Errors: those of read_file and parse_json.
Result<LayerNames> read_layer_names(const std::string& hn_file);

struct LayerOrigin {
  std::string layer;  // as the log has it
  std::string piece;  // empty: it cannot be mapped
  std::string node;
  std::string via;                 // "its name", "original_names of the HN"
  std::vector<std::string> rules;  // that the target has against the node: "row_width: ..."
  std::string why_not;             // why it is not mapped
};

class LayerOrigins {
 public:
  // Errors: those of Package::network() and parse_target().
  static Result<LayerOrigins> of(const Package& package, LayerNames names);

  LayerOrigin find(const std::string& layer) const;

 private:
  struct Place {
    std::string piece;
    std::string node;
  };
  // The node that has this name, or whose export added a suffix of its own to it.
  const Place* place_of(std::string_view name, std::string_view piece) const;
  const std::vector<std::string>* original_names(const std::string& layer) const;

  std::vector<Place> places_;
  std::map<std::string, std::vector<std::string>> rules_;  // by "piece\nnode"
  LayerNames names_;
};

}  // namespace tessera::cli
