#include "sweep/run_case.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "base/stopwatch.h"
#include "sweep/build_id.h"
#include "sweep/case_cache.h"
#include "sweep/case_calibration.h"
#include "sweep/case_failure.h"
#include "sweep/case_files.h"
#include "sweep/case_network.h"
#include "sweep/compile_case.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// What a failure says about the machine and not about the network is tried again.
bool is_lasting(const CaseResult& result) {
  if (!result.failure) return true;
  constexpr std::array<std::string_view, 5> kPassing = {"timeout", "tool_crash", "interrupted",
                                                        "environment", "out_of_memory"};
  return std::find(kPassing.begin(), kPassing.end(), result.failure->family) == kPassing.end();
}

// Errors that end a sweep, and are not one case's own.
bool ends_sweep(const Error& error) {
  return error.code == ErrorCode::kCancelled || error.code == ErrorCode::kUnavailable ||
         error.code == ErrorCode::kIo || error.code == ErrorCode::kNoSpace;
}

class CaseRun {
 public:
  CaseRun(const CaseContext& context, const SweepCase& one, const fs::path& folder)
      : context_(context), case_(one), folder_(folder) {
    result_.name = one.name;
    result_.stage = context.definition.stage;
    result_.parameters = one.parameters;
  }

  Result<CaseResult> run(bool& from_cache) {
    const Stopwatch watch;
    Result<Graph> network = case_network(case_.parameters, context_.definition.folder);
    if (!network) {
      TESSERA_TRY_VOID(fail_translation(import_failure(network.error())));
    } else {
      TESSERA_TRY_VOID(run_network(*network, from_cache));
    }
    if (!from_cache) {
      result_.seconds = watch.seconds();
      TESSERA_TRY_VOID(write_failure());
    }
    TESSERA_TRY_VOID(write_case_result(result_, folder_));
    if (!from_cache && !context_.cache.empty() && !result_.key.empty() && is_lasting(result_)) {
      TESSERA_TRY_VOID(keep_cached_case(context_.cache, result_.key, folder_));
    }
    return std::move(result_);
  }

 private:
  Result<void> fail_translation(CaseFailure failure) {
    result_.har = StepOutcome::failed;
    result_.failure = std::move(failure);
    result_.har_log = "har.log";
    return write_case_file(folder_ / result_.har_log, result_.failure->exception_message + "\n");
  }

  Result<void> write_failure() {
    if (!result_.failure && result_.unknown.empty()) return {};
    result_.failure_log = "_compile_failure.txt";
    return write_case_file(folder_ / result_.failure_log, failure_text(result_));
  }

  Result<void> run_network(const Graph& network, bool& from_cache) {
    const Shape shape = network.node(network.inputs()[0]).shape;
    result_.input_len = shape.w;
    result_.input_chan = shape.c;
    ExportOptions form;
    form.four_axes = true;
    const auto bytes = export_onnx(network, form);
    if (!bytes) return fail_translation(import_failure(bytes.error()));
    Translation translation = translate(network);
    auto calibration = read_case_calibration(case_.parameters, context_.definition.folder);
    if (calibration && *calibration) result_.calibration = (*calibration)->source;
    const std::string content = content_hash(*bytes);
    result_.key = key_of(content, translation, calibration);
    if (!context_.cache.empty() && calibration) {
      TESSERA_TRY(from_cache, fetch());
      if (from_cache) return {};
    }
    TESSERA_TRY_VOID(write_case_file(folder_ / "network.onnx", *bytes));
    if (translation.refused) {
      return fail_translation(
          other_failure(*translation.refused, "TranslationFailed", "har_build"));
    }
    TESSERA_TRY_VOID(write_translation(translation));
    if (context_.definition.goal == SweepGoal::har) return {};
    const Result<void> compiled =
        compile(network, translation.legal, std::move(calibration), content);
    if (compiled) return {};
    if (ends_sweep(compiled.error())) return compiled;
    result_.hef = StepOutcome::failed;
    result_.failure = other_failure(compiled.error(), "CompileFailed", "unknown");
    return {};
  }

  // Networks without norms are compiled as they are written: a rewrite would make another one of
  // what the case asks about.
  struct Translation {
    Graph legal;
    std::vector<uint8_t> onnx;  // empty: as it is written
    std::string log;
    std::optional<Error> refused;
  };
  Translation translate(const Graph& network) const {
    Translation made;
    made.legal = network;
    if (GraphEditor(made.legal, "import").enter(GraphForm::legal)) {
      made.log = "taken as it is written\n";
      return made;
    }
    RewriteOptions options;
    // Its overlap-add is the host's, and one piece has no host.
    if (!case_.parameters.has("tile")) options.disable = {"lower_transposed_conv"};
    const auto rewritten = rewrite(made.legal, options);
    if (!rewritten) {
      made.refused = rewritten.error();
      return made;
    }
    if (!rewritten->not_legal.empty()) {
      made.refused = TESSERA_ERROR(kUnsupported, "network", rewritten->not_legal,
                                   "'tessera rewrite' tells more");
      return made;
    }
    made.log =
        fmt::format("rewritten: {} -> {} nodes\n", rewritten->nodes_before, rewritten->nodes_after);
    ExportOptions form;
    form.four_axes = true;
    auto bytes = export_onnx(made.legal, form);
    if (bytes) {
      made.onnx = std::move(*bytes);
    } else {
      made.refused = bytes.error();
    }
    return made;
  }

  Result<void> write_translation(const Translation& translation) {
    result_.har = StepOutcome::passed;
    result_.har_file = "network.onnx";
    result_.har_log = "har.log";
    if (!translation.onnx.empty()) {
      result_.har_file = "legal.onnx";
      TESSERA_TRY_VOID(write_case_file(folder_ / result_.har_file, translation.onnx));
    }
    return write_case_file(folder_ / result_.har_log, translation.log);
  }

  Result<void> compile(const Graph& network, const Graph& legal,
                       Result<std::optional<CaseCalibration>> calibration,
                       const std::string& content) {
    CompileInput input{
        network, legal, {}, folder_ / result_.har_file, folder_, "net_" + content.substr(0, 8)};
    const auto refuse = [&](const Error& error) -> Result<void> {
      result_.hef = StepOutcome::failed;
      result_.failure = calibration_failure(error);
      result_.hef_log = "hef.log";
      return write_case_file(folder_ / result_.hef_log, result_.failure->exception_message + "\n");
    };
    if (!calibration) return refuse(calibration.error());
    if (*calibration) {
      auto made = fitted(std::move(**calibration), legal.node(legal.inputs()[0]).shape,
                         case_.parameters.word("length_policy", "pad"));
      if (!made) return refuse(made.error());
      result_.notes = made->notes;
      input.calibration = std::move(*made);
    }
    if (case_.parameters.has("tile")) {
      // A part alone is the chip's as far as it can; the whole is placed as a build places it.
      const bool whole = case_.parameters.has("model")
                             ? case_.parameters.word("part", "whole") == "whole"
                             : case_.parameters.word("network", "") == "conv_tasnet";
      return compile_tiled(context_, input, case_.parameters.count("tile", 1), !whole, result_);
    }
    switch (context_.compiler.kind) {
      case CompilerKind::dfc: return compile_dfc(context_, input, result_);
      case CompilerKind::vela: return compile_vela(context_, input, result_);
      case CompilerKind::builtin: break;
    }
    return compile_builtin(context_, input, result_);
  }

  // Everything that the result depends on, but the case's name.
  std::string key_of(const std::string& content, const Translation& translation,
                     const Result<std::optional<CaseCalibration>>& calibration) const {
    ContentHasher hasher;
    hasher.update(fmt::format(
        "network {}\ntarget {}\ncompiler {} {}\ngoal {}\ntile {}\npart {} {}\npolicy {}\n", content,
        context_.target_hash, to_string(context_.compiler.kind), context_.compiler.version,
        to_string(context_.definition.goal), case_.parameters.count("tile", 0),
        case_.parameters.word("network", ""), case_.parameters.word("part", ""),
        case_.parameters.word("length_policy", "pad")));
    if (!translation.onnx.empty())
      hasher.update(fmt::format("translated {}\n", content_hash(translation.onnx)));
    // Our own opinion changes with the program, and so do our integers; what Hailo's compiler makes
    // of these bytes does not.
    if (context_.compiler.kind != CompilerKind::dfc || case_.parameters.has("tile"))
      hasher.update(fmt::format("build {}\n", program_build_id()));
    if (context_.compiler.kind == CompilerKind::dfc)
      hasher.update(fmt::format("arch {}\n", context_.compiler.dfc.hw_arch));
    if (calibration && *calibration) hasher.update("calibration " + (*calibration)->hash);
    if (!calibration) hasher.update("calibration: " + calibration.error().to_string());
    return hasher.hex();
  }

  // The cached result under this case's name.
  Result<bool> fetch() {
    TESSERA_TRY(const bool found, fetch_cached_case(context_.cache, result_.key, folder_));
    if (!found) return false;
    Result<CaseResult> known = read_case_result(folder_);
    if (!known || known->key != result_.key) {
      // Damaged: made again.
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator(folder_, ignored))
        fs::remove_all(entry.path(), ignored);
      fs::remove_all(context_.cache / result_.key, ignored);
      return false;
    }
    known->name = result_.name;
    known->stage = result_.stage;
    known->parameters = result_.parameters;
    known->calibration = result_.calibration;
    result_ = std::move(*known);
    return true;
  }

  const CaseContext& context_;
  const SweepCase& case_;
  const fs::path& folder_;
  CaseResult result_;
};

}  // namespace

std::string_view to_string(CompilerKind kind) {
  switch (kind) {
    case CompilerKind::builtin: return "builtin";
    case CompilerKind::dfc: return "dfc";
    case CompilerKind::vela: return "vela";
  }
  return "?";
}

Result<CaseResult> run_case(const CaseContext& context, const SweepCase& one,
                            const fs::path& folder, bool* from_cache) {
  bool cached = false;
  TESSERA_TRY(CaseResult result, CaseRun(context, one, folder).run(cached));
  if (from_cache != nullptr) *from_cache = cached;
  return result;
}

}  // namespace tessera
