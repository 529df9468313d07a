// plan.json: the recipe of a plan, with what it comes to for people to read.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tessera/compiler/chip_placement.h"
#include "tessera/compiler/plan.h"
#include "tessera/result.h"

namespace tessera {

std::string print_plan(const Plan& plan);

// Only the recipe is read back: it and the legal graph make the rest again. For untrusted text.
// Errors: kCorrupt, subject = the path of the field.
Result<PlanRecipe> parse_recipe(std::span<const uint8_t> text);

// placement.json, written for people and reports; nothing reads it back.
std::string print_placement(const ChipPlacement& placement);

}  // namespace tessera
