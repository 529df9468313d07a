#include "model/onnx/layout_choices.h"

#include <algorithm>

namespace tessera::onnx_import {
namespace {

using Indices = std::vector<size_t>;

// One layout of each input, by index.
std::vector<Indices> combinations(const std::vector<std::vector<InputLayout>>& choices) {
  size_t most = 0;
  for (const auto& choice : choices) most = std::max(most, choice.size());
  std::vector<Indices> list;
  for (size_t k = 0; k < most; ++k) {
    Indices indices;
    for (const auto& choice : choices) indices.push_back(std::min(k, choice.size() - 1));
    list.push_back(std::move(indices));
  }
  const size_t alike = list.size();
  Indices next(choices.size(), 0);
  while (list.size() < kMaxLayoutChoices) {
    if (std::find(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(alike), next) ==
        list.begin() + static_cast<std::ptrdiff_t>(alike))
      list.push_back(next);
    size_t i = 0;
    while (i < next.size() && ++next[i] == choices[i].size()) next[i++] = 0;
    if (i == next.size()) break;
  }
  return list;
}

}  // namespace

Result<std::vector<std::vector<InputLayout>>> layout_choices(
    std::span<const onnx::ValueInfoProto* const> inputs, const ReadOptions& options) {
  std::vector<std::vector<InputLayout>> choices;
  for (const onnx::ValueInfoProto* info : inputs) {
    TESSERA_TRY(std::vector<InputLayout> layouts, input_layouts(*info, options));
    choices.push_back(std::move(layouts));
  }
  std::vector<std::vector<InputLayout>> result;
  std::optional<Error> refusal;
  for (const Indices& indices : combinations(choices)) {
    std::vector<InputLayout> layouts;
    for (size_t i = 0; i < indices.size(); ++i) layouts.push_back(choices[i][indices[i]]);
    const std::optional<Error>& against = layouts[leading_input(layouts)].refusal;
    if (!against)
      result.push_back(std::move(layouts));
    else if (!refusal)
      refusal = against;
  }
  if (result.empty()) return *refusal;
  return result;
}

size_t leading_input(std::span<const InputLayout> layouts) {
  const auto open = std::find_if(layouts.begin(), layouts.end(),
                                 [](const InputLayout& l) { return l.open_length; });
  return open == layouts.end() ? 0 : static_cast<size_t>(open - layouts.begin());
}

}  // namespace tessera::onnx_import
