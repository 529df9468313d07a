// tessera target diff: the entries that two target files do not share.
#include <fmt/format.h>

#include "base/counted.h"
#include "cli/table.h"
#include "cli/target_fit.h"
#include "cli/target_options.h"
#include "evidence/documents.h"

namespace tessera::cli {
namespace {

Document entry_of(const Target& target, const TargetKey& key) {
  return target.has(key.section, key.name) ? Document(documents::target_entry(target, key))
                                           : Document();
}

std::string value_of(const Target& target, const TargetKey& key) {
  return target.has(key.section, key.name) ? documents::target_value(target, key) : "-";
}

std::string source_of(const Target& target, const TargetKey& key) {
  return target.has(key.section, key.name) ? documents::target_source(target, key) : "-";
}

// A source by itself is a remark: entries that say the same of the chip are the same.
Document without_source(Document entry) {
  if (entry.is_object()) entry.erase("source");
  return entry;
}

}  // namespace

Result<Document> run_target_diff(const TargetDiffOptions& options, Console& console) {
  TESSERA_TRY(const Target a, load_target(options.a));
  TESSERA_TRY(const Target b, load_target(options.b));
  Table table;
  table.add_columns({"entry", "a", "b", "source of a", "source of b"});
  Document entries = Document::array();
  const auto add = [&](const std::string& name, const std::string& in_a, const std::string& in_b) {
    if (in_a == in_b) return;
    table.add_row({name, printable(in_a), printable(in_b), "", ""});
    entries.push_back({{"entry", name}, {"a", in_a}, {"b", in_b}});
  };
  add("name", a.name, b.name);
  add("architecture", std::string(to_string(a.architecture)),
      std::string(to_string(b.architecture)));
  add("arithmetic", std::string(to_string(a.arithmetic)), std::string(to_string(b.arithmetic)));
  for (const TargetKey& key : target_keys()) {
    const Document in_a = entry_of(a, key);
    const Document in_b = entry_of(b, key);
    if (without_source(in_a) == without_source(in_b)) continue;
    const std::string name = fmt::format("{}.{}", to_string(key.section), key.name);
    table.add_row({name, printable(value_of(a, key)), printable(value_of(b, key)),
                   printable(source_of(a, key)), printable(source_of(b, key))});
    entries.push_back({{"entry", name}, {"a", in_a}, {"b", in_b}});
  }
  const size_t differing = entries.size();
  Document document{
      {"a", options.a}, {"b", options.b}, {"same", differing == 0}, {"entries", entries}};
  if (differing == 0) {
    console.print("every entry is the same\n");
    return document;
  }
  console.print("{}", table.to_string());
  console.keep(std::move(document));
  return TESSERA_ERROR(kMismatch, options.b,
                       fmt::format("differs from {} in {} {}", options.a, differing,
                                   noun_for(differing, "entry", "entries")),
                       "each difference is named above");
}

CommandLine* define_target_diff(CommandLine& app, TargetDiffOptions& options) {
  CommandLine* diff = app.add_subcommand("diff", "The entries in which two targets differ");
  diff->add_option("A", options.a, "Name or path of a target file")
      ->required()
      ->type_name("TARGET");
  diff->add_option("B", options.b, "Name or path of another")->required()->type_name("TARGET");
  diff->footer("Examples:\n  tessera target diff hailo8 my_chip.toml\n");
  return diff;
}

}  // namespace tessera::cli
