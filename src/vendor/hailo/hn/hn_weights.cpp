#include "vendor/hailo/hn/hn_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera {
namespace {

std::string key_of(const std::string& layer, const std::string& parameter) {
  return layer + "/" + parameter + ":0";
}

}  // namespace

bool HnWeights::contains(const std::string& layer, const std::string& parameter) const {
  return file_.contains(key_of(layer, parameter));
}

Result<NpyArray> HnWeights::read(const std::string& layer, const std::string& parameter) const {
  if (contains(layer, parameter)) return file_.read(key_of(layer, parameter));
  std::vector<std::string> there;
  for (const std::string& name : file_.names()) {
    if (name.starts_with(layer + "/")) there.push_back(name.substr(layer.size() + 1));
  }
  return TESSERA_ERROR(
      kNotFound, layer,
      fmt::format("the weights hold no '{}' of this layer{}", parameter,
                  there.empty() ? "" : fmt::format(" (but {})", fmt::join(there, ", "))),
      "give the weights of the same state as the network: net.npz beside net.hn");
}

}  // namespace tessera
