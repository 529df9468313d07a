// The frontier of a series of cases: the first that fails, and what of the step to it makes it
// fail.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sweep/case_result.h"
#include "sweep/run_folder.h"

namespace tessera {

// A part of the network that a rule speaks of.
struct FrontierCause {
  std::string component;  // "block 3", "encoder", "the whole network"
  std::string node;       // a layer; empty: the whole network
  std::string rule;
  std::string entry;  // of the target file
  int64_t number = 0;
  int64_t number_before = 0;  // in the row before; 0 where there was none
  std::string limit;
  std::string reason;
  bool added = false;  // the step to this row added the layer
};

struct Frontier {
  std::string series;
  std::string before;    // the last case before it; empty: the first row of the series
  std::string at;        // the first case that fails; empty: none does
  bool unknown = false;  // it may fit: no row fails for certain before it or at it
  std::string signature;
  std::string family;
  std::vector<FrontierCause> causes;
  std::vector<std::string> added;  // components that the step to it adds
  std::string text;                // one line
};

// One for each series, in order of appearance; cases without a series are one. Where none fails for
// certain, the first that may is the frontier.
std::vector<Frontier> frontiers_of(const SweepRun& run, const std::vector<CaseResult>& cases);

// "block 3" of "tcn3_depth"; else the layer's name up to its module.
std::string component_of(const std::string& layer);

}  // namespace tessera
