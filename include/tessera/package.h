// Package: everything about a built network in one file, `model.tess`. docs/package.md describes
// the format.
//
// A package holds the file it was built from, so that any length can be made of it again and what
// it computes can always be compared with what its user gave.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/verify.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

inline constexpr int64_t kPackageSchema = 3;
// Of a package with PackageModel::sensor: what reads schema 3 alone would leave it out.
inline constexpr int64_t kSensorPackageSchema = 4;

// One file in a package, besides its manifest.
struct PackageEntry {
  std::string name;  // "pieces/seg00_0.onnx"
  std::string kind;  // "model", "graph", "plan", "piece", "piece-qdq", "placement", ...
  uint64_t bytes = 0;
  std::string hash;  // content_hash()
};

// The file that the package was built from, and how it was read.
struct PackageModel {
  // A file by the name its model refers to it, and the entry that holds it.
  struct File {
    std::string name;
    std::string entry;
  };
  std::vector<File> files;  // the model file first, then those it needs beside it
  std::string hash;         // of the model file: tells whether a package is of a model
  std::string family;       // as ImportedModel's
  std::map<std::string, std::string> arguments;  // as ImportOptions::model_args
  int64_t length_samples = 0;
  std::optional<int> sample_rate;
  int n_src = 0;
  SensorInput sensor;              // as ImportOptions::sensor
  std::vector<std::string> notes;  // ImportedModel::notes: what its file did not tell
};

// What was asked for when it was built.
struct PackageOptions {
  std::string norm = "exact";   // "exact", "frozen"
  std::string layout = "auto";  // "auto", "row", "stripes"
  int64_t tile_frames = 0;      // 0: searched
  int64_t block_channels = 0;
};

struct PackageManifest {
  int64_t schema = kPackageSchema;
  std::string tessera;  // version that wrote it
  PackageModel model;
  std::string target;  // its name; the file is the entry of kind "target"
  PackageOptions options;
  std::vector<ParityEvidence> parity;
  std::vector<PackageEntry> entries;  // in the order in which they lie in the file
};

// A package's network for one length.
struct PackagedNetwork {
  ImportedModel model;                 // what its user gave, read again
  Graph approximated;                  // the same with constants for the norms that are frozen
  Graph legal;                         // rewritten into what the target can do
  Plan plan;                           // what runs: the pieces are those of the package
  std::optional<Encodings> encodings;  // of plan.graph, where it was quantised
};

class Package {
 public:
  // Reads the file and checks it whole: its digest, its structure, and every entry against the
  // manifest. Errors: those of read_file; kCorrupt for damage of any kind, a single bit included;
  // kUnsafe for what no build writes; kUnsupported for another schema.
  static Result<Package> open(const std::filesystem::path& path);
  // `subject` names the bytes in errors.
  static Result<Package> from_bytes(std::vector<uint8_t> bytes, const std::string& subject);

  const PackageManifest& manifest() const { return content_->manifest; }
  // Of the whole file: names the package in evidence.
  const std::string& hash() const { return content_->hash; }

  // What a compiler made of a piece: "onnx" as a build writes it, or what add_artifacts() added.
  // Found by what the piece computes, whatever its name is at another length. Valid as long as any
  // copy of the package. None where the package has none. Errors: those of export_onnx().
  Result<std::optional<Artifact>> artifact(const Piece& piece, std::string_view format) const;

  // Contents of an entry, valid as long as any copy of the package. Errors: kNotFound.
  Result<std::span<const uint8_t>> read(std::string_view name) const;
  // The model alone, for `length_samples` or the length the package was built for. Errors: those of
  // import_model.
  Result<ImportedModel> model(std::optional<int64_t> length_samples = {}) const;

  // The network for `length_samples`, or for the length it was built for. Errors: those of
  // import_model; kMismatch where this length needs a piece that the package does not hold.
  Result<PackagedNetwork> network(std::optional<int64_t> length_samples = {}) const;

  // `imported`, which has the packaged network's nodes, with the package's constants in place of
  // the norms it froze: what its plan must compute. A package with exact norms leaves it as it is.
  // Errors: those of rewrite().
  Result<Graph> approximated(const Graph& imported) const;

  // Whether its network runs in integers: it was quantised when it was built.
  bool is_quantized() const;

  // Manifest included.
  std::vector<std::string> names() const;
  std::span<const uint8_t> bytes() const { return content_->bytes; }

 private:
  struct Content {
    std::vector<uint8_t> bytes;
    std::string subject;
    std::string hash;
    PackageManifest manifest;
    std::map<std::string, std::span<const uint8_t>, std::less<>> entries;  // into `bytes`
  };
  Package() = default;

  std::shared_ptr<const Content> content_;
};

// The backend that evaluates a package in the arithmetic it was built for.
std::string_view default_backend(const Package& package);

// A file that a compiler of a chip made of a piece.
struct PieceArtifact {
  std::string piece;   // the name of a piece of the package: "seg00_0"
  std::string format;  // "har", "hef"
  std::vector<uint8_t> bytes;
};

// A file that holds several pieces, each as a network of its own.
struct JoinedArtifact {
  std::string format;                           // "hef"
  std::map<std::string, std::string> networks;  // by name of a piece, its network in the file
  std::vector<uint8_t> bytes;
};

// Adds artifacts to the package at `path`, in place of those that it has of the same pieces and
// formats; a piece's own file counts before one that it shares. Files that pieces share take the
// place of all such files before. The package holds all of them afterwards, or is as it was.
// Errors: those of Package::open(); kNotFound for a piece that the package has not;
// kInvalidArgument for another format, an empty file or the same piece and format twice; kIo,
// kNoSpace.
Result<void> add_artifacts(const std::filesystem::path& path,
                           std::span<const PieceArtifact> artifacts,
                           std::span<const JoinedArtifact> joined = {});

// What check_package() has found as it should be.
struct CheckedPackage {
  int64_t pieces = 0;         // of the plan, as float networks
  int64_t integer_files = 0;  // the same in integers, in every form
  int64_t artifacts = 0;  // that compilers of chips made of pieces; nothing here can remake them
  ParityEvidence parity;  // measured again
};

// Makes everything again that follows from the packed model: the graph that runs, the plan and its
// cost, every piece in float and in integers, integer weights, the place on the chip, what is told
// of the model and of values; measures parity again; loads the integers where they run. `network`
// is package.network(). `threads` of the measurement; 0: as many as the process may use. Errors:
// kMismatch naming the entry that is not what the package's own model, plan and encodings give;
// kCorrupt for records that are none; kInvalidArgument for the network of another length; those of
// Backend::load().
Result<CheckedPackage> check_package(const Package& package, const PackagedNetwork& network,
                                     int threads = 0);

// Whether the file begins as a package does: also true for damaged ones. False where it cannot be
// read.
bool is_package(const std::filesystem::path& path);

// Calibration report: what a package's integers were chosen from, kept in it. docs/package.md lists
// its fields.

struct CalibrationReport {
  // Values of the planned graph by how they are held.
  struct Arithmetic {
    std::string asked;  // "int8", "int16", "mixed"
    int64_t in_8_bits = 0;
    int64_t in_16_bits = 0;
    int64_t in_float = 0;
    int64_t convolutions = 0;  // with integer weights
    // Of the outputs over float when it was built: the middle and the least of several passages.
    double snr_db = 0;
    double lowest_snr_db = 0;
  } arithmetic;

  struct Source {
    std::vector<std::string> files;  // or folders, by their last name
    int64_t windows = 0;
    uint32_t seed = 0;
    double silence_db = 0;
  } source;

  struct Method {
    std::string range_estimator;  // to_string(RangeEstimator)
    double coverage = 0;          // percentile only
    double range_margin = 0;
    double sum_range_margin = 0;  // of values that additions join
  } method;

  struct Value {
    std::string name;
    ValueSummary seen;
    int64_t bits = 0;
    double code_low = 0;   // the least that a code of any channel stands for
    double code_high = 0;  // the most
  };
  std::vector<Value> values;  // by name
};

// nullopt for a package in float, or of a build that kept none. Errors: kCorrupt, subject = the
// path of the field.
Result<std::optional<CalibrationReport>> calibration_report(const Package& package);

}  // namespace tessera
