// Rewriting: an imported graph becomes one that a small accelerator can do, and stays the same
// network.
//
// A Rule changes one node and its neighbours. Exact rules keep every output to rounding;
// approximate ones are off unless asked for by name and carry a measured cost. rewrite_rules() is
// the one ordered list; rewrite() runs it: it decides which rules run, times them, verifies the
// graph and the length of its outputs after each, and records what every rule did and why it
// declined.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

enum class Exactness : uint8_t {
  exact,        // the same function; outputs differ by float rounding only
  approximate,  // another function: opt-in, its cost is measured
};
std::string_view to_string(Exactness exactness);

// What a rule did at a node, in words: "folded into 'conv_3', which comes before".
struct Changed {
  std::string what;
};
// Why a rule left a node it is concerned with as it was. Names no node, so that equal reasons
// group.
struct Declined {
  std::string reason;
};
using Outcome = std::variant<Changed, Declined>;

// Fixed statistics that stand for those of the sequence: one value, or one per channel.
struct NormConstants {
  std::vector<double> mean;
  std::vector<double> variance;
};

// An invertible matrix and its inverse, both [channels, channels], row-major.
struct ChannelBasis {
  std::vector<double> matrix;
  std::vector<double> inverse;
};

// What rules on request need to know; those that always run read none of it.
struct RewriteParameters {
  std::map<std::string, NormConstants>
      calibrated;  // freeze_global_norm: by name of the norm's node
  std::map<std::string, ChannelBasis>
      channel_bases;               // change_channel_basis: by name of the stream's first value
  int64_t keep_blocks = 1;         // truncate_blocks: blocks that stay
  int64_t decoder_channels = 128;  // reduce_decoder: filters that stay
  int64_t source = 0;              // keep_one_source: which one, from 0
};

struct Rule {
  std::string_view name;     // verb first; also its file and its golden test
  std::string_view summary;  // one sentence
  Exactness exactness = Exactness::exact;
  // Is this node one the rule is about? Cheap; says nothing about whether it can be done.
  bool (*concerns)(const Graph& graph, NodeId node) = nullptr;
  // Called for live nodes the rule is concerned with. Changes nothing if it declines.
  Result<Outcome> (*apply)(GraphEditor& editor, NodeId node,
                           const RewriteParameters& parameters) = nullptr;
};

enum class Use : uint8_t {
  always,      // part of every rewrite
  on_request,  // when named: a target that needs it, or the user
};
std::string_view to_string(Use use);

struct ListedRule {
  const Rule* rule;
  Use use;
  std::string_view reason;  // why it is in the list, and why at this place
};

// Every rule there is, in the order in which they run.
std::span<const ListedRule> rewrite_rules();

// The list as the Markdown page docs/rewrites.md.
std::string rewrite_rules_markdown();

// Difference of the outputs of `rewritten` from those of `original` as a signal-to-noise ratio in
// dB (infinity: equal).
using CostMeter = std::function<Result<double>(const Graph& original, const Graph& rewritten)>;

struct RewriteOptions {
  std::vector<std::string> only;     // run these rules and no others, whatever their Use
  std::vector<std::string> enable;   // run these on_request rules too
  std::vector<std::string> disable;  // do not run these
  RewriteParameters parameters;
  CostMeter measure_cost;  // called after each approximate rule that changed something
  // Called after each rule that changed something: a place to write the graph to a file.
  std::function<void(const Rule& rule, const Graph& graph)> after_rule;
};

struct RuleEvent {
  std::string node;  // name at the time
  std::string op;    // op_name at the time
  std::string text;  // Changed::what or Declined::reason
};

struct RemovedNode {
  std::string name;
  std::string op;
  int64_t macs = 0;
};

struct RuleReport {
  const Rule* rule = nullptr;
  std::vector<RuleEvent> changed;
  std::vector<RuleEvent> declined;
  std::vector<RemovedNode> removed;  // nodes that nothing reads any more, now gone from the graph
  double milliseconds = 0;
  // Approximate rules that changed something, when a CostMeter was given: SNR in dB over the graph
  // that rewrite() was given.
  std::optional<double> cost_db;
};

struct OutputChange {
  std::string name;
  Shape before;
  Shape after;
};

struct RewriteLog {
  std::vector<RuleReport> rules;  // those that ran, in order
  int64_t nodes_before = 0;
  int64_t nodes_after = 0;
  int64_t macs_before = 0;
  int64_t macs_after = 0;
  std::vector<OutputChange> outputs;  // shapes that an approximate rule changed
  bool exact = true;                  // no approximate rule changed anything
  std::string not_legal;              // why the graph is not at GraphForm::legal; empty if it is
};

// Runs the list on `graph` until every rule comes to rest. Afterwards the graph is at
// GraphForm::legal, or at GraphForm::rewriting if something is left that a legal graph must not
// have (RewriteLog::not_legal). Errors: kInvalidArgument for an unknown rule name, kMismatch if an
// exact rule would change the shape of an output, kInvalidModel if a rule breaks the graph. After
// an error the graph is unspecified.
Result<RewriteLog> rewrite(Graph& graph, const RewriteOptions& options = {});

}  // namespace tessera
