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

std::string culprit_snr_text(double value) {
  if (value >= kExactDb) return "exact";
  return std::isfinite(value) ? fmt::format("{:.1f}", value) : "none";
}

std::string percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string what_is(BisectStage stage) {
  switch (stage) {
    case BisectStage::original: return "as its author wrote it";
    case BisectStage::legal: return "rewritten into what the chip can do";
    case BisectStage::cut: return "played piece by piece";
    case BisectStage::quantised: return "values and weights rounded, float sums";
    case BisectStage::emulated: return "in integers, piece by piece";
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
                                   i == 0 ? "" : culprit_snr_text(stage.snr_db),
                                   i == 0 ? "" : percent(stage.added)};
    if (references) {
      cells.push_back(stage.si_snr_db ? fmt::format("{:.3f}", *stage.si_snr_db) : "");
      cells.push_back(stage.cost_db ? fmt::format("{:.3f}", *stage.cost_db) : "");
    }
    table.add_row(std::move(cells));
  }
  console.print("{}", table.to_string());
}

void print_culprits(const BisectReport& report, Console& console) {
  const bool references = report.stages.front().si_snr_db.has_value();
  Table table;
  table.add_columns({"culprit", "what", "as"});
  table.add_columns({"SNR alone", "of the error", "SNR without", "gains dB"}, Table::Align::right);
  if (references) table.add_column("SI-SNR", Table::Align::right);
  for (const Culprit& culprit : report.culprits) {
    std::vector<std::string> cells{printable(culprit.name),
                                   culprit.kind,
                                   culprit.coding,
                                   culprit_snr_text(culprit.only_snr_db),
                                   percent(culprit.share),
                                   culprit_snr_text(culprit.without_snr_db),
                                   fmt::format("{:.2f}", culprit.gain_db)};
    if (references)
      cells.push_back(culprit.gain_si_snr_db ? fmt::format("{:+.3f}", *culprit.gain_si_snr_db)
                                             : "");
    table.add_row(std::move(cells));
  }
  console.print("\n{}", table.to_string());
  for (const Culprit& culprit : report.culprits) {
    if (culprit.needs_others)
      console.print("{}: does harm only together with others\n", printable(culprit.name));
    if (!culprit.contradiction.empty())
      console.print("{}: {}\n", printable(culprit.name), printable(culprit.contradiction));
  }
  console.print("with all {} in float: {} dB over A\n", report.culprits.size(),
                culprit_snr_text(report.without_culprits_snr_db));
  for (size_t i = 0; i < std::min(kOthers, report.others.size()); ++i) {
    const InnocentGroup& group = report.others[i];
    console.print("not taken apart: {} from '{}' to '{}', {} of the error\n", group.items,
                  printable(group.first), printable(group.last), percent(group.share));
  }
  if (report.others.size() > kOthers)
    console.print("and {} of less cost\n", counted(report.others.size() - kOthers, "group"));
}

void print_fallen(const BisectReport& report, Console& console) {
  Table table;
  table.add_column(fmt::format("value, {} beside the stage before",
                               to_string(report.stages[report.costliest].stage)));
  table.add_column("op");
  table.add_columns({"SNR dB", "falls by"}, Table::Align::right);
  for (const ValueComparison& value : report.fallen) {
    table.add_row({printable(value.value), value.op, culprit_snr_text(value.difference.snr_db),
                   fmt::format("{:.1f}", value.fall_db)});
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
  if (!report.fallen.empty()) print_fallen(report, console);
  if (!report.culprits.empty()) print_culprits(report, console);
  if (report.items > 0 && report.culprits.empty())
    console.print("none of {} encodings causes a share worth naming\n", report.items);
}

Document bisect_document(const BisectReport& report) {
  Document document{{"costliest", to_string(report.stages[report.costliest].stage)},
                    {"stages", Document::array()},
                    {"culprits", Document::array()},
                    {"others", Document::array()},
                    {"fallen", Document::array()}};
  for (const StageCost& stage : report.stages) {
    Document row{{"stage", to_string(stage.stage)},
                 {"snr_db", finite(stage.snr_db)},
                 {"share", stage.added}};
    row["si_snr_db"] = stage.si_snr_db ? Document(*stage.si_snr_db) : Document(nullptr);
    row["cost_db"] = stage.cost_db ? Document(*stage.cost_db) : Document(nullptr);
    document["stages"].push_back(std::move(row));
  }
  for (const Culprit& culprit : report.culprits) {
    Document row{{"name", culprit.name},
                 {"kind", culprit.kind},
                 {"coding", culprit.coding},
                 {"only_snr_db", finite(culprit.only_snr_db)},
                 {"share", culprit.share},
                 {"without_snr_db", finite(culprit.without_snr_db)},
                 {"gain_db", finite(culprit.gain_db)},
                 {"needs_others", culprit.needs_others}};
    row["gain_si_snr_db"] =
        culprit.gain_si_snr_db ? Document(*culprit.gain_si_snr_db) : Document(nullptr);
    row["contradiction"] =
        culprit.contradiction.empty() ? Document(nullptr) : Document(culprit.contradiction);
    document["culprits"].push_back(std::move(row));
  }
  for (const InnocentGroup& group : report.others) {
    document["others"].push_back({{"first", group.first},
                                  {"last", group.last},
                                  {"items", group.items},
                                  {"share", group.share}});
  }
  for (const ValueComparison& value : report.fallen) {
    document["fallen"].push_back({{"name", value.name},
                                  {"value", value.value},
                                  {"op", value.op},
                                  {"snr_db", finite(value.difference.snr_db)},
                                  {"fall_db", value.fall_db}});
  }
  document["without_culprits_snr_db"] = finite(report.without_culprits_snr_db);
  document["items"] = report.items;
  document["trials"] = report.trials;
  document["resumed"] = report.resumed;
  return document;
}

std::string culprit_rows(const BisectReport& report) {
  std::string text =
      "name\tkind\tcoding\tonly_snr_db\tshare\twithout_snr_db\tgain_db\tgain_si_snr_db\t"
      "contradiction\n";
  for (const Culprit& culprit : report.culprits) {
    text += fmt::format(
        "{}\t{}\t{}\t{:.3f}\t{:.6f}\t{:.3f}\t{:.3f}\t{}\t{}\n", culprit.name, culprit.kind,
        culprit.coding, culprit.only_snr_db, culprit.share, culprit.without_snr_db, culprit.gain_db,
        culprit.gain_si_snr_db ? fmt::format("{:.4f}", *culprit.gain_si_snr_db) : "",
        culprit.contradiction);
  }
  return text;
}

}  // namespace tessera::cli
