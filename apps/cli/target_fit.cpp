#include "cli/target_fit.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "base/shell_word.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "evidence/fit/fit_target.h"
#include "evidence/fit/target_diff.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxTargetBytes = uint64_t{1} << 20;

std::string printed(const std::optional<int64_t>& number) {
  return number ? fmt::to_string(*number) : "-";
}

Document number_or_null(const std::optional<int64_t>& number) {
  return number ? Document(*number) : Document(nullptr);
}

// What has changed, as rows for people and in the document.
Document print_changes(const TargetFit& fit, Console& console) {
  Table table;
  table.add_columns({"entry", "before", "after", "witness"});
  Document changes = Document::array();
  const auto add_end = [&](const FittedLimit& limit, const char* end,
                           const std::optional<int64_t>& before,
                           const std::optional<int64_t>& after, const std::string& witness) {
    if (witness.empty()) return;
    table.add_row({fmt::format("limits.{} {}", limit.key, end), printed(before), printed(after),
                   printable(witness)});
    changes.push_back({{"entry", "limits." + limit.key},
                       {"end", end},
                       {"before", number_or_null(before)},
                       {"after", number_or_null(after)},
                       {"witness", witness}});
  };
  for (const FittedLimit& limit : fit.limits) {
    add_end(limit, "pass", limit.pass_before, limit.pass, limit.pass_witness);
    add_end(limit, "fail", limit.fail_before, limit.fail, limit.fail_witness);
  }
  for (const FittedWord& word : fit.words) {
    const std::string after =
        fmt::format("{} {}", word.word, word.supported ? "supported" : "unsupported");
    table.add_row({"support." + word.key, "open", printable(after), printable(word.witness)});
    changes.push_back({{"entry", "support." + word.key},
                       {"word", word.word},
                       {"supported", word.supported},
                       {"witness", word.witness}});
  }
  if (!changes.empty()) console.print("{}\n", table.to_string());
  return changes;
}

void print_list(const char* title, const std::vector<std::string>& rows, Console& console) {
  constexpr size_t kMost = 20;
  if (rows.empty()) return;
  console.print("{}:\n", title);
  for (size_t i = 0; i < rows.size() && i < kMost; ++i)
    console.print("  {}\n", printable_line(rows[i]));
  if (rows.size() > kMost) console.print("  and {} more\n", rows.size() - kMost);
}

}  // namespace

Result<Document> run_fit(const FitOptions& options, Console& console) {
  TESSERA_TRY_VOID(check_writable(options.output, {.force = options.force}));
  TESSERA_TRY(const Target target, load_target(options.target));
  if (!target.settings.empty()) {
    return TESSERA_ERROR(kInvalidArgument, options.target,
                         "has settings: what is learnt belongs to the file",
                         "name the target without them");
  }
  std::vector<CompileEvidence> compiles;
  std::vector<std::string> left_out;
  for (const std::string& path : options.evidence) {
    TESSERA_TRY(EvidenceSet found, read_evidence(path, target));
    compiles.insert(compiles.end(), std::make_move_iterator(found.compiles.begin()),
                    std::make_move_iterator(found.compiles.end()));
    left_out.insert(left_out.end(), found.left_out.begin(), found.left_out.end());
  }
  if (compiles.empty()) {
    return TESSERA_ERROR(kInvalidArgument, options.evidence.front(),
                         left_out.empty() ? "holds no compile"
                                          : fmt::format("holds no evidence: {}", left_out.front()),
                         "give compiles that a vendor's compiler decided");
  }
  TESSERA_TRY(const TargetFit fit, fit_target(target, compiles));
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(target.file, kMaxTargetBytes));
  TESSERA_TRY(const std::string text,
              with_fit({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, fit,
                       target.file.string()));
  TESSERA_TRY_VOID(write_file_atomically(options.output, text, {.force = options.force}));
  Document document{{"target", target.name},
                    {"output", options.output},
                    {"compiles", fit.compiles},
                    {"passed", fit.passes},
                    {"failures_explained", fit.explained}};
  document["changes"] = print_changes(fit, console);
  console.print("{}: {} passed; of {} {} by known limits\n", counted(fit.compiles, "compile"),
                fit.passes, counted(fit.compiles - fit.passes, "failure"),
                fmt::format("{} explained", fit.explained));
  print_list("failures with several suspects, none of them learnt", fit.ambiguous, console);
  print_list("failures that no rule explains", fit.unexplained, console);
  print_list("no evidence", left_out, console);
  document["ambiguous"] = fit.ambiguous;
  document["unexplained"] = fit.unexplained;
  document["left_out"] = left_out;
  console.print("{}: {}; use it with --target {}\n", printable(options.output),
                fit.changes_nothing() ? "nothing new" : "written", shell_path(options.output));
  return document;
}

Result<Document> run_target_diff(const TargetDiffOptions& options, Console& console) {
  TESSERA_TRY(const Target a, load_target(options.a));
  TESSERA_TRY(const Target b, load_target(options.b));
  Table table;
  table.add_columns({"entry", printable(options.a), printable(options.b), "source of the second"});
  Document entries = Document::array();
  for (const TargetDifference& one : target_differences(a, b)) {
    table.add_row({one.entry, one.a.empty() ? "-" : printable(one.a),
                   one.b.empty() ? "-" : printable(one.b), printable(one.b_source)});
    entries.push_back({{"entry", one.entry},
                       {"a", one.a},
                       {"b", one.b},
                       {"a_source", one.a_source},
                       {"b_source", one.b_source}});
  }
  if (entries.empty()) {
    console.print("every entry is the same\n");
  } else {
    console.print("{}\n{} {}\n", table.to_string(), entries.size(),
                  noun_for(entries.size(), "entry differs", "entries differ"));
  }
  return Document{{"a", options.a}, {"b", options.b}, {"differences", std::move(entries)}};
}

}  // namespace tessera::cli
