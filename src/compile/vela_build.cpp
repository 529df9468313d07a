#include "compile/vela_build.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "target/learned_target.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTargetTextBytes = uint64_t{1} << 20;
// Less than what was found to be too much: values come in whole tiles.
constexpr double kMemoryMargin = 0.95;

Result<std::string> target_text_of(const fs::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxTargetTextBytes));
  return std::string(bytes.begin(), bytes.end());
}

// What refusals say about the chip and about nodes.
struct Lesson {
  std::map<std::string, int64_t, std::less<>> limits;  // by key: the smallest value that fails
  std::map<std::string, std::string> kept_by_host;     // node -> why
  double memory_share = 1;                             // of what the target has

  bool empty() const { return limits.empty() && kept_by_host.empty() && memory_share == 1; }
};

// The node that a tensor of the exported piece belongs to: "NODE" or "NODE/what".
NodeId node_of(const Graph& piece, std::string name) {
  while (true) {
    const NodeId found = piece.find(name);
    if (found != kNoNode) return found;
    const size_t slash = name.rfind('/');
    if (slash == std::string::npos) return kNoNode;
    name.resize(slash);
  }
}

void add_limit(Lesson& lesson, const std::string& key, int64_t fails) {
  const auto [known, is_new] = lesson.limits.try_emplace(key, fails);
  if (!is_new) known->second = std::min(known->second, fails);
}

// Phases take the place of a dilation; every other operator goes to the host.
void learn_from_cpu(const Plan& plan, const Piece& piece, const vela::VelaResult& result,
                    Lesson& lesson) {
  for (const vela::CpuOperator& one : result.cpu_operators) {
    const NodeId id = node_of(piece.graph, one.value);
    if (id == kNoNode) continue;
    const auto* conv = piece.graph.get_if<Conv>(id);
    const bool by_dilation = conv != nullptr && conv->dilation.w > 1 && conv->stride.w == 1 &&
                             one.rule.find("dilation") != std::string::npos;
    if (by_dilation) {
      add_limit(lesson, "dilation", conv->dilation.w);
      continue;
    }
    const std::string& name = piece.graph.node(id).name;
    if (plan.graph.find(name) == kNoNode) continue;
    lesson.kept_by_host.emplace(name, fmt::format("Vela puts it on the CPU: {}", one.reason));
  }
}

// Vela does not say which operator it is; convolutions fail for their channels.
void learn_from_error(const Piece& piece, Lesson& lesson) {
  int64_t most = 0;
  for (NodeId id : piece.graph.order()) {
    if (piece.graph.get_if<Conv>(id) == nullptr) continue;
    most = std::max({most, piece.graph.node(id).shape.c,
                     piece.graph.node(piece.graph.node(id).inputs[0]).shape.c});
  }
  if (most > 1) add_limit(lesson, "conv_channels", most);
}

Lesson lesson_of(const Plan& plan, const VelaCompiled& compiled,
                 const vela::VelaConfiguration& configuration) {
  Lesson lesson;
  size_t at = 0;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      const vela::VelaResult& result = compiled.pieces[at++].result;
      switch (result.kind) {
        case vela::RefusalKind::cpu: learn_from_cpu(plan, piece, result, lesson); break;
        case vela::RefusalKind::error: learn_from_error(piece, lesson); break;
        case vela::RefusalKind::memory:
          lesson.memory_share = std::min(
              lesson.memory_share, kMemoryMargin * static_cast<double>(configuration.sram_bytes) /
                                       result.figures->sram_bytes);
          break;
        case vela::RefusalKind::timeout:
        case vela::RefusalKind::crash:
        case vela::RefusalKind::none: break;
      }
    }
  }
  return lesson;
}

std::string told(const Lesson& lesson) {
  std::vector<std::string> parts;
  for (const auto& [key, fails] : lesson.limits)
    parts.push_back(fmt::format("limits.{} fails from {}", key, fails));
  if (lesson.memory_share < 1)
    parts.push_back(fmt::format("plans take {:.0f} % of the memory", 100 * lesson.memory_share));
  for (const auto& [node, why] : lesson.kept_by_host)
    parts.push_back(fmt::format("'{}' on the host", node));
  return fmt::format("{}", fmt::join(parts, "; "));
}

// Writes the target as it is known after `attempt` refusals.
Result<void> learn(const Lesson& lesson, size_t attempt, const std::string& reason,
                   const fs::path& folder, BuildOptions& how) {
  for (const auto& [node, why] : lesson.kept_by_host) how.plan.kept_by_host.emplace(node, why);
  if (lesson.limits.empty() && lesson.memory_share == 1) return {};
  TESSERA_TRY(std::string text, target_text_of(how.target));
  TESSERA_TRY(text, with_settings(text, how.target_settings, how.target.string()));
  const std::string source = fmt::format("outcomes: attempt {} of this build, {}", attempt, reason);
  for (const auto& [key, fails] : lesson.limits) {
    TESSERA_TRY(text, with_limit(text, key, std::max<int64_t>(1, fails - 1), fails, source,
                                 how.target.string()));
  }
  if (lesson.memory_share < 1) {
    TESSERA_TRY(const Target target, parse_target(text, how.target.string()));
    const auto bytes = static_cast<int64_t>(lesson.memory_share * target.unit("sram_bytes"));
    TESSERA_TRY(text,
                with_settings(text, {{"sram_bytes", fmt::to_string(std::max<int64_t>(1, bytes))}},
                              how.target.string()));
  }
  const fs::path path = folder / fmt::format("target_after_attempt_{}.toml", attempt);
  TESSERA_TRY_VOID(write_file_atomically(path, text, {.force = true}));
  how.target = path;
  how.target_settings.clear();
  return {};
}

VelaAttempt vela_attempt(const Plan& plan, const VelaCompiled& compiled) {
  VelaAttempt attempt{static_cast<int64_t>(plan.segments.size()),
                      static_cast<int64_t>(compiled.pieces.size()), compiled.refused(), "", ""};
  for (const VelaCompiled::Piece& piece : compiled.pieces) {
    if (piece.result.succeeded) continue;
    attempt.reason = fmt::format("{}: {}", piece.name, piece.result.refusal);
    break;
  }
  return attempt;
}

}  // namespace

Result<VelaBuilt> build_with_vela(const fs::path& model, const VelaBuildOptions& options,
                                  const StageCallback& observer) {
  TESSERA_TRY_VOID(ensure_directory(options.compile.folder));
  BuildOptions how = options.build;
  std::vector<VelaAttempt> attempts;
  std::optional<VelaBuilt> before;
  while (true) {
    Result<Built> tried = build(model, how, observer);
    if (!tried && before) {  // no plan is left: what was compiled stands
      before->attempts.back().reason +=
          fmt::format("; with what was learnt: {}", tried.error().message);
      return std::move(*before);
    }
    TESSERA_TRY(Built built, std::move(tried));
    TESSERA_TRY(VelaCompiled compiled, compile_with_vela(built.package, options.compile));
    attempts.push_back(vela_attempt(built.plan, compiled));
    const Lesson lesson = lesson_of(built.plan, compiled, options.compile.compiler.configuration);
    const bool ends = compiled.refused() == 0 || lesson.empty() ||
                      static_cast<int>(attempts.size()) >= options.attempts;
    if (ends) return VelaBuilt{std::move(built), std::move(compiled), std::move(attempts)};
    attempts.back().learned = told(lesson);
    TESSERA_TRY_VOID(
        learn(lesson, attempts.size(), attempts.back().reason, options.compile.folder, how));
    before = VelaBuilt{std::move(built), std::move(compiled), attempts};
  }
}

}  // namespace tessera
