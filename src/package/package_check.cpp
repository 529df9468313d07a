// check_package(): makes everything again that a package claims and that follows from its model,
// and compares. docs/package.md lists what cannot be made again and is no claim.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text_bytes.h"
#include "package/calibration_report.h"
#include "package/encodings_file.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "package/packaged_network.h"
#include "package/plan_json.h"
#include "quantize/weights.h"
#include "rewrite/legalize.h"
#include "tessera/backend.h"
#include "tessera/compiler/chip_placement.h"
#include "tessera/package.h"
#include "verify/built_parity.h"

namespace tessera {
namespace {

// Peaks and differences are sums in float32, whose order depends on the processor.
constexpr double kSameMeasurement = 1e-3;
constexpr std::string_view kManifest = "manifest.json";

Error not_as_made(std::string_view name, std::string message) {
  return TESSERA_ERROR(kMismatch, std::string(name), std::move(message), "build the package again");
}

class PackageCheck {
 public:
  PackageCheck(const Package& package, const PackagedNetwork& network, int threads)
      : package_(package), network_(network), threads_(threads) {}

  Result<CheckedPackage> run() {
    TESSERA_TRY_VOID(check_model());
    TESSERA_TRY_VOID(check_legal_graph());
    TESSERA_TRY_VOID(check_entry(entries::kPlan, "plan", print_plan(network_.plan)));
    TESSERA_TRY_VOID(check_placement());
    TESSERA_TRY_VOID(check_pieces());
    TESSERA_TRY_VOID(check_joined());
    if (network_.encodings) TESSERA_TRY_VOID(check_integers());
    TESSERA_TRY_VOID(check_kinds());
    TESSERA_TRY_VOID(check_parity());
    return checked_;
  }

 private:
  // What the manifest says of the model is what reading it again gives.
  Result<void> check_model() {
    const PackageModel& claimed = package_.manifest().model;
    for (const PackageModel::File& file : claimed.files) expected_[file.entry] = "model";
    TESSERA_TRY(const auto bytes, package_.read(claimed.files.front().entry));
    if (content_hash(bytes) != claimed.hash)
      return not_as_made(kManifest, "model.hash is not the hash of the model file it holds");
    const ImportedModel& read = network_.model;
    const auto differs = [&](const char* field) {
      return not_as_made(kManifest,
                         fmt::format("model.{} is not what reading the model gives", field));
    };
    if (claimed.family != read.family) return differs("family");
    if (claimed.n_src != read.n_src) return differs("n_src");
    if (claimed.sample_rate != read.sample_rate) return differs("sample_rate");
    if (claimed.notes != texts_of(read.notes)) return differs("notes");
    std::vector<std::string> beside;
    for (const PackageModel::File& file : claimed.files) beside.push_back(file.name);
    beside.erase(beside.begin());
    if (beside != read.files_beside) return differs("files");
    return check_target_name();
  }

  Result<void> check_target_name() {
    const std::string entry = entries::of_target(package_.manifest().target);
    expected_[entry] = "target";
    TESSERA_TRY(target_, packaged_target(package_));
    if (target_.name == package_.manifest().target) return {};
    return not_as_made(kManifest, fmt::format("target is '{}', the target file says '{}'",
                                              package_.manifest().target, target_.name));
  }

  // The graph that runs follows from the model that was given.
  Result<void> check_legal_graph() {
    Graph legal = network_.model.graph;
    TESSERA_TRY(const RewriteParameters parameters, packaged_parameters(package_));
    TESSERA_TRY(const RewriteLog log, legalize(legal, parameters));
    exact_ = log.exact;
    if (!parameters.calibrated.empty()) {
      TESSERA_TRY_VOID(check_entry(entries::kFrozenNorms, "calibration",
                                   print_frozen_norms(parameters.calibrated)));
    }
    if (!parameters.channel_bases.empty()) {
      TESSERA_TRY_VOID(check_entry(entries::kChannelBases, "calibration",
                                   print_channel_bases(parameters.channel_bases)));
    }
    return check_entry(entries::kLegal, "graph", entries::legal_text(legal));
  }

  Result<void> check_placement() {
    TESSERA_TRY(const ChipPlacement placement, place_on_chip(network_.plan, target_));
    return check_entry(entries::kPlacement, "placement", print_placement(placement));
  }

  Result<void> check_pieces() {
    TESSERA_TRY(const auto emulator, make_backend("emulator", {.threads = threads_}));
    for (const ChipSegment& segment : network_.plan.segments) {
      for (const Piece& piece : segment.pieces) {
        TESSERA_TRY(const auto file, entries::piece_file(piece));
        TESSERA_TRY_VOID(check_entry(entries::of_piece(piece), "piece", file));
        ++checked_.pieces;
        if (network_.encodings)
          TESSERA_TRY_VOID(check_integer_files(piece, *network_.encodings, *emulator));
        expect_artifacts(piece);
      }
    }
    return {};
  }

  // Only another compiler can make them again; what belongs to no piece is found by check_kinds().
  void expect_artifacts(const Piece& piece) {
    for (const std::string_view format : entries::kArtifactFormats) {
      const std::string name = entries::of_artifact(piece.name, format);
      if (!package_.read(name)) continue;
      expected_[name] = entries::kind_of_artifact(format);
      ++checked_.artifacts;
    }
  }

  // Files that pieces share hold pieces of this plan.
  Result<void> check_joined() {
    const auto text = package_.read(entries::kJoined);
    if (!text) return {};
    TESSERA_TRY(const auto joined, entries::read_joined(*text));
    expected_[std::string(entries::kJoined)] = entries::kJoinedKind;
    for (const entries::JoinedEntry& file : joined) {
      if (!package_.read(file.file))
        return not_as_made(entries::kJoined,
                           fmt::format("names '{}', which is not here", file.file));
      expected_[file.file] = entries::kJoinedFileKind;
      ++checked_.artifacts;
      for (const auto& [piece, network] : file.networks) {
        if (expected_.contains(entries::of_artifact(piece, "onnx"))) continue;
        return not_as_made(entries::kJoined, fmt::format("names '{}', which is no piece", piece));
      }
    }
    return {};
  }

  Result<void> check_integer_files(const Piece& piece, const Encodings& encodings,
                                   Backend& emulator) {
    for (const IntegerForm form : integer_forms(encodings.arithmetic)) {
      TESSERA_TRY(const auto file, entries::piece_file(piece, encodings, form));
      TESSERA_TRY_VOID(check_entry(entries::of_piece(piece, form), entries::kind_of(form), file));
      ++checked_.integer_files;
    }
    TESSERA_TRY(const auto loaded, emulator.load({piece.graph, &encodings}));
    return {};
  }

  // Integer weights are the network's, rounded; what is told of values is what their codes reach.
  Result<void> check_integers() {
    const Graph& planned = network_.plan.graph;
    TESSERA_TRY_VOID(
        check_entry(entries::kEncodings, "encodings", print_encodings(*network_.encodings)));
    TESSERA_TRY_VOID(quantization::check_weights(planned, *network_.encodings));
    TESSERA_TRY(const auto record, calibration_report(package_));
    if (!record) return not_as_made(entries::kCalibration, "is not in the package");
    TESSERA_TRY_VOID(check_report(*record, planned, *network_.encodings));
    return check_entry(entries::kCalibration, "calibration", print_calibration_report(*record));
  }

  Result<void> check_entry(std::string_view name, std::string_view kind,
                           std::span<const uint8_t> made) {
    expected_[std::string(name)] = kind;
    const auto held = package_.read(name);
    if (!held) return not_as_made(name, "is not in the package, whose plan has it");
    if (std::equal(held->begin(), held->end(), made.begin(), made.end())) return {};
    return not_as_made(name, "is not what the package's own model and plan give");
  }
  Result<void> check_entry(std::string_view name, std::string_view kind, const std::string& made) {
    return check_entry(name, kind, bytes_of(made));
  }

  // No entry claims to be of a kind that a build writes and is none of what this build wrote.
  Result<void> check_kinds() const {
    static const std::set<std::string> known{
        "joined",        "joined-file",  "calibration",       "encodings", "graph",
        "model",         "piece",        "piece-har",         "piece-hef", "piece-qdq",
        "piece-qlinear", "piece-tflite", "piece-vela.tflite", "placement", "plan",
        "target"};
    for (const PackageEntry& entry : package_.manifest().entries) {
      const auto found = expected_.find(entry.name);
      if (found != expected_.end() && found->second != entry.kind) {
        return not_as_made(entry.name, fmt::format("is listed as '{}' and is of kind '{}'",
                                                   entry.kind, found->second));
      }
      if (found == expected_.end() && known.contains(entry.kind)) {
        return not_as_made(entry.name,
                           fmt::format("is listed as '{}', but this package's model and plan have "
                                       "no use for it",
                                       entry.kind));
      }
    }
    return {};
  }

  // What was measured is measured again.
  Result<void> check_parity() {
    const std::vector<ParityEvidence>& claims = package_.manifest().parity;
    if (claims.size() != 1) {
      return not_as_made(
          kManifest, fmt::format("parity has {} measurements; a build makes one", claims.size()));
    }
    const ParityEvidence& claim = claims.front();
    const ParityReference reference{network_.model.graph, network_.approximated, !exact_};
    TESSERA_TRY(checked_.parity,
                verify_build(reference, network_.plan,
                             network_.encodings ? &*network_.encodings : nullptr, threads_));
    const ParityEvidence& measured = checked_.parity;
    const double margin = kSameMeasurement * measured.peak;
    const auto near = [&](double a, double b) { return std::abs(a - b) <= margin; };
    const bool same =
        claim.signal == measured.signal && claim.backend == measured.backend &&
        near(claim.peak, measured.peak) && near(claim.tolerance, measured.tolerance) &&
        claim.max_abs >= 0 && claim.max_abs <= measured.tolerance &&
        claim.values == measured.values && claim.codes == measured.codes &&
        claim.approximation_db.has_value() == measured.approximation_db.has_value() &&
        std::abs(claim.approximation_db.value_or(0) - measured.approximation_db.value_or(0)) < 0.01;
    if (same) return {};
    return not_as_made(
        kManifest,
        fmt::format(
            "parity claims a largest difference of {:.3g} at a peak of {:.3g}, {} values "
            "and {} codes; measured again in the same way it is {:.3g} at {:.3g}, {} and {}",
            claim.max_abs, claim.peak, claim.values, claim.codes, measured.max_abs, measured.peak,
            measured.values, measured.codes));
  }

  const Package& package_;
  const PackagedNetwork& network_;
  int threads_;
  Target target_;
  bool exact_ = true;
  std::map<std::string, std::string, std::less<>> expected_;  // kind of every entry, by its name
  CheckedPackage checked_;
};

}  // namespace

Result<CheckedPackage> check_package(const Package& package, const PackagedNetwork& network,
                                     int threads) {
  if (network.model.length_samples != package.manifest().model.length_samples) {
    return TESSERA_ERROR(kInvalidArgument, "length",
                         "a package is checked at the length it was built for",
                         "make its network without another length");
  }
  return PackageCheck(package, network, threads).run();
}

}  // namespace tessera
