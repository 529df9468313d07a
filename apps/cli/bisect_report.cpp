#include "cli/bisect_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/counted.h"
#include "cli/comparison_text.h"
#include "cli/table.h"

namespace tessera::cli {
namespace {

constexpr size_t kOthers = 4;

std::string contributor_snr_text(double value) {
  if (value >= kExactDb) return "exact";
  return std::isfinite(value) ? fmt::format("{:.1f}", value) : "none";
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string what_is(BisectPoint stage) {
  switch (stage) {
    case BisectPoint::original: return "as its author wrote it";
    case BisectPoint::legal: return "rewritten into what the chip can do";
    case BisectPoint::cut: return "played piece by piece";
    case BisectPoint::quantised: return "values and weights rounded, float sums";
    case BisectPoint::emulated: return "in integers, piece by piece";
  }
  return "";
}

void print_stages(const BisectReport& report, Console& console) {
  const bool references = report.stages.front().si_snr_db.has_value();
  Table table;
  table.add_columns({"stage", ""});
  table.add_columns({"SNR over A", "of the error"}, Table::Align::right);
  if (references) {
    table.add_columns({"SI-SNR dB", "costs dB"}, Table::Align::right);
  }
  for (size_t i = 0; i < report.stages.size(); ++i) {
    const StageCost& stage = report.stages[i];
    std::vector<std::string> cells{std::string(to_string(stage.stage)), what_is(stage.stage),
                                   i == 0 ? "" : contributor_snr_text(stage.snr_db),
                                   i == 0 ? "" : percent(stage.added)};
    if (references) {
      cells.push_back(stage.si_snr_db ? fmt::format("{:.3f}", *stage.si_snr_db) : "");
      cells.push_back(stage.cost_db ? fmt::format("{:.3f}", *stage.cost_db) : "");
    }
    table.add_row(std::move(cells));
  }
  console.print("{}", table.to_string());
}

void print_contributors(const BisectReport& report, Console& console) {
  const bool references = report.stages.front().si_snr_db.has_value();
  Table table;
  table.add_columns({"contributor", "what", "as"});
  table.add_columns({"SNR alone", "of the error", "SNR without", "gains dB"}, Table::Align::right);
  if (references) table.add_column("SI-SNR", Table::Align::right);
  for (const Contributor& contributor : report.contributors) {
    std::vector<std::string> cells{printable(contributor.name),
                                   contributor.kind,
                                   contributor.coding,
                                   contributor_snr_text(contributor.only_snr_db),
                                   percent(contributor.share),
                                   contributor_snr_text(contributor.without_snr_db),
                                   fmt::format("{:.2f}", contributor.gain_db)};
    if (references)
      cells.push_back(
          contributor.gain_si_snr_db ? fmt::format("{:+.3f}", *contributor.gain_si_snr_db) : "");
    table.add_row(std::move(cells));
  }
  console.print("\n{}", table.to_string());
  for (const Contributor& contributor : report.contributors) {
    if (contributor.only_in_combination)
      console.print("{}: does harm only together with others\n", printable(contributor.name));
    if (!contributor.contradiction.empty())
      console.print("{}: {}\n", printable(contributor.name), printable(contributor.contradiction));
  }
  console.print("with all {} in float: {} dB over A\n", report.contributors.size(),
                contributor_snr_text(report.without_contributors_snr_db));
  for (size_t i = 0; i < std::min(kOthers, report.remaining_groups.size()); ++i) {
    const RemainingGroup& group = report.remaining_groups[i];
    console.print("not taken apart: {} from '{}' to '{}', {} of the error\n", group.items,
                  printable(group.first), printable(group.last), percent(group.share));
  }
  if (report.remaining_groups.size() > kOthers)
    console.print("and {} of less cost\n",
                  counted(report.remaining_groups.size() - kOthers, "group"));
}

void print_snr_drops(const BisectReport& report, Console& console) {
  Table table;
  table.add_column(fmt::format("value, {} beside the stage before",
                               to_string(report.stages[report.costliest].stage)));
  table.add_column("op");
  table.add_columns({"SNR dB", "falls by"}, Table::Align::right);
  for (const ValueComparison& value : report.snr_drops) {
    table.add_row({printable(value.value), value.op, contributor_snr_text(value.difference.snr_db),
                   fmt::format("{:.1f}", value.snr_drop_db)});
  }
  console.print("\n{}", table.to_string());
}

}  // namespace

void print_bisect_report(const BisectReport& report, Console& console) {
  print_stages(report, console);
  if (report.costliest == 0) {
    console.print("B computes exactly what A does\n");
  } else {
    const StageCost& stage = report.stages[report.costliest];
    console.print("costliest stage: {}{}\n", to_string(stage.stage),
                  stage.cost_db ? fmt::format(", {:.3f} dB of SI-SNR", *stage.cost_db) : "");
  }
  if (!report.snr_drops.empty()) print_snr_drops(report, console);
  if (!report.contributors.empty()) print_contributors(report, console);
  if (report.items > 0 && report.contributors.empty())
    console.print("none of {} encodings causes a share worth naming\n", report.items);
}

std::string contributor_rows(const BisectReport& report) {
  std::string text =
      "name\tkind\tcoding\tonly_snr_db\tshare\twithout_snr_db\tgain_db\tgain_si_snr_db\t"
      "contradiction\n";
  for (const Contributor& contributor : report.contributors) {
    text += fmt::format(
        "{}\t{}\t{}\t{:.3f}\t{:.6f}\t{:.3f}\t{:.3f}\t{}\t{}\n", contributor.name, contributor.kind,
        contributor.coding, contributor.only_snr_db, contributor.share, contributor.without_snr_db,
        contributor.gain_db,
        contributor.gain_si_snr_db ? fmt::format("{:.4f}", *contributor.gain_si_snr_db) : "",
        contributor.contradiction);
  }
  return text;
}

}  // namespace tessera::cli
