#include <algorithm>
#include <cmath>

#include "base/energy.h"
#include "calibrate/windows.h"
#include "tessera/compiler/calibrate.h"

namespace tessera {
namespace {

bool reaches_over_time(NormKind kind) {
  return kind == NormKind::global || kind == NormKind::feature_wise || kind == NormKind::cumulative;
}

// Whether a norm has no value on silence: there the network itself hears no pauses.
template <typename T>
bool lacks_eps(const T* norm) {
  return norm != nullptr && norm->eps == 0;
}

}  // namespace

bool needs_silence_prefix(const Graph& legal) {
  if (legal.inputs().size() != 1) return false;
  const Shape& input = legal.node(legal.inputs()[0]).shape;
  if (input.c != 1 || input.h != 1) return false;
  const std::vector<NodeId> order = legal.order();
  const bool undefined = std::any_of(order.begin(), order.end(), [&](NodeId id) {
    return lacks_eps(legal.get_if<Norm>(id)) || lacks_eps(legal.get_if<NormStatistics>(id));
  });
  return !undefined && std::any_of(order.begin(), order.end(), [&](NodeId id) {
    const auto* norm = legal.get_if<Norm>(id);
    const auto* statistics = legal.get_if<NormStatistics>(id);
    return (norm != nullptr && reaches_over_time(norm->kind)) ||
           (statistics != nullptr && reaches_over_time(statistics->kind));
  });
}

std::vector<std::vector<float>> with_silence_prefix(std::span<const std::vector<float>> windows,
                                                    int64_t frames, size_t most) {
  const auto size = static_cast<size_t>(frames);
  std::vector<std::vector<float>> paused;
  for (size_t i : evenly_spread(windows.size(), most)) {
    std::span<const float> heard = windows[i];
    if (heard.size() > size / 2) {
      const auto first = heard.first(heard.size() / 2);
      const auto last = heard.last(heard.size() - first.size());
      heard = energy_of(first) > energy_of(last) ? first : last;
    }
    if (is_silent(heard)) continue;
    std::vector<float>& sequence = paused.emplace_back(size, 0.0F);
    std::copy(heard.begin(), heard.end(),
              sequence.end() - static_cast<std::ptrdiff_t>(heard.size()));
  }
  return paused;
}

void set_range_margin_with_silence(QuantizeOptions& options) {
  options.range_margin = 1.15;
  options.sum_range_margin = 1.3 / std::sqrt(2.0);
}

}  // namespace tessera
