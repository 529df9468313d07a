// What 'tessera hef inspect' writes besides: tables and a picture.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/floor_plan_drawing.h"
#include "vendor/hailo/hef/hef.h"

namespace tessera::cli {

// A file's name and its tab-separated lines. The columns of layers.tsv are those of the recorded
// allocations that 'tessera target ledger' reads.
struct HefTable {
  std::string name;
  std::string text;
};
std::vector<HefTable> hef_tables(const Hef& hef);

// One plan per context.
std::vector<FloorPlan> hef_floor_plans(const std::string& name, const Hef& hef);

}  // namespace tessera::cli
