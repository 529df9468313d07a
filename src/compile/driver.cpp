// The program: every stage in order, each handing on what it made.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "calibrate/calibration_data.h"
#include "compile/freeze_stage.h"
#include "compile/package_contents.h"
#include "compile/quantize_stage.h"
#include "compile/stage_files.h"
#include "package/calibration_report.h"
#include "package/encodings_file.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "package/plan_json.h"
#include "rewrite/legalize.h"
#include "tessera/backend.h"
#include "tessera/build.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/tune.h"
#include "tessera/file.h"
#include "verify/built_parity.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxTargetBytes = uint64_t{1} << 20;

class Driver {
 public:
  Driver(const std::filesystem::path& model, const BuildOptions& options,
         const StageCallback& observer)
      : path_(model),
        options_(options),
        observer_(observer),
        files_(options.dump_folder, options.force) {
    if (options.norm != NormMode::exact) rewriting_.calibrated = options.frozen_norms;
    rewriting_.channel_bases = options.channel_bases;
  }

  Result<Built> build() {
    TESSERA_TRY_VOID(run_until(BuildStage::save));
    std::vector<Note> all_notes = notes();
    return Built{std::move(*package_),  std::move(frozen_point_), std::move(channel_bases_),
                 std::move(rewritten_), std::move(plan_),         cost_,
                 std::move(placement_), std::move(all_notes)};
  }

  // Notes of the stages that ran.
  Result<std::vector<Note>> build_until(BuildStage last) {
    TESSERA_TRY_VOID(run_until(last));
    return notes();
  }

 private:
  // What the importer assumed comes first: all else stands on it.
  std::vector<Note> notes() {
    std::vector<Note> all = std::move(imported_.notes);
    all.insert(all.end(), plan_.notes.begin(), plan_.notes.end());
    all.insert(all.end(), std::make_move_iterator(calibration_.notes.begin()),
               std::make_move_iterator(calibration_.notes.end()));
    return all;
  }

  struct Stage {
    BuildStage name;
    Result<std::string> (Driver::*work)();  // says in one line what came of it
  };

  // The stages of this build in their order.
  std::vector<Stage> stages() const {
    std::vector<Stage> list{{BuildStage::import, &Driver::import}};
    if (options_.norm != NormMode::exact && options_.frozen_norms.empty())
      list.push_back({BuildStage::freeze, &Driver::freeze});
    if (options_.integers && options_.channel_bases.empty())
      list.push_back({BuildStage::channel_basis, &Driver::change_streams});
    list.push_back({BuildStage::rewrite, &Driver::rewrite});
    list.push_back({BuildStage::plan, &Driver::plan});
    if (options_.integers) list.push_back({BuildStage::quantize, &Driver::quantize});
    list.push_back({BuildStage::compile, &Driver::compile});
    list.push_back({BuildStage::verify, &Driver::verify});
    list.push_back({BuildStage::save, &Driver::save});
    return list;
  }

  Result<void> run_until(BuildStage last) {
    TESSERA_TRY_VOID(check_options());
    TESSERA_TRY(const std::vector<BuildStage> names, stages_until(last));
    TESSERA_TRY_VOID(files_.prepare(names));
    for (const Stage& stage : stages()) {
      TESSERA_TRY_VOID(run(stage));
      if (stage.name == last) break;
    }
    return {};
  }

  Result<void> run(const Stage& stage) {
    if (observer_) observer_({stage.name, false, 0, ""});
    const auto begin = std::chrono::steady_clock::now();
    TESSERA_TRY(std::string text, (this->*stage.work)());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (files_.wants(stage.name)) TESSERA_TRY_VOID(files_.write(stage.name, made_by(stage.name)));
    if (observer_) observer_({stage.name, true, seconds.count(), std::move(text)});
    return {};
  }

  // The stages up to the last, which must be among them.
  Result<std::vector<BuildStage>> stages_until(BuildStage last) const {
    std::vector<BuildStage> names;
    for (const Stage& stage : stages()) names.push_back(stage.name);
    const auto found = std::find(names.begin(), names.end(), last);
    if (found == names.end()) {
      std::vector<std::string_view> known;
      for (BuildStage name : names) known.push_back(to_string(name));
      return TESSERA_ERROR(kInvalidArgument, std::string(to_string(last)),
                           "is no stage of this build",
                           fmt::format("its stages are {}", fmt::join(known, ", ")));
    }
    names.erase(found + 1, names.end());
    return names;
  }

  std::string made_by(BuildStage stage) const {
    switch (stage) {
      case BuildStage::import: return print_graph(imported_.graph);
      case BuildStage::freeze: return print_frozen_norms(rewriting_.calibrated);
      case BuildStage::channel_basis: return print_channel_bases(rewriting_.channel_bases);
      case BuildStage::rewrite: return print_graph(legal_);
      case BuildStage::plan: return print_plan(plan_);
      case BuildStage::quantize: return print_encodings(*encodings_);
      case BuildStage::compile: return print_placement(placement_);
      case BuildStage::verify:
      case BuildStage::save: break;
    }
    return "";
  }

  Result<void> check_options() const {
    const bool calibrates = options_.norm != NormMode::exact || options_.integers;
    if (calibrates && options_.calibration.sources.empty() &&
        (options_.integers || options_.frozen_norms.empty())) {
      return TESSERA_ERROR(
          kInvalidArgument, "calibration",
          "frozen norms and integers need to see what the network will hear",
          "add BuildOptions::calibration with recordings, a folder of them, or an .npz");
    }
    if (options_.output.empty()) return {};
    return check_writable(options_.output, {.force = options_.force});
  }

  Result<std::string> import() {
    TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(options_.target, kMaxTargetBytes));
    std::string target(bytes.begin(), bytes.end());
    if (!options_.target_settings.empty()) {
      TESSERA_TRY(target,
                  with_settings(target, options_.target_settings, options_.target.string()));
    }
    TESSERA_TRY(target_, parse_target(target, options_.target.string()));
    TESSERA_TRY(imported_, import_model(path_, options_.import));
    TESSERA_TRY_VOID(pack_model());
    contents_.add(entries::of_target(target_.name), "target", target);
    manifest_.target = target_.name;
    return fmt::format("{}: {} for {}", imported_.family,
                       counted(imported_.graph.order().size(), "node"),
                       counted(imported_.length_samples, "sample"));
  }

  Result<void> pack_model() {
    PackageModel& model = manifest_.model;
    TESSERA_TRY_VOID(contents_.add_model(path_, imported_, model));
    model.family = imported_.family;
    model.arguments = options_.import.model_args;
    model.length_samples = imported_.length_samples;
    model.sample_rate = imported_.sample_rate;
    model.n_src = imported_.n_src;
    model.sensor = imported_.sensor;
    if (!model.sensor.empty()) manifest_.schema = kSensorPackageSchema;
    model.notes = texts_of(imported_.notes);
    return {};
  }

  // Norms and integers see the same windows.
  Result<void> read_windows() {
    if (calibration_.length > 0) return {};
    TESSERA_TRY(calibration_, read_calibration_data(imported_, options_.calibration));
    return {};
  }

  Result<std::string> freeze() {
    TESSERA_TRY_VOID(read_windows());
    TESSERA_TRY(FrozenNorms frozen, freeze_norms(imported_, target_, calibration_, options_));
    rewriting_.calibrated = std::move(frozen.constants);
    const FrozenNormsPoint& point = frozen_point_.emplace(std::move(frozen.point));
    return fmt::format("{} of {}, {} -> {}, about {:.2f} dB of SI-SNR", point.frozen.size(),
                       counted(frozen.freezable, "norm"), frozen.exact_segments,
                       counted(point.segments, "segment"), point.loss_db);
  }

  Result<std::string> change_streams() {
    TESSERA_TRY_VOID(read_windows());
    TESSERA_TRY(const auto backend, make_backend("cpu", {.threads = options_.threads}));
    TESSERA_TRY(Graph graph, imported_.network->instantiate(calibration_.length));
    TESSERA_TRY_VOID(legalize(graph, rewriting_));
    TESSERA_TRY(channel_bases_, choose_channel_bases(graph, calibration_.windows, *backend));
    std::string text;
    for (const ChannelBasisChoice& choice : channel_bases_) {
      rewriting_.channel_bases[choice.stream] = choice.basis;
      if (!text.empty()) text += "; ";
      text += fmt::format("{} from '{}' on in another basis, about {:.1f} dB less noise",
                          counted(choice.values, "value"), choice.stream, choice.gain_db);
    }
    return text.empty() ? "none needs another basis" : text;
  }

  Result<std::string> rewrite() {
    legal_ = imported_.graph;
    TESSERA_TRY(rewritten_, legalize(legal_, rewriting_));
    contents_.add(entries::kLegal, "graph", entries::legal_text(legal_));
    if (!rewriting_.calibrated.empty()) {
      contents_.add(entries::kFrozenNorms, "calibration",
                    print_frozen_norms(rewriting_.calibrated));
    }
    if (!rewriting_.channel_bases.empty()) {
      contents_.add(entries::kChannelBases, "calibration",
                    print_channel_bases(rewriting_.channel_bases));
    }
    return fmt::format("{} -> {}, {}", counted(rewritten_.nodes_before, "node"),
                       rewritten_.nodes_after,
                       rewritten_.exact ? "exact" : "approximate, as asked");
  }

  Result<std::string> plan() {
    TESSERA_TRY(plan_, make_plan(legal_, target_, options_.plan));
    cost_ = plan_.cost;
    contents_.add(entries::kPlan, "plan", print_plan(plan_));
    const NormMode norm = rewriting_.calibrated.empty() ? NormMode::exact : NormMode::frozen;
    manifest_.options = {std::string(to_string(norm)), layout_word(), options_.plan.tile_frames,
                         options_.plan.block_channels};
    return fmt::format("{}, {}, about {:.3g} s on {}: {}",
                       counted(plan_.segments.size(), "segment"), counted(plan_.cost.calls, "call"),
                       plan_.cost.seconds(), target_.name, to_string(plan_.verdict));
  }

  std::string layout_word() const {
    switch (options_.plan.layout) {
      case LayoutChoice::row: return "row";
      case LayoutChoice::stripes: return "stripes";
      case LayoutChoice::automatic: break;
    }
    return "auto";
  }

  Result<std::string> quantize() {
    TESSERA_TRY_VOID(read_windows());
    TESSERA_TRY(QuantizedPlan quantized,
                quantize_plan(imported_, plan_, target_, calibration_, rewriting_, options_));
    encodings_ = std::move(quantized.encodings);
    std::move(quantized.notes.begin(), quantized.notes.end(),
              std::back_inserter(calibration_.notes));
    contents_.add(entries::kEncodings, "encodings", print_encodings(*encodings_));
    contents_.add(entries::kCalibration, "calibration", print_calibration_report(quantized.report));
    return fmt::format("{}, {} of them in 16 bits{}, {} {}", counted(quantized.values, "value"),
                       quantized.int16_values, link_of_wide_values(), quality_of(quantized),
                       counted(quantized.windows, "window"));
  }

  static std::string quality_of(const QuantizedPlan& quantized) {
    const HeldOutQuality& quality = quantized.quality;
    return fmt::format("{:.1f} dB SNR vs float, {:.1f} at least, on {} {}", quality.typical_db(),
                       quality.lowest_db(), counted(quality.snr_db.size(), "passage"),
                       quantized.held_out ? "each held out of" : "of these");
  }

  // Nothing where none of them crosses the link.
  std::string link_of_wide_values() {
    cost_ = cost_with_wide_values(plan_, target_, [&](NodeId id) {
      const auto encoding = encoding_of(plan_.graph, id, *encodings_);
      return encoding && encoding->bits == 16;
    });
    const Cost& narrow = plan_.cost;
    if (cost_.bytes_in == narrow.bytes_in && cost_.bytes_out == narrow.bytes_out) return "";
    return fmt::format(" (about {:.3g} s on {} then)", cost_.seconds(), target_.name);
  }

  Result<std::string> compile() {
    TESSERA_TRY(placement_, place_on_chip(plan_, target_));
    contents_.add(entries::kPlacement, "placement", print_placement(placement_));
    TESSERA_TRY(const size_t pieces, contents_.add_pieces(plan_));
    if (encodings_) {
      for (const IntegerForm form : integer_forms(encodings_->arithmetic))
        TESSERA_TRY_VOID(contents_.add_integer_pieces(plan_, *encodings_, form));
    }
    return fmt::format("{} in {}", counted(pieces, "piece"),
                       counted(placement_.contexts.size(), "context"));
  }

  Result<std::string> verify() {
    TESSERA_TRY(const Graph approximated, approximated_network(imported_.graph, rewriting_));
    TESSERA_TRY(ParityEvidence parity,
                verify_build({imported_.graph, approximated, !rewritten_.exact}, plan_,
                             encodings_ ? &*encodings_ : nullptr, options_.threads));
    std::string text =
        fmt::format("{}, at the outputs a largest difference of {:.2g} at a peak of {:.2g}",
                    counted(parity.values, "value"), parity.max_abs, parity.peak);
    if (parity.codes > 0) text += fmt::format("; {} equal", counted(parity.codes, "code"));
    if (encodings_ && parity.codes == 0)
      text += "; codes not compared (a long input: 'tessera verify' compares them)";
    if (parity.approximation_db) {
      text += fmt::format("; frozen norms keep {:.1f} dB over what they change, on noise",
                          *parity.approximation_db);
    }
    manifest_.parity.push_back(std::move(parity));
    return text;
  }

  Result<std::string> save() {
    manifest_.tessera = TESSERA_VERSION;
    TESSERA_TRY(std::vector<uint8_t> bytes, write_package(std::move(manifest_), contents_.list()));
    contents_.clear();
    const size_t size = bytes.size();
    if (!options_.output.empty()) {
      TESSERA_TRY_VOID(write_file_atomically(options_.output, bytes, {.force = options_.force}));
    }
    TESSERA_TRY(package_, Package::from_bytes(std::move(bytes), options_.output.empty()
                                                                    ? "package"
                                                                    : options_.output.string()));
    return counted(size, "byte");
  }

  const std::filesystem::path& path_;
  const BuildOptions& options_;
  const StageCallback& observer_;
  StageFiles files_;
  PackageManifest manifest_;
  PackageContents contents_;
  Target target_;
  ImportedModel imported_;
  CalibrationData calibration_;
  RewriteParameters rewriting_;  // of frozen norms and streams
  std::optional<FrozenNormsPoint> frozen_point_;
  std::vector<ChannelBasisChoice> channel_bases_;
  Graph legal_;
  RewriteLog rewritten_;
  Plan plan_;
  Cost cost_;
  std::optional<Encodings> encodings_;  // of plan_.graph
  ChipPlacement placement_;
  std::optional<Package> package_;  // once saved
};

}  // namespace

Result<Built> build(const std::filesystem::path& model, const BuildOptions& options,
                    const StageCallback& observer) {
  return Driver(model, options, observer).build();
}

Result<std::vector<Note>> build_until(const std::filesystem::path& model,
                                      const BuildOptions& options, BuildStage last,
                                      const StageCallback& observer) {
  return Driver(model, options, observer).build_until(last);
}

}  // namespace tessera
