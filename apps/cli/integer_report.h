// A verification of integers for people and for machines.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "tessera/compiler/verify.h"

namespace tessera::cli {

// What integers cost a network's outputs.
struct IntegerCost {
  double snr_db = 0;  // of the worst output over float
  // The same of its worst voice, whatever its level; none where no output is a sequence.
  std::optional<double> si_snr_db;
  double estimated_loss_db = 0;  // of a separation of kReferenceQualityDb SI-SNR
  // Over the true voices, where there are any: mean SI-SNR in float and in integers.
  std::vector<double> true_si_snr_db;
};

// `voices` may be empty. Errors: kInvalidArgument for voices of other count or length.
Result<IntegerCost> integer_cost(const VerifyReport& report,
                                 const std::vector<std::vector<float>>& voices);

// Stages that have a role (or `all`), the worst, the outputs; then the codes and the cost.
void print_integer_report(const VerifyReport& report, const BitExactReport& codes,
                          const IntegerCost& cost, bool all, Console& console);

// Adds codes, limit and cost to what documents::of() gives of the report.
void add_integers(Document& document, const VerifyReport& report, const BitExactReport& codes,
                  const IntegerCost& cost, const VerifyOptions& options);

// kMismatch naming the border where codes differ, or the output that keeps too little.
Result<void> integer_verdict(const VerifyReport& report, const BitExactReport& codes,
                             const VerifyOptions& options, const std::string& subject);

}  // namespace tessera::cli
