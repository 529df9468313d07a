// A network ready to verify: imported, rewritten, planned.
#pragma once

#include <gtest/gtest.h>

#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"

namespace tessera::test {

struct Planned {
  Graph imported;
  Plan plan;
};

inline Target hailo8() {
  return read_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml").value();
}

inline Planned plan_for(const Graph& imported, const PlanOptions& options,
                        const Target& target = hailo8()) {
  Planned made{imported, {}};
  Graph legal = imported;
  const Result<RewriteLog> log = rewrite(legal);
  EXPECT_TRUE(log.has_value()) << log.error().to_string();
  Result<Plan> plan = make_plan(legal, target, options);
  EXPECT_TRUE(plan.has_value()) << plan.error().to_string();
  if (plan) made.plan = std::move(*plan);
  return made;
}

}  // namespace tessera::test
