#include "verify/visible_values.h"

#include "run/host_group.h"

namespace tessera {

Result<std::vector<NodeId>> visible_values(const Plan& plan, HostSteps host_steps) {
  std::vector<NodeId> shown;
  std::vector<NodeId> group;
  const auto close_group = [&]() -> Result<void> {
    if (group.empty()) return {};
    TESSERA_TRY(const HostGroup made, make_host_group(plan.graph, group));
    shown.insert(shown.end(), made.writes.begin(), made.writes.end());
    group.clear();
    return {};
  };
  for (const Step& step : plan.steps) {
    if (const auto* host = std::get_if<HostStep>(&step)) {
      if (plan.graph.get_if<Input>(host->node) == nullptr) group.push_back(host->node);
      if (host_steps == HostSteps::one_by_one) TESSERA_TRY_VOID(close_group());
      continue;
    }
    TESSERA_TRY_VOID(close_group());
    const auto index = static_cast<size_t>(std::get<SegmentStep>(step).segment);
    const std::vector<NodeId>& writes = plan.segments[index].writes;
    shown.insert(shown.end(), writes.begin(), writes.end());
  }
  TESSERA_TRY_VOID(close_group());
  return shown;
}

}  // namespace tessera
