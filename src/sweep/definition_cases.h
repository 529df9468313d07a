// The cases of a definition: written one by one, or expanded from grids.
#pragma once

#include "sweep/definition.h"
#include "sweep/definition_fields.h"

namespace tessera::sweep_file {

inline constexpr size_t kMostCases = 100'000;

// Adds what a [[case]] or a [[grid]] says. `defaults` stand for what it leaves out and its kind of
// network reads. Errors: kInvalidArgument, kResourceLimit; all name the line.
Result<void> add_case(const toml::table& table, const Parameters& defaults, const SweepText& origin,
                      std::vector<SweepCase>& cases);
Result<void> add_grid(const toml::table& table, const Parameters& defaults, const SweepText& origin,
                      std::vector<SweepCase>& cases);

// The entries of `table` that are parameters; `others` are known too.
Result<Parameters> parameters_of(const toml::table& table, std::string_view where,
                                 std::initializer_list<std::string_view> others,
                                 const SweepText& origin);

}  // namespace tessera::sweep_file
