#include "cli/integer_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cli/comparison_text.h"
#include "cli/table.h"
#include "cli/verify_report.h"
#include "evidence/documents.h"
#include "tessera/compiler/tune.h"
#include "tessera/metrics.h"

namespace tessera::cli {
namespace {

// Channels of all outputs: a separator's voices.
std::vector<std::vector<float>> voices_of(const VerifyReport& report,
                                          const std::vector<std::vector<float>>& values) {
  std::vector<std::vector<float>> voices;
  for (size_t i = 0; i < values.size(); ++i) {
    const Shape& shape = report.outputs[i].shape;
    const auto each = static_cast<std::ptrdiff_t>(shape.h * shape.w);
    for (auto from = values[i].begin(); from != values[i].end(); from += each)
      voices.emplace_back(from, from + each);
  }
  return voices;
}

void add_integer_row(Table& table, const ValueCheck& stage) {
  table.add_row({compared_name(stage.name, stage.how),
                 fmt::format("{}", fmt::join(stage.roles, ", ")), stage.where,
                 to_string(stage.shape), fmt::format("{:.3g}", stage.difference.peak),
                 fmt::format("{:.3g}", stage.difference.max_abs), decibels(stage.difference.snr_db),
                 fmt::format("{:.6f}", stage.difference.cosine), stage.passed ? "" : "FAILS"});
}

std::string place_of(const BorderCheck& border) {
  if (border.piece.empty()) return border.where;
  return fmt::format("{}, call {} of piece '{}'", border.where, border.call, border.piece);
}

std::string codes_text(const BitExactReport& codes) {
  const auto failing = std::count_if(codes.borders.begin(), codes.borders.end(),
                                     [](const BorderCheck& border) { return !border.passed(); });
  if (failing == 0) {
    return fmt::format("codes at {} borders: {}, each that of the uncut integer reference",
                       codes.borders.size(), grouped(codes.codes));
  }
  return fmt::format("codes at {} borders: {} of these differ from the uncut integer reference",
                     codes.borders.size(), failing);
}

}  // namespace

Result<IntegerCost> integer_cost(const VerifyReport& report,
                                 const std::vector<std::vector<float>>& voices) {
  IntegerCost cost;
  cost.snr_db = std::numeric_limits<double>::infinity();
  for (const ValueCheck& output : report.outputs)
    cost.snr_db = std::min(cost.snr_db, output.difference.snr_db);
  cost.estimated_loss_db = loss_for_snr_db(cost.snr_db);
  const auto integer_voices = voices_of(report, report.output_values);
  const auto float_voices = voices_of(report, report.expected_output_values);
  for (size_t i = 0; i < float_voices.size() && integer_voices.size() == float_voices.size(); ++i) {
    // A voice that is silent in either has none.
    if (const auto measured = si_snr_db(integer_voices[i], float_voices[i]))
      cost.si_snr_db = std::min(cost.si_snr_db.value_or(*measured), *measured);
  }
  if (voices.empty()) return cost;
  for (const auto* estimates : {&float_voices, &integer_voices}) {
    TESSERA_TRY(const SeparationScore score, score_separation(*estimates, voices));
    cost.true_si_snr_db.push_back(score.mean_si_snr_db);
  }
  return cost;
}

void print_integer_report(const VerifyReport& report, const BitExactReport& codes,
                          const IntegerCost& cost, bool all, Console& console) {
  Table table;
  table.add_columns({"value", "role", "in", "shape"});
  table.add_columns({"peak", "max abs", "SQNR dB", "cosine"}, Table::Align::right);
  table.add_column("");
  const size_t left_out = add_stages(report, all, table, add_integer_row);
  console.print("{}", table.to_string());
  if (left_out > 0) console.print("and {} other values (--all)\n", left_out);
  console.print("{}\n", codes_text(codes));
  for (const BorderCheck& border : codes.borders) {
    if (border.passed()) continue;
    console.print("  '{}' in {}: {} of {} differ, first channel {}, frame {}\n",
                  printable(border.value), place_of(border), grouped(border.differing),
                  grouped(border.values), border.channel, border.frame);
  }
  if (cost.si_snr_db) {
    console.print(
        "outputs vs float: SNR {} dB, SI-SNR {} dB; about {:.2f} dB of a separation of {} "
        "dB\n",
        decibels(cost.snr_db), decibels(*cost.si_snr_db), cost.estimated_loss_db,
        kReferenceQualityDb);
  } else {
    console.print("outputs vs float: SNR {} dB\n", decibels(cost.snr_db));
  }
  if (!cost.true_si_snr_db.empty()) {
    console.print("over the true voices: SI-SNR {:.2f} dB in float, {:.2f} dB in integers\n",
                  cost.true_si_snr_db[0], cost.true_si_snr_db[1]);
  }
}

void add_integers(Document& document, const VerifyReport& report, const BitExactReport& codes,
                  const IntegerCost& cost, const VerifyOptions& options) {
  document["integers"] = true;
  document["all_close"] = report.passed && codes.passed;
  document["min_snr_db"] = options.min_snr_db;
  document["snr_db"] = documents::number(cost.snr_db);
  document["si_snr_db"] = cost.si_snr_db ? documents::number(*cost.si_snr_db) : Document(nullptr);
  document["estimated_si_snr_loss_db"] =
      cost.si_snr_db ? documents::number(cost.estimated_loss_db) : Document(nullptr);
  if (!cost.true_si_snr_db.empty()) {
    document["si_snr_float_db"] = documents::number(cost.true_si_snr_db[0]);
    document["si_snr_integers_db"] = documents::number(cost.true_si_snr_db[1]);
    document["si_snr_loss_db"] = documents::number(cost.true_si_snr_db[0] - cost.true_si_snr_db[1]);
  }
  document.update(documents::of(codes));
}

Result<void> integer_verdict(const VerifyReport& report, const BitExactReport& codes,
                             const VerifyOptions& options, const std::string& subject) {
  if (const BorderCheck* bad = codes.first_failure(); bad != nullptr) {
    return TESSERA_ERROR(
        kMismatch, subject,
        fmt::format("stitched, '{}' in {} has other codes than uncut: {:.7g} instead of {:.7g} in "
                    "channel {}, frame {}",
                    printable(bad->value), place_of(*bad), bad->actual, bad->expected, bad->channel,
                    bad->frame),
        "every border before it is the same: look at what computes it");
  }
  const ValueCheck* bad = report.first_failure();
  if (bad == nullptr) return {};
  if (bad->shape != bad->expected_shape || !std::isfinite(bad->difference.max_abs))
    return verdict_of(report, subject);
  return TESSERA_ERROR(
      kMismatch, subject,
      fmt::format("'{}' keeps {:.1f} dB over the network in float; {:.1f} dB are "
                  "asked for",
                  printable(bad->name), bad->difference.snr_db, options.min_snr_db),
      "quantise with --quantize mixed or int16, calibrate on more of what the "
      "network hears, or accept less: --min-snr");
}

}  // namespace tessera::cli
