#include "vendor/hailo/hn/hn_graph.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/counted.h"
#include "vendor/hailo/hn/hn_builder.h"

namespace tessera {
namespace {

constexpr size_t kNamedRefusals = 5;

// Operands before their readers, else in the file's order.
Result<std::vector<const HnLayer*>> in_order(const Hn& hn) {
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < hn.layers.size(); ++i) index[hn.layers[i].name] = i;
  std::vector<size_t> missing(hn.layers.size());
  std::vector<std::vector<size_t>> readers(hn.layers.size());
  for (size_t i = 0; i < hn.layers.size(); ++i) {
    for (const std::string& input : hn.layers[i].inputs) {
      const auto found = index.find(input);
      if (found == index.end()) {
        return TESSERA_ERROR(kInvalidModel, hn.layers[i].name,
                             fmt::format("reads '{}', which is no layer", input), "");
      }
      readers[found->second].push_back(i);
      ++missing[i];
    }
  }
  std::vector<const HnLayer*> order;
  std::vector<size_t> ready;
  for (size_t i = hn.layers.size(); i-- > 0;) {
    if (missing[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    const size_t next = ready.back();
    ready.pop_back();
    order.push_back(&hn.layers[next]);
    for (const size_t reader : readers[next]) {
      if (--missing[reader] == 0) ready.push_back(reader);
    }
  }
  if (order.size() < hn.layers.size()) {
    return TESSERA_ERROR(kInvalidModel, hn.name, "has layers that read one another in a circle",
                         "");
  }
  return order;
}

Error refusal_error(const Hn& hn, const std::vector<HnRefusal>& refused) {
  std::string text =
      fmt::format("{} cannot be said in the ops of a graph:", counted(refused.size(), "layer"));
  for (size_t i = 0; i < std::min(kNamedRefusals, refused.size()); ++i) {
    text += fmt::format("{} {} ({}): {}", i == 0 ? "" : ";", refused[i].layer, refused[i].type,
                        refused[i].why);
  }
  if (refused.size() > kNamedRefusals) text += "; ...";
  return TESSERA_ERROR(kUnsupported, hn.name, std::move(text), "");
}

Result<void> add_layers(const Hn& hn, HnBuilder& builder) {
  TESSERA_TRY(const auto order, in_order(hn));
  for (const HnLayer* layer : order) TESSERA_TRY_VOID(builder.add(*layer));
  return {};
}

}  // namespace

Result<HnOutline> outline_hn(const Hn& hn) {
  HnBuilder builder(nullptr);
  TESSERA_TRY_VOID(add_layers(hn, builder));
  return HnOutline{std::move(builder.outlined()), std::move(builder.refused())};
}

Result<HnGraph> hn_to_graph(const Hn& hn, const HnWeights& weights) {
  HnBuilder builder(&weights);
  TESSERA_TRY_VOID(add_layers(hn, builder));
  if (!builder.refused().empty()) return refusal_error(hn, builder.refused());
  return builder.finish();
}

}  // namespace tessera
