// What tessera eval found, for people and for tables.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "evaluate/evaluation.h"

namespace tessera::cli {

// Means with intervals, the worst mixtures with their files, and those that failed.
void print_evaluation(const Evaluation& evaluation, const std::vector<std::string>& models,
                      Console& console);

// A row for each mixture and network that was scored, tab-separated under a row of names.
std::string evaluation_rows(const Evaluation& evaluation, const std::vector<std::string>& models);

// The distributions as an SVG document.
std::string draw_evaluation(const Evaluation& evaluation, const std::vector<std::string>& models);

}  // namespace tessera::cli
