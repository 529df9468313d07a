#include "compile/vendor_build.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "target/learned_target.h"
#include "tessera/compiler/target.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTargetBytes = uint64_t{1} << 20;
constexpr int64_t kNarrowestRowBytes = 64;

// Refusals that a narrower piece may not meet.
constexpr std::array kFamiliesOfSize = {"allocator_infeasible", "reshape_allocator", "memory_units",
                                        "no_partition",         "resources",         "timeout",
                                        "conv_chain_layout"};

struct RowLimit {
  int64_t pass = 0;
  int64_t fail = 0;
};

bool is_about_size(const hailo::DfcResult& result) {
  return std::find(kFamiliesOfSize.begin(), kFamiliesOfSize.end(), result.told.family) !=
         kFamiliesOfSize.end();
}

// What the refusals of a plan say about rows; none where nothing narrower could be tried.
std::optional<RowLimit> learned_from(const Plan& plan, const VendorCompiled& compiled,
                                     const Target& target) {
  std::vector<int64_t> taken;
  RowLimit limit;
  size_t at = 0;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      const hailo::DfcResult& result = compiled.pieces[at++].result;
      const int64_t row = check(piece.graph, target).widest_row_bytes;
      if (result.succeeded) taken.push_back(row);
      if (result.succeeded || !is_about_size(result)) continue;
      limit.fail = limit.fail == 0 ? row : std::min(limit.fail, row);
    }
  }
  if (limit.fail <= kNarrowestRowBytes) return std::nullopt;
  limit.pass = limit.fail / 2;
  for (int64_t row : taken) {
    if (row < limit.fail) limit.pass = std::max(limit.pass, row);
  }
  return limit;
}

BuildAttempt attempt_of(const Plan& plan, const VendorCompiled& compiled, const RowLimit& limit) {
  BuildAttempt attempt{static_cast<int64_t>(plan.segments.size()),
                       static_cast<int64_t>(compiled.pieces.size()),
                       compiled.refused(),
                       limit.pass,
                       limit.fail,
                       ""};
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    if (piece.result.succeeded) continue;
    attempt.reason = fmt::format("{}: {}", piece.name, piece.result.refusal);
    break;
  }
  return attempt;
}

// Writes the target as it is known after `attempt` refusals.
Result<fs::path> write_learned(const fs::path& target, const RowLimit& limit, size_t attempt,
                               const std::string& reason, const fs::path& folder) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(target, kMaxTargetBytes));
  TESSERA_TRY(const std::string text,
              with_row_limit({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                             limit.pass, limit.fail,
                             fmt::format("outcomes: attempt {} of this build, {}", attempt, reason),
                             target.string()));
  const fs::path path = folder / fmt::format("target_after_attempt_{}.toml", attempt);
  TESSERA_TRY_VOID(write_file_atomically(path, text, {.force = true}));
  return path;
}

}  // namespace

Result<VendorBuilt> build_by_vendor(const fs::path& model, const VendorBuildOptions& options,
                                    const WindowsOf& windows, const StageCallback& observer) {
  TESSERA_TRY_VOID(ensure_directory(options.compile.folder));
  BuildOptions how = options.build;
  std::vector<BuildAttempt> attempts;
  RowLimit limit;
  std::optional<VendorBuilt> before;
  while (true) {
    Result<Built> tried = build(model, how, observer);
    if (!tried && before) {  // no plan has rows so narrow: what was compiled stands
      before->attempts.back().reason +=
          fmt::format("; with narrower rows: {}", tried.error().message);
      return std::move(*before);
    }
    TESSERA_TRY(Built built, std::move(tried));
    TESSERA_TRY(const auto heard, windows(built.package));
    TESSERA_TRY(VendorCompiled compiled, compile_by_vendor(built.package, heard, options.compile));
    attempts.push_back(attempt_of(built.plan, compiled, limit));
    TESSERA_TRY(const Target target, read_target(how.target));
    const std::optional<RowLimit> learned = learned_from(built.plan, compiled, target);
    const bool ends = compiled.refused() == 0 || !learned || learned->fail == limit.fail ||
                      static_cast<int>(attempts.size()) >= options.attempts;
    if (ends) return VendorBuilt{std::move(built), std::move(compiled), std::move(attempts)};
    limit = *learned;
    before = VendorBuilt{std::move(built), std::move(compiled), attempts};
    TESSERA_TRY(how.target, write_learned(options.build.target, limit, attempts.size(),
                                          attempts.back().reason, options.compile.folder));
  }
}

}  // namespace tessera
