#include "cli/verify_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/rewrite_signal.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "cli/verify_report.h"
#include "evidence/documents.h"
#include "tessera/metrics.h"

namespace tessera::cli {
namespace {

ParityPart part_named(const std::string& name) {
  for (ParityPart part : {ParityPart::decoder, ParityPart::masker}) {
    if (to_string(part) == name) return part;
  }
  return ParityPart::chain;
}

// The part's cases, or one of the user's own.
std::vector<ParityCase> cases_of(const PartArguments& options) {
  const auto known = parity_cases(part_named(options.part));
  std::vector<ParityCase> cases(known.begin(), known.end());
  if (options.length || options.tile_frames) cases.resize(1);
  for (ParityCase& which : cases) {
    which.length = options.length.value_or(which.length);
    which.tile_frames = options.tile_frames.value_or(which.tile_frames);
    which.block_channels = options.block_channels.value_or(which.block_channels);
  }
  return cases;
}

// SI-SNR of what comes out over the true voices, cut to its length.
Result<std::vector<double>> against_references(const ParityResult& result,
                                               const PartArguments& options,
                                               const ImportedModel& model, Console& console) {
  const auto samples = static_cast<size_t>(result.which.length);
  std::vector<std::vector<float>> estimates;
  const std::vector<float>& values = result.report.output_values[0];
  for (size_t begin = 0; begin < values.size(); begin += samples) {
    estimates.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(begin),
                           values.begin() + static_cast<std::ptrdiff_t>(begin + samples));
  }
  std::vector<std::vector<float>> references;
  for (const std::string& path : options.references) {
    TESSERA_TRY(std::vector<float> voice, read_signal(path, model, options.recordings, console));
    if (voice.size() < samples) {
      return TESSERA_ERROR(kInvalidArgument, path,
                           fmt::format("has {} samples, this case {}", voice.size(), samples),
                           "give the reference at the recording's length");
    }
    voice.resize(samples);
    references.push_back(std::move(voice));
  }
  TESSERA_TRY(const SeparationScore score, score_separation(estimates, references));
  std::vector<double> si_snr_db;
  for (const SourceScore& source : score.sources) si_snr_db.push_back(source.si_snr_db);
  return si_snr_db;
}

std::string case_name(const ParityCase& which) {
  return fmt::format("{}x{}", which.length, which.tile_frames);
}

Document case_document(const ParityResult& result, const std::vector<double>& si_snr_db,
                       const VerifyOptions& options) {
  Document entry{
      {"case", case_name(result.which)},
      {result.which.part == ParityPart::chain ? "samples" : "latent_frames", result.which.length},
      {"tile_frames", result.which.tile_frames},
      {"block_channels", result.which.block_channels}};
  entry.update(documents::of(result.report, options));
  double largest = 0;
  for (const ValueCheck& output : result.report.outputs)
    largest = std::max(largest, output.difference.max_abs);
  entry["parity_max_abs_vs_reference"] = largest;
  for (size_t i = 0; i < si_snr_db.size(); ++i) {
    // Exact agreement has no finite ratio.
    entry[fmt::format("si_snr_{}_db", i + 1)] =
        std::isfinite(si_snr_db[i]) ? Document(si_snr_db[i]) : Document(nullptr);
  }
  entry["latency_ms"] = result.report.stitched_seconds * 1e3;
  entry["rtf"] = result.audio_seconds > 0
                     ? Document(result.report.stitched_seconds / result.audio_seconds)
                     : Document(nullptr);
  return entry;
}

void add_case_row(Table& table, const ParityResult& result, const std::vector<double>& si_snr_db) {
  const VerifyReport& report = result.report;
  double largest = 0;
  for (const ValueCheck& output : report.outputs)
    largest = std::max(largest, output.difference.max_abs);
  std::string ratios;
  for (double db : si_snr_db) ratios += fmt::format("{}{:.1f}", ratios.empty() ? "" : " ", db);
  const ValueCheck* bad = report.first_failure();
  table.add_row(
      {case_name(result.which), fmt::to_string(result.which.block_channels),
       fmt::to_string(report.segments), grouped(report.chip_calls),
       fmt::to_string(report.stages.size() + report.outputs.size()), fmt::format("{:.3g}", largest),
       ratios, fmt::format("{:.1f}", report.stitched_seconds * 1e3),
       result.audio_seconds > 0
           ? fmt::format("{:.4f}", report.stitched_seconds / result.audio_seconds)
           : "",
       bad == nullptr ? "same" : fmt::format("DIFFERS from '{}' on", printable(bad->name))});
}

Error in_model(Error error, const ModelOptions& model) {
  if (error.subject.empty()) error.subject = model.path;
  return error;
}

Table case_table(bool with_references) {
  Table table;
  table.add_column("case");
  table.add_columns({"block", "segments", "calls", "compared", "max abs"}, Table::Align::right);
  table.add_column(with_references ? "SI-SNR dB" : "SI-SNR dB over model");
  table.add_columns({"ms", "real-time factor"}, Table::Align::right);
  table.add_column("verdict");
  return table;
}

}  // namespace

Result<Document> verify_part(const PartArguments& options, Console& console) {
  const bool chain = part_named(options.part) == ParityPart::chain;
  if (!options.references.empty() && (!chain || options.audio.empty())) {
    return TESSERA_ERROR(
        kInvalidArgument, "--reference",
        "is for the chain with a recording: nothing else gives voices",
        "give a recording, too: tessera verify MODEL --part chain --audio MIX --reference VOICE");
  }
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  std::optional<std::vector<float>> audio;
  if (!options.audio.empty()) {
    TESSERA_TRY(audio, read_signal(options.audio, model, options.recordings, console));
  }
  std::string reference_name;
  TESSERA_TRY(const auto backend, open_backend(options.backend));
  TESSERA_TRY(const auto reference, open_reference(options.reference, model.graph, options.backend,
                                                   reference_name, console));
  Document document{{"part", options.part},
                    {"model", options.model.path},
                    {"target", target.name},
                    {"backend", options.backend.name},
                    {"reference", reference_name},
                    {"si_snr_against", options.references.empty() ? "model" : "reference"},
                    {"cases", Document::array()}};
  Table table = case_table(!options.references.empty());
  Result<void> verdict;
  for (const ParityCase& which : cases_of(options)) {
    const Progress progress(console, fmt::format("{} {}", options.part, case_name(which)));
    std::optional<std::span<const float>> heard;
    if (audio) heard = std::span<const float>(*audio);
    const Result<ParityResult> tried =
        run_parity(model, which, target, *backend, *reference, heard, options.verify);
    if (!tried) return in_model(tried.error(), options.model);
    const ParityResult& result = *tried;
    std::vector<double> si_snr_db = result.si_snr_db;
    if (!options.references.empty()) {
      TESSERA_TRY(si_snr_db, against_references(result, options, model, console));
    }
    add_case_row(table, result, si_snr_db);
    document["cases"].push_back(case_document(result, si_snr_db, options.verify));
    if (verdict) {
      verdict = verdict_of(result.report, fmt::format("{} {}", options.part, case_name(which)));
    }
  }
  console.print("{}", table.to_string());
  console.print("stitched on {}, judged by {}\n", options.backend.name, reference_name);
  document["all_close"] = verdict.has_value();
  if (!verdict) {
    console.keep(std::move(document));
    return verdict.error();
  }
  return document;
}

}  // namespace tessera::cli
