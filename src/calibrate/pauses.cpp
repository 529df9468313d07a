#include <algorithm>
#include <cmath>

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

double energy(std::span<const float> samples) {
  double sum = 0;
  for (float x : samples) sum += static_cast<double>(x) * static_cast<double>(x);
  return sum;
}

}  // namespace

bool hears_pauses(const Graph& legal) {
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

std::vector<std::vector<float>> after_pauses(std::span<const std::vector<float>> windows,
                                             int64_t frames, size_t most) {
  const auto size = static_cast<size_t>(frames);
  const size_t count = std::min(most, windows.size());
  std::vector<std::vector<float>> paused;
  for (size_t i = 0; i < count; ++i) {
    std::span<const float> heard = windows[i * windows.size() / count];
    if (heard.size() > size / 2) {
      const auto first = heard.first(heard.size() / 2);
      const auto last = heard.last(heard.size() - first.size());
      heard = energy(first) > energy(last) ? first : last;
    }
    if (energy(heard) == 0) continue;
    std::vector<float>& sequence = paused.emplace_back(size, 0.0F);
    std::copy(heard.begin(), heard.end(),
              sequence.end() - static_cast<std::ptrdiff_t>(heard.size()));
  }
  return paused;
}

void set_headroom_beside_pauses(QuantizeOptions& options) {
  options.headroom = 1.15;
  options.sum_headroom = 1.3 / std::sqrt(2.0);
}

}  // namespace tessera
