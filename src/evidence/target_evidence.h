// Evidence: recorded compiles against what a target file says about them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// One recorded compile, its operator list made into a graph (weights are zero).
struct CompileOutcome {
  std::string name;
  std::string compiled;        // "PASS", "FAIL", "-" and "?" (not tried or not known)
  std::string message;         // of the compiler
  std::string use;             // "yes": evidence about fitting; else why not
  std::optional<Graph> graph;  // absent when no operator list was recorded
  bool counts() const { return use == "yes" && (compiled == "PASS" || compiled == "FAIL"); }
};

// outcomes_graphs.json: {"case": {"ops": [{"op", "cin", "cout", "k", "d", "s", "groups", "win",
// "wout", "act", "bias", "n_in"}], "hef", "message", "fit_use", ...}}. Operators are wired to the
// latest tensor of their input's shape, or to a new input. Errors: kCorrupt naming line or case.
Result<std::vector<CompileOutcome>> parse_outcomes(std::string_view json,
                                                   const std::string& origin);
Result<std::vector<CompileOutcome>> read_outcomes(const std::filesystem::path& path);

enum class Judgement : uint8_t { right, unknown, wrong, not_counted };
std::string_view to_string(Judgement judgement);

struct ScoredOutcome {
  std::string name;
  std::string compiled;
  Judgement judgement = Judgement::not_counted;
  Verdict verdict = Verdict::unknown;
  int64_t widest_row_bytes = 0;
  std::string rule;    // of the decisive violation; empty when it fits
  std::string reason;  // why this verdict
};

struct Score {
  std::vector<ScoredOutcome> rows;
  int64_t right = 0;
  int64_t unknown = 0;
  int64_t wrong = 0;
};
Score score(const std::vector<CompileOutcome>& outcomes, const Target& target);

// How the unit ledger fares against allocations of real compiles: per network, and in sum.
struct LedgerScore {
  std::string network;
  int64_t layers = 0;           // physical layers in the record
  int64_t layers_honoured = 0;  // nothing claimed "at least" exceeds what the layer was given
  int64_t l3_layers = 0;        // layers whose memory cuts are recorded
  int64_t l3_exact = 0;
  int64_t rows = 0;  // recorded rows of buffers that the row formula speaks about
  int64_t rows_exact = 0;
  int64_t sc_layers = 0;         // logical layers whose work is recorded
  int64_t sc_near = 0;           // estimated compute units within 1 of the real
  int64_t physical_layers = 0;   // on the clusters, ports left out
  int64_t logical_layers = 0;    // before splits and helpers
  int64_t predicted_layers = 0;  // with helpers by rule, given the real splits
  int64_t estimated_layers = 0;  // with splits by estimated compute units as well
  int64_t clusters = 0;          // cluster loads in the record
  int64_t clusters_over = 0;     // ... that pass a capacity of the target file
};
struct LedgerEvidence {
  std::vector<LedgerScore> networks;
  LedgerScore total;
  std::vector<std::string> misses;  // "arcface_mobilefacenet/conv27: 7 cuts, predicted 6"
};

// `folder` holds hef_maps/*.tsv and alls/{layers,edges,cluster_load}.tsv (either may be absent, not
// both). Errors: kNotFound; kCorrupt naming file and line.
Result<LedgerEvidence> measure_ledger(const std::filesystem::path& folder, const Target& target);

}  // namespace tessera
