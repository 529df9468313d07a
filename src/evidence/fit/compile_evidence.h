// What real compiles say about a target, whatever tells of them: run folders, recorded outcomes,
// experiments, compiled files. Each is brought to one form: the largest number that it puts to each
// limit, the words that it puts to each list.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

struct CompileEvidence {
  std::string source;  // file and case: "fixes/cases/conv1: dfc 3.31"
  bool passed = false;
  std::map<std::string, int64_t, std::less<>> numbers;  // by limit: the largest of all nodes
  std::set<std::pair<std::string, std::string>> words;  // list and word: {"activations", "gelu"}
};

// What every rule of the target measures in this network, whether it holds or not.
CompileEvidence evidence_of(const Graph& graph, const Target& target);

struct EvidenceSet {
  std::vector<CompileEvidence> compiles;
  std::vector<std::string> left_out;  // what is no evidence, and why
};

// `path` is one of
//   a run folder         cases that a vendor's compiler decided, by their network.onnx;
//   outcomes.json        recorded outcomes (read_outcomes());
//   an experiment        a folder of write_experiment() whose run.sh has run;
//   a compiled file      .hef: every layer of its allocation passed.
// Errors: kMismatch for evidence of another target; kInvalidArgument for what is none of these, and
// for runs of the builtin compiler, whose outcomes are the target's own; those of reading.
Result<EvidenceSet> read_evidence(const std::filesystem::path& path, const Target& target);

}  // namespace tessera
