// Cases through the compilers of vendors.
#include <fmt/format.h>

#include <algorithm>

#include "base/npy.h"
#include "graph/subgraph.h"
#include "sweep/case_failure.h"
#include "sweep/case_files.h"
#include "sweep/compile_case.h"
#include "tessera/backend.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/quantize.h"
#include "tessera/file.h"
#include "tessera/session.h"
#include "vendor/hailo/log/families.h"
#include "verify/noise_inputs.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

Result<void> copy_into(const fs::path& from, const fs::path& to) {
  std::error_code failed;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, failed);
  if (!failed) return {};
  const bool full = failed == std::errc::no_space_on_device;
  Error error = TESSERA_ERROR(kIo, to.string(), "cannot copy: " + failed.message(),
                              "check that the folder is writable");
  if (full) error.code = ErrorCode::kNoSpace;
  return error;
}

// [N, C, W] as [N, 1, W, C]: what the compiler calibrates on.
Result<fs::path> write_calibration(const CompileInput& input) {
  const Shape shape = input.legal.node(input.legal.inputs()[0]).shape;
  int64_t samples = 1;
  std::vector<float> values;
  if (input.calibration) {
    samples = input.calibration->samples;
    values = input.calibration->values;
  } else {
    values = noise_inputs(input.legal)[0];
  }
  std::vector<float> last(values.size());
  for (int64_t n = 0; n < samples; ++n) {
    for (int64_t c = 0; c < shape.c; ++c) {
      for (int64_t t = 0; t < shape.h * shape.w; ++t) {
        last[static_cast<size_t>((n * shape.h * shape.w + t) * shape.c + c)] =
            values[static_cast<size_t>((n * shape.c + c) * shape.h * shape.w + t)];
      }
    }
  }
  const fs::path path = input.folder / "calibration.npy";
  const std::vector<int64_t> dims = {samples, shape.h, shape.w, shape.c};
  TESSERA_TRY_VOID(write_npy(path, dims, last, {.force = true}));
  return path;
}

CaseFailure failure_from(const hailo::LogExplanation& told, const std::string& refusal) {
  CaseFailure failure;
  failure.exception_type = told.exception_type.empty() ? "CompilerRefused" : told.exception_type;
  failure.exception_message = told.exception_message.empty() ? refusal : told.exception_message;
  failure.signature = told.signature.empty() ? failure.exception_type : told.signature;
  failure.family = told.family.empty() ? "unknown" : told.family;
  if (!told.layers.empty()) failure.layer = told.layers.front();
  failure.reshape_layers = told.reshape_layers;
  if (told.negative_exponent) {
    failure.negexp = {{"layer", told.negative_exponent->layer},
                      {"desired_shift", told.negative_exponent->desired_shift},
                      {"data_bits", told.negative_exponent->data_bits}};
  }
  return failure;
}

// Statistics of every value that is quantised, on the calibration or on noise.
Result<Encodings> encodings_of(const CompileInput& input, IntegerArithmetic arithmetic) {
  QuantizeOptions options;
  options.arithmetic = arithmetic;
  // One piece, all of it on the chip: no host keeps values in float, or has a scale for each
  // channel of what comes out.
  options.encoder_in_integers = true;
  options.masks_in_integers = true;
  options.scale_per_channel = false;
  const std::vector<NodeId> nodes = calibrated_nodes(input.legal, options);
  TESSERA_TRY(const Graph observed, with_outputs(input.legal, nodes));
  TESSERA_TRY(const auto backend, make_backend("cpu", {.threads = 1}));
  TESSERA_TRY(Session session, Session::create(observed, *backend));
  TensorStatistics statistics;
  const Shape shape = input.legal.node(input.legal.inputs()[0]).shape;
  const std::vector<float> noise = noise_inputs(input.legal)[0];
  const int64_t samples = input.calibration ? input.calibration->samples : 1;
  for (int64_t n = 0; n < samples; ++n) {
    const ConstValues values =
        input.calibration
            ? ConstValues(input.calibration->values)
                  .subspan(static_cast<size_t>(n * shape.size()), static_cast<size_t>(shape.size()))
            : ConstValues(noise);
    TESSERA_TRY(const auto results, session.run({values}));
    for (size_t i = 0; i < nodes.size(); ++i)
      TESSERA_TRY_VOID(statistics.observe(input.legal.node(nodes[i]), results[i]));
  }
  return quantize(input.legal, statistics, options);
}

Error one_input_only(const CompileInput& input) {
  return TESSERA_ERROR(kUnsupported, input.network,
                       fmt::format("has {} inputs", input.legal.inputs().size()),
                       "cases of vendors' compilers have one input");
}

}  // namespace

Result<void> compile_dfc(const CaseContext& context, const CompileInput& input,
                         CaseResult& result) {
  if (input.legal.inputs().size() != 1) return one_input_only(input);
  hailo::DfcCase one;
  one.name = input.network;
  one.onnx = input.onnx;
  TESSERA_TRY(one.calibration, write_calibration(input));
  const Node& in = input.legal.node(input.legal.inputs()[0]);
  one.inputs.push_back({in.name, {1, in.shape.c, in.shape.h, in.shape.w}});
  for (const GraphOutput& output : input.legal.outputs()) one.end_nodes.push_back(output.name);
  one.script.calibration_count = input.calibration ? input.calibration->samples : 1;
  one.script.batch = 1;
  hailo::DfcOptions options = context.compiler.dfc;
  options.store = context.steps;
  options.is_cancelled = context.is_cancelled;
  TESSERA_TRY(const hailo::DfcResult made,
              hailo::run_dfc_case(one, options, context.compiler.version));
  // The parser is the first step: what it refuses was never translated.
  const bool parsed = made.succeeded || made.steps.size() > 1;
  result.har = parsed ? StepOutcome::passed : StepOutcome::failed;
  if (parsed) result.hef = made.succeeded ? StepOutcome::passed : StepOutcome::failed;
  for (size_t i = 0; i < made.steps.size(); ++i) {
    std::string& name = i == 0 ? result.har_log : result.hef_log;
    name = i == 0 ? "har.log" : fmt::format("{}.log", to_string(made.steps[i].stage));
    TESSERA_TRY_VOID(copy_into(made.steps[i].log, input.folder / name));
    result.numbers[fmt::format("{}_seconds", to_string(made.steps[i].stage))] = {
        made.steps[i].seconds, "s", "measured"};
  }
  if (!made.har.empty()) {
    result.har_file = "network.har";
    TESSERA_TRY_VOID(copy_into(made.har, input.folder / result.har_file));
  } else if (parsed) {
    result.har_file = "network.onnx";
  }
  if (made.succeeded) {
    result.hef_file = "network.hef";
    TESSERA_TRY_VOID(copy_into(made.hef, input.folder / result.hef_file));
  } else {
    result.failure = failure_from(made.told, made.refusal);
  }
  return {};
}

Result<void> compile_vela(const CaseContext& context, const CompileInput& input,
                          CaseResult& result) {
  if (input.legal.inputs().size() != 1) return one_input_only(input);
  vela::VelaCase one;
  one.name = input.network;
  one.network = input.folder / "network.tflite";
  TESSERA_TRY(const Encodings encodings, encodings_of(input, context.target.arithmetic));
  const auto bytes = export_tflite(input.legal, encodings);
  if (!bytes) {
    result.har = StepOutcome::failed;
    result.failure = other_failure(bytes.error(), "ExportFailed", "har_build");
    return {};
  }
  TESSERA_TRY_VOID(write_case_file(one.network, *bytes));
  result.har_file = "network.tflite";
  vela::VelaOptions options = context.compiler.vela;
  options.store = context.steps;
  options.is_cancelled = context.is_cancelled;
  TESSERA_TRY(const vela::VelaResult made,
              vela::run_vela_case(one, options, context.compiler.version));
  result.hef = made.succeeded ? StepOutcome::passed : StepOutcome::failed;
  if (!made.log.empty()) {
    result.hef_log = "vela.log";
    TESSERA_TRY_VOID(copy_into(made.log, input.folder / result.hef_log));
  }
  if (made.figures) {
    result.numbers["sram_bytes"] = {made.figures->sram_bytes, "bytes", "estimated"};
    result.numbers["run_seconds"] = {made.figures->seconds, "s", "estimated"};
  }
  if (made.succeeded) {
    result.hef_file = "network_vela.tflite";
    return copy_into(made.compiled, input.folder / result.hef_file);
  }
  CaseFailure failure;
  failure.exception_type = "VelaRefused";
  failure.exception_message = made.refusal;
  failure.layer = made.cpu_operators.empty() ? "" : made.cpu_operators.front().value;
  failure.signature =
      failure.layer.empty() ? failure.exception_type : failure.exception_type + ":" + failure.layer;
  switch (made.kind) {
    case vela::RefusalKind::cpu: failure.family = "parser_unsupported"; break;
    case vela::RefusalKind::memory: failure.family = "memory_units"; break;
    case vela::RefusalKind::timeout: failure.family = "timeout"; break;
    case vela::RefusalKind::crash: failure.family = "tool_crash"; break;
    case vela::RefusalKind::error:
    case vela::RefusalKind::none: failure.family = "unknown"; break;
  }
  result.failure = std::move(failure);
  return {};
}

}  // namespace tessera
