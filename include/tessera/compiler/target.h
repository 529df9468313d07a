// Target: what a chip can do, as data read from a TOML file. check(): would this graph fit on it,
// and if not, every reason why, each with its number, its limit and the step that remedies it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/integer_arithmetic.h"
#include "tessera/result.h"

namespace tessera {

// Three answers: a limit nobody has measured yet is `unknown`, never a guess.
enum class Verdict : uint8_t { fits, unknown, does_not_fit };
std::string_view to_string(Verdict verdict);  // "fits", "unknown", "does not fit"
Verdict worse(Verdict a, Verdict b);

// A compile whose number lies inside a limit's open interval: it narrows what a reader believes,
// but the verdict there stays unknown until `pass` or `fail` moves.
struct DataPoint {
  int64_t value = 0;
  std::string outcome;  // "passes", "probably passes", "fails"
  std::string source;
};

// One number. Values up to `pass` are known to work, values from `fail` on are known not to;
// whatever lies between, or beyond an end that is absent, is unknown. A file's `max = N` is
// pass = N, fail = N + 1.
struct Limit {
  std::string unit;
  std::optional<int64_t> pass;
  std::optional<int64_t> fail;
  std::string source;
  std::vector<DataPoint> data_points;  // ascending

  Verdict judge(int64_t value) const;
  std::string to_string() const;  // "at most 4 axes", "passes up to 7 taps, untried above"
};

// A list of words: what is known to work and what is known not to. Any other word is unknown.
struct Support {
  std::vector<std::string> supported;
  std::vector<std::string> unsupported;
  std::string source;

  Verdict judge(std::string_view word) const;
};

// A figure of the hardware (units) or of its speed (costs).
struct Quantity {
  std::string unit;
  double value = 0;
  std::string source;
};

enum class TargetSection : uint8_t { limits, support, units, costs };
std::string_view to_string(TargetSection section);

// How a chip works through a network; what a ledger counts follows from it.
enum class Architecture : uint8_t {
  clusters,  // all layers at once, each on compute units of its own, values in buffers between them
  sequential,  // one operator after another, whole values in a memory that all share
};
std::string_view to_string(Architecture architecture);  // "clusters", "sequential"

// A choice among configurations of one chip: of each, the units and costs that it sets.
struct TargetParameter {
  std::string meaning;
  std::string source;
  std::string chosen;
  std::map<std::string, std::map<std::string, double, std::less<>>, std::less<>> choices;
};

struct Target {
  std::string name;
  std::string summary;
  Architecture architecture = Architecture::clusters;
  std::filesystem::path file;  // empty when parsed from text
  // What find_target() was asked to set of the file, by name: for BuildOptions::target_settings.
  std::map<std::string, std::string> settings;
  std::map<std::string, TargetParameter, std::less<>> parameters;
  // What the chip and its compiler compute integers in; "onnx" where the file does not say.
  IntegerArithmetic arithmetic = IntegerArithmetic::onnx;
  std::map<std::string, Limit, std::less<>> limits;
  std::map<std::string, Support, std::less<>> support;
  std::map<std::string, Quantity, std::less<>> units;
  std::map<std::string, Quantity, std::less<>> costs;

  // The entry must be one that target_keys() asks of this architecture: a file that lacks one is
  // refused on reading.
  const Limit& limit(std::string_view key) const;
  const Support& words(std::string_view key) const;
  double unit(std::string_view key) const;
  double cost(std::string_view key) const;
  // Whether there is such an entry: rules ask of what a file leaves out nothing.
  bool has(TargetSection section, std::string_view key) const;
};

// Every entry of a target file, with its unit and meaning.
struct TargetKey {
  TargetSection section;
  std::string_view name;
  std::string_view unit;  // for support: the words Tessera asks about
  std::string_view meaning;
  std::optional<Architecture> only = std::nullopt;  // the architecture that has it; none: both
  bool optional = false;                            // left out where the chip has no such limit

  bool belongs_to(Architecture architecture) const { return !only || *only == architecture; }
};
std::span<const TargetKey> target_keys();

// `origin` names the text in errors. Errors: kCorrupt for malformed TOML; kInvalidArgument for a
// missing or unknown entry, a wrong type, unit or value. All name the line.
Result<Target> parse_target(std::string_view text, const std::string& origin);
// Errors: as parse_target; kNotFound, kIo, kResourceLimit (beyond 1 MiB).
Result<Target> read_target(const std::filesystem::path& path);

// The text of a target file with other settings: of a parameter, by its name, one of its choices;
// of an entry of units or costs, by its name, a number. Errors: kInvalidArgument naming what can be
// set; those of parse_target().
Result<std::string> with_settings(std::string_view toml,
                                  const std::map<std::string, std::string>& settings,
                                  const std::string& origin);

// Names of the *.toml files in `folders`, sorted; the first folder that holds a name wins.
struct TargetFile {
  std::string name;
  std::filesystem::path path;
};
std::vector<TargetFile> list_targets(std::span<const std::filesystem::path> folders);
// `name_or_path` is a path when it holds a '/' or ends in ".toml". Settings may follow:
// "ethos_u65:macs=256,sram_bytes=524288". Errors: kNotFound listing the known names; as
// with_settings(), read_target().
Result<Target> find_target(const std::string& name_or_path,
                           std::span<const std::filesystem::path> folders);

// A rule. Predicates are code, limits are data: `key` names the entry of the target file.
struct Constraint {
  std::string_view id;
  std::string_view text;  // one sentence: the same in the CLI, the documentation and the report
  std::string_view ops;   // which nodes it looks at
  TargetSection section;
  std::string_view key;
  std::string_view remedy;  // see remedies(); a violation may name a better one
};
std::span<const Constraint> constraints();

// A step that makes a violation go away: a rewrite rule, or a decision of the planner.
struct Remedy {
  std::string_view name;
  enum class Kind : uint8_t { rewrite, plan } kind;
  std::string_view summary;
};
std::span<const Remedy> remedies();

// What one rule found at one node. Only violations (does_not_fit) and open questions (unknown) are
// reported.
struct Violation {
  std::string_view rule;
  NodeId node = kNoNode;  // kNoNode: the graph as a whole
  std::string node_name;
  std::string op;
  Verdict verdict = Verdict::does_not_fit;
  int64_t number = 0;      // 0 where the rule asks for a word
  std::string value;       // "512000 bytes", "grouped"
  std::string limit;       // "passes up to 262144 bytes, fails from 512000"
  std::string reason;      // which tensor or attribute has the number, and the nearest witnesses
  std::string source;      // where the limit comes from
  std::string remedy;      // names of remedies(), best first
  bool estimated = false;  // unknown because units are estimated, not because a limit is open

  // Whether `name`, one of remedies(), is among them.
  bool has_remedy(std::string_view name) const;
};

struct CheckOptions {
  int64_t batch = 1;  // samples per call
};

struct CheckReport {
  Verdict verdict = Verdict::fits;
  std::vector<Violation> violations;  // in node order
  int64_t nodes = 0;                  // looked at
  int64_t widest_row_bytes = 0;
  std::string widest_row_node;
  // The unit ledger over the whole graph (target/ledger.h): what is needed at least, and the
  // estimate with spare units spent on speed.
  int64_t physical_layers = 0;
  int64_t contexts_at_least = 1;
  int64_t contexts_estimated = 1;
  // The memory ledger (target/memory_ledger.h), of architectures with a shared memory: what values
  // take at least at one time, and without any reuse inside an operator.
  int64_t memory_at_least_bytes = 0;
  int64_t memory_estimated_bytes = 0;
};

// Asks every rule about every node; never stops at the first violation.
CheckReport check(const Graph& graph, const Target& target, const CheckOptions& options = {});

// docs/constraints.md: the table of rules with their remedies, generated.
std::string constraints_markdown();

}  // namespace tessera
