// Which values of a pickle are dicts with a tensor directly in them, found once: a hostile file may
// refer to one dict from everywhere.
#pragma once

#include <algorithm>
#include <vector>

#include "model/torch/pickle_value.h"

namespace tessera {

class TensorDicts {
 public:
  explicit TensorDicts(const PickleDocument& document) : marked_(document.size()) {
    for (size_t i = 0; i < document.size(); ++i) {
      const auto* dict = document.get_if<PickleDict>(PickleId{static_cast<int32_t>(i)});
      marked_[i] = dict != nullptr && dict->class_name.empty() &&
                   std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& item) {
                     return document.get_if<PickleTensor>(item.second) != nullptr;
                   });
    }
  }
  bool contains(PickleId id) const { return marked_[static_cast<size_t>(id)]; }

 private:
  std::vector<bool> marked_;
};

}  // namespace tessera
