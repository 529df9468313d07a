#include "cli/evaluation_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/counted.h"
#include "cli/evaluation_page.h"
#include "cli/option_names.h"
#include "cli/table.h"
#include "report/score_drawing.h"

namespace tessera::cli {
namespace {

constexpr size_t kFailedRows = 20;

std::string mean_text(const MeanInterval& mean, bool with_sign) {
  if (mean.count == 0) return "-";
  std::string text =
      with_sign ? fmt::format("{:+.2f}", mean.mean) : fmt::format("{:.2f}", mean.mean);
  if (mean.half_width) text += fmt::format(" ± {:.2f}", *mean.half_width);
  return text;
}

void add_means_row(Table& table, const std::string& name, const EvaluationMeans& means,
                   bool with_sign) {
  table.add_row({name, mean_text(means.si_snr_improvement, true),
                 mean_text(means.sdr_improvement, true), mean_text(means.si_snr, with_sign),
                 mean_text(means.sdr, with_sign), mean_text(means.snr, with_sign)});
}

void print_means(const Evaluation& evaluation, const std::vector<std::string>& models,
                 Console& console) {
  Table table;
  table.add_column("mean, dB");
  table.add_columns({"SI-SNRi", "SDRi", "SI-SNR", "SDR", "SNR"}, Table::Align::right);
  for (size_t m = 0; m < models.size(); ++m)
    add_means_row(table, printable_line(models[m]), evaluation.means[m], false);
  if (evaluation.difference) {
    table.add_rule();
    add_means_row(table, "the second less the first", *evaluation.difference, true);
  }
  console.print("{}", table.to_string());
}

std::string score_cell(double value) {
  if (std::isinf(value)) return value > 0 ? "infinite" : "-infinite";
  return fmt::format("{:+.2f}", value);
}

void print_worst(const Evaluation& evaluation, Console& console) {
  const std::vector<size_t> worst = evaluation.worst_first();
  if (worst.empty()) return;
  const bool compares = evaluation.means.size() > 1;
  Table table;
  table.add_column(compares ? "where the second is worst against the first" : "worst");
  table.add_column("SI-SNRi", Table::Align::right);
  if (compares) table.add_columns({"second", "difference"}, Table::Align::right);
  table.add_column("files");
  for (size_t i = 0; i < std::min(kWorstMixtures, worst.size()); ++i) {
    const EvaluatedItem& item = evaluation.items[worst[i]];
    const double first = *item.scores[0].mean_si_snr_improvement_db;
    std::vector<std::string> cells{printable_line(item.item.name), score_cell(first)};
    if (compares) {
      const double second = *item.scores[1].mean_si_snr_improvement_db;
      cells.push_back(score_cell(second));
      cells.push_back(score_cell(second - first));
    }
    cells.push_back(printable_line(item.item.mixture.string()));
    table.add_row(std::move(cells));
    for (const std::filesystem::path& source : item.item.sources) {
      std::vector<std::string> below(compares ? 4 : 2);
      below.push_back(printable_line(source.string()));
      table.add_row(std::move(below));
    }
  }
  console.print("\n{}", table.to_string());
}

void print_failed(const Evaluation& evaluation, Console& console) {
  if (evaluation.failed == 0) return;
  Table table;
  table.add_columns({"not scored", "file", "why", "next"});
  for (const EvaluatedItem& item : evaluation.items) {
    if (!item.error) continue;
    if (table.rows() == kFailedRows) break;
    const Error error = in_flags(*item.error);
    table.add_row({printable_line(item.item.name), printable_line(error.subject),
                   printable_line(error.message), error.hint});
  }
  console.print("\n{}", table.to_string());
  const auto more = evaluation.failed - static_cast<int64_t>(table.rows());
  if (more > 0) console.print("and {} more: 'failed' in evaluation.json\n", more);
}

// No tab or line end ends a field early.
std::string field(const std::string& text) {
  std::string safe = printable_line(text);
  std::replace(safe.begin(), safe.end(), '\t', ' ');
  return safe;
}

ScorePanel panel_of(const Evaluation& evaluation, size_t model, const std::string& name) {
  const MeanInterval& mean = evaluation.means[model].si_snr_improvement;
  ScorePanel panel{name, "SI-SNR improvement, dB", {}, mean.mean, mean.half_width};
  for (const EvaluatedItem& item : evaluation.items) {
    if (!item.error) panel.values.push_back(*item.scores[model].mean_si_snr_improvement_db);
  }
  return panel;
}

}  // namespace

void print_evaluation(const Evaluation& evaluation, const std::vector<std::string>& models,
                      Console& console) {
  print_means(evaluation, models, console);
  console.print(
      "± is half of the 95 % confidence interval (Student's t); sources in the best order, SDR "
      "that "
      "of BSS-eval.\n");
  print_worst(evaluation, console);
  print_failed(evaluation, console);
}

std::string evaluation_rows(const Evaluation& evaluation, const std::vector<std::string>& models) {
  std::string rows =
      "name\tmodel\tmixture\tsample_rate\tframes\tpermutation\tsi_snr_db\tsi_snr_improvement_db\t"
      "sdr_db\tsdr_improvement_db\tsnr_db\n";
  for (const EvaluatedItem& item : evaluation.items) {
    for (size_t m = 0; m < item.scores.size(); ++m) {
      const SeparationScore& score = item.scores[m];
      std::vector<int> permutation;
      for (const SourceScore& source : score.sources) permutation.push_back(source.estimate + 1);
      rows += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", field(item.item.name),
                          field(models[m]), field(item.item.mixture.string()), item.sample_rate,
                          item.frames, fmt::join(permutation, ","), score.mean_si_snr_db,
                          *score.mean_si_snr_improvement_db, score.mean_sdr_db,
                          *score.mean_sdr_improvement_db, score.mean_snr_db);
    }
  }
  return rows;
}

std::string draw_evaluation(const Evaluation& evaluation, const std::vector<std::string>& models) {
  std::vector<ScorePanel> panels;
  for (size_t m = 0; m < models.size(); ++m) panels.push_back(panel_of(evaluation, m, models[m]));
  if (evaluation.difference) {
    const MeanInterval& mean = evaluation.difference->si_snr_improvement;
    ScorePanel panel{"the second less the first, mixture by mixture",
                     "difference of SI-SNR, dB",
                     {},
                     mean.mean,
                     mean.half_width};
    for (size_t i = 0; i < panels[0].values.size(); ++i)
      panel.values.push_back(panels[1].values[i] - panels[0].values[i]);
    panels.push_back(std::move(panel));
  }
  return draw_scores("SI-SNR improvement over the mixture", panels);
}

}  // namespace tessera::cli
