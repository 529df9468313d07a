// Verification: a plan is played stitched, and every value it shows is compared with the same value
// of the imported network, evaluated node by node on its own. Nothing is skipped in silence: what
// has no counterpart is listed with the reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

// How far two equally long lists of values lie apart.
struct ValueDifference {
  double max_abs = 0;    // largest |actual - expected|; infinite where one of them is not finite
  double peak = 0;       // largest |expected|
  double snr_db = 0;     // energy of `expected` over that of the difference; infinite if equal
  double cosine = 1;     // of the angle between both; 1 for two silent ones
  int64_t worst_at = 0;  // index of the largest difference

  double relative() const { return peak > 0 ? max_abs / peak : max_abs; }
};
ValueDifference difference(ConstValues expected, ConstValues actual);

struct VerifyOptions {
  // A value passes if it differs by at most `tolerance` (times its peak where that is above 1:
  // floats round relative to their size), and by at most `peak_tolerance` of its peak. 1e-7 always
  // passes, unless `tolerance` is less: what is left of values that cancel has no size of its own.
  double tolerance = 1e-5;
  double peak_tolerance = 1e-4;
  // Also values inside segments, which no one sees in operation: the segment's pieces are made a
  // second time with these values as further outputs. Where the chip's backend runs artifacts, of
  // which these pieces have none, the host's backend plays them, if it computes in integers too;
  // otherwise they are listed as not compared.
  bool intermediates = true;
  // Of the plan's graph: it is played in integers. Rounding to codes makes every value another one,
  // so that no tolerance holds: a stage passes if it is finite, an output if at least this much of
  // it is left over the difference.
  const Encodings* encodings = nullptr;
  double min_snr_db = 20;
};

// One value of the imported network and its counterpart in the plan.
struct ValueCheck {
  std::string name;   // of the imported network's node
  std::string op;     // of that node
  std::string value;  // name in the plan
  std::string how;    // what is compared where it is not the value itself: "channels 0..63"
  std::string where;  // "host", or the segment
  std::vector<std::string> roles;  // see conv_tasnet_roles()
  bool inner = false;              // see VerifyOptions::intermediates
  Shape expected_shape;
  Shape shape;
  ValueDifference difference;  // meaningless where the shapes differ
  double tolerance = 0;        // what max_abs was held to; 0 for integers
  bool passed = false;
};

// A value that could not be compared, and why.
struct NotCompared {
  std::string name;
  std::string op;
  std::string reason;
};

struct VerifyReport {
  std::vector<ValueCheck> stages;       // in the order of the imported network
  std::vector<ValueCheck> outputs;      // what the stitched executable hands out
  std::vector<NotCompared> plan_only;   // values of the plan that the network does not have
  std::vector<NotCompared> model_only;  // values of the network that the plan does not show
  int64_t segments = 0;
  int64_t pieces = 0;
  int64_t chip_calls = 0;
  double stitched_seconds = 0;        // one run of the plan, loading not included
  std::string intermediates_backend;  // what played the pieces that show inner values, where that
                                      // is another one than the chip's
  bool passed = false;
  // What the stitched run handed out and what the network computes, by output.
  std::vector<std::vector<float>> output_values;
  std::vector<std::vector<float>> expected_output_values;
  // Largest difference and verdict by role, for every role found.
  struct Role {
    double max_abs = 0;
    bool passed = true;
    int64_t values = 0;
  };
  std::map<std::string, Role> roles;

  // The earliest stage that fails, or the output that does; null if all pass.
  const ValueCheck* first_failure() const;
};

// Plays `plan` on `devices` and judges it by `imported` evaluated on `reference`, both on `inputs`
// (Graph::inputs() of `imported`). A wrong plan is no error: the report says which stage fails.
// Where the chip's backend runs artifacts in integers, the outputs are held to min_snr_db even
// without encodings.
// Errors: kMismatch when the plan's inputs or outputs are not the network's; kInvalidArgument for
// inputs of the wrong size, and for silent ones, on which nothing could fail; those of
// Backend::load() and Executable::run().
Result<VerifyReport> verify_plan(const Graph& imported, const Plan& plan, const Devices& devices,
                                 Backend& reference, std::span<const ConstValues> inputs,
                                 const VerifyOptions& options = {});

// Stitched execution beside the imported network on one signal, measured when it was built.
struct ParityEvidence {
  std::string signal;
  std::string backend;
  double max_abs = 0;    // largest difference of any output value
  double peak = 0;       // of the imported network's output
  double tolerance = 0;  // of the largest difference
  int64_t values = 0;    // of the network, inside and at its end, that were compared
  int64_t codes = 0;     // of a quantised plan that were compared with the uncut arithmetic's
  // Where an approximation was asked for, all of the above is beside the network with it in place,
  // and this is its cost: dB of the imported network's output over that of the difference to it.
  std::optional<double> approximation_db;
};

// A signal to verify with where the user has none: noise whose loudness changes all the time, so
// that a frame taken from another place is seen. The same every time.
std::vector<float> verification_signal(const Shape& shape);

// Equivalence: every form of a network of motion sensors beside the network as it was imported, on
// windows of what it will hear.

// A form of the network, and how far its outputs are from those of the imported one.
struct EquivalenceForm {
  std::string form;         // "imported", "legal", "planned", "quantised"
  std::string backend;      // that evaluated it
  double cosine = 1;        // the least of all windows
  double mse = 0;           // mean squared difference over all windows
  double max_abs = 0;       // largest difference
  double least_cosine = 0;  // that it was held to: above it in float, at least it in integers
  bool passed = false;
};

// What a chip's compiler asks of a network, checked on the network itself.
struct StaticCheck {
  std::string claim;  // "groups = 1"
  bool holds = false;
  bool required = true;  // of the form that a package has: else it is told only
  std::string evidence;  // what was found, in numbers
};

struct EquivalenceOptions {
  double least_cosine = 0.99999;  // of floats
  double least_integer_cosine = 0.99;
  // Stacked on H by the user, who relies on them not to mix. 0: not stated; rows of H are then
  // devices only where the imported network itself treats each alone: the channels of a network of
  // Conv2d are not.
  int64_t devices = 0;
};

struct EquivalenceReport {
  int64_t windows = 0;
  std::vector<EquivalenceForm> forms;
  std::vector<StaticCheck> checks;

  bool passed() const;
};

// `imported` on the reference backend judges itself on the cpu backend, `plan.graph` whole, `plan`
// piece by piece and, with `encodings`, `plan` in integers on the emulator. `windows`: [C, H, T] of
// the one input each. Errors: kInvalidArgument for no windows, several inputs, windows of another
// size or NaN in them; those of Session.
Result<EquivalenceReport> measure_equivalence(const Graph& imported, const Plan& plan,
                                              const Encodings* encodings,
                                              std::span<const std::vector<float>> windows,
                                              int threads, const EquivalenceOptions& options = {});

// What values are in a Conv-TasNet, recognised by structure; empty for other networks. For block N:
//   encoder, bottleneck, tcnN_in (before the depthwise convolution's norm), tcnN_depth (behind it,
//   before the norm), tcnN_residual, tcnN_skip, skip_sum, mask_score (before the activation),
//   mask_output, masker_output (per source), masked_rep and source_projector (the product, which is
//   what each source's decoder projects), decoder_head (samples of each source), decoder_output
//   (all sources), final_output (at the input's length).
// verify_plan() adds decoder_pre: the taps of a decoder before they overlap.
std::map<NodeId, std::vector<std::string>> conv_tasnet_roles(const Graph& imported);

// Code check: a plan played in integers, tile by tile, gives the codes that the same arithmetic
// gives when nothing is cut. An equality: one differing code is a failure.

// One value where a segment or a host step ends.
struct BorderCheck {
  std::string value;  // node of plan.graph
  std::string where;  // "host", or the segment
  int bits = 0;       // of its codes; 0: a float of the host's
  int64_t values = 0;
  int64_t differing = 0;  // codes that are not equal; floats beyond rounding
  // Of the first difference.
  int64_t channel = 0;
  int64_t frame = 0;
  float expected = 0;
  float actual = 0;
  std::string piece;  // that wrote it; empty for the host
  int64_t call = 0;   // of the segment, from 0

  bool passed() const { return differing == 0; }
};

struct BitExactReport {
  std::vector<BorderCheck> borders;  // in order of execution
  int64_t codes = 0;                 // compared
  bool passed = true;

  // Null if all pass.
  const BorderCheck* first_failure() const;
};

// Plays `plan` stitched on `devices`, host steps one by one, and computes every step again from the
// values it read, over the whole sequence, by the plain loops that define integer arithmetic.
// Codes, and statistics of codes, must be equal; other floats of the host within 1e-5 of their
// peak. Errors: kInvalidArgument for inputs of the wrong size; those of check_encodings(),
// Backend::load() and Executable::run().
Result<BitExactReport> check_bit_exact(const Plan& plan, const Encodings& encodings,
                                       const Devices& devices, std::span<const ConstValues> inputs);

// Comparison of two networks value by value: a model and its package, two packages, two exports of
// one network. How much of each value's signal is left over the difference, from the input to the
// outputs.

// A network and what evaluates it: an imported graph, or a package's plan.graph with its encodings.
// Everything outlives the comparison.
struct ComparedNetwork {
  const Graph& graph;
  Backend& backend;
  const Encodings* encodings = nullptr;
  // With both, the plan is played on the devices instead of the whole graph on `backend`: what runs
  // compiled pieces can do nothing else. Values that leave no piece are then not compared.
  const Plan* plan = nullptr;
  std::optional<Devices> devices = {};
};

// A value that both have.
struct ValueComparison {
  std::string name;   // in A
  std::string value;  // in B
  std::string op;     // of A's node
  std::string how;    // what is compared where it is not the value itself: "channels 0..63"
  std::vector<std::string> roles;  // see conv_tasnet_roles()
  std::string coding;              // how the second writes it: "float", "u8", "u16", "i16", ...
  bool statistics = false;         // the numbers that stand for a norm, not its value
  Shape shape;
  ValueDifference difference;  // signal: A's; snr_db is the SQNR where B is quantised
  double cosine = 0;           // of the angle between both; 1 for two silent values
  // Below the least SNR of the nearest compared values it is made of, both at most kExactDb; 0 or
  // more.
  double snr_drop_db = 0;
};

// SNR from which rounding of floats is all there is.
inline constexpr double kExactDb = 120.0;

struct ComparisonReport {
  std::string matched_by;                // "name", "structure" or "role"
  std::vector<ValueComparison> values;   // in the order of B
  std::vector<ValueComparison> outputs;  // by position
  std::vector<NotCompared> a_only;       // values without a counterpart, and why
  std::vector<NotCompared> b_only;
  std::vector<std::vector<float>> a_outputs;
  std::vector<std::vector<float>> b_outputs;

  // Indices into `values`, least SNR first.
  std::vector<size_t> worst_first() const;
};

struct ComparisonOptions {
  // Values held at once, of both networks; beyond it they are evaluated several times.
  int64_t memory_bytes = int64_t{1} << 30;
};

// cos of the angle between two equally long lists.
double cosine_similarity(ConstValues a, ConstValues b);

// Evaluates both on `inputs` (Graph::inputs() of either). Which value is which is known from names
// and from what rewriting makes of a node; between two imported graphs also from their structure,
// or from the roles of a Conv-TasNet. The numbers themselves never decide. Errors: kMismatch where
// inputs or outputs differ in number or size; kInvalidArgument for silent inputs; those of Session.
Result<ComparisonReport> compare_values(const ComparedNetwork& a, const ComparedNetwork& b,
                                        std::span<const ConstValues> inputs,
                                        const ComparisonOptions& options = {});

// Parity: the decoder, the masker or the whole chain of a Conv-TasNet cut into tiles and channel
// blocks of known sizes, and proved equal to the same part of the network.

enum class ParityPart : uint8_t {
  decoder,  // what each source's decoder is given -> samples
  masker,   // encoder's output -> masks
  chain,    // samples -> samples
};
std::string_view to_string(ParityPart part);

struct ParityCase {
  ParityPart part = ParityPart::chain;
  int64_t length = 0;       // frames of the representation; samples for the chain
  int64_t tile_frames = 0;  // output frames of a tile
  int64_t block_channels = 64;
};

// The cases that the part is tried with.
std::span<const ParityCase> parity_cases(ParityPart part);

struct ParityResult {
  ParityCase which;
  VerifyReport report;
  double audio_seconds = 0;  // of the signal; 0 where the sample rate is not known
  // Scale-invariant SNR in dB of each source that comes out over the same source of the network,
  // sources in the order that is best. Empty for the masker, and where a source is silent.
  std::vector<double> si_snr_db;
};

// The part of an imported Conv-TasNet as a network of its own: inputs are the values that enter it.
// Errors: kUnsupported where the network has no such part.
Result<Graph> parity_network(const Graph& imported, ParityPart part);

// Instantiates the network at the case's length, cuts it for `target` and verifies it. `audio` is
// what it hears (at least as long as the case; more is cut off), or noise. Errors: those of
// parity_network, make_plan and verify_plan; kInvalidArgument for audio that is too short.
Result<ParityResult> run_parity(const ImportedModel& model, const ParityCase& which,
                                const Target& target, Backend& backend, Backend& reference,
                                std::optional<std::span<const float>> audio = {},
                                const VerifyOptions& options = {});

}  // namespace tessera
