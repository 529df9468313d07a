// Reads recorded compiles. The file is data from anywhere: every number is bounded before a tensor
// is made of it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "evidence/target_evidence.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kOutcomesLimitBytes = uint64_t{64} << 20;
constexpr int64_t kAxisLimit = int64_t{1} << 24;
constexpr int64_t kWeightLimit = int64_t{1} << 24;  // of one operator
constexpr int64_t kWeightTotal = int64_t{1} << 28;  // of one file
constexpr size_t kOpLimit = 4096;                   // of one case
constexpr std::string_view kHint = "see docs/targets.md for the form of recorded outcomes";

// One operator of the list, checked.
struct Record {
  std::string op;
  int64_t cin = 1, cout = 1, k = 1, d = 1, s = 1, groups = 1, win = 1, wout = 1, n_in = 1;
  bool bias = false;
  std::string act;
};

class Reader {
 public:
  Reader(const std::string& origin, std::string name, int64_t& weight_budget)
      : subject_(fmt::format("{}: {}", origin, name)), weight_budget_(weight_budget) {}

  Error error(const std::string& what) const {
    return TESSERA_ERROR(kCorrupt, subject_, what, std::string(kHint));
  }

  Result<std::string> text(const Json& object, const char* key) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) {
      return error(fmt::format("needs the string \"{}\"", key));
    }
    return found->get<std::string>();
  }

  Result<Graph> graph(const Json& ops) {
    if (ops.size() > kOpLimit) {
      return error(fmt::format("has {} operators, more than {}", ops.size(), kOpLimit));
    }
    std::vector<Record> records;
    for (size_t i = 0; i < ops.size(); ++i) {
      TESSERA_TRY(Record record, parse(ops[i], i));
      records.push_back(std::move(record));
    }
    Graph graph;
    GraphEditor editor(graph, "import");
    for (size_t i = 0; i < records.size(); ++i) {
      const bool covers_all = i + 1 < records.size() && records[i + 1].win == 1;
      auto added = append(editor, records[i], covers_all);
      if (!added) return error(fmt::format("ops[{}]: {}", i, added.error().message));
    }
    for (NodeId id : graph.order()) {
      if (graph.users(id).empty()) editor.add_output(graph.node(id).name, id);
    }
    return graph;
  }

 private:
  Result<int64_t> count(const Json& object, const char* key, size_t at, int64_t fallback) const {
    const auto found = object.find(key);
    if (found == object.end() && fallback > 0) return fallback;
    if (found == object.end() || !found->is_number_integer()) {
      return error(fmt::format("ops[{}] needs the whole number \"{}\"", at, key));
    }
    if (found->is_number_unsigned() && found->get<uint64_t>() > uint64_t(kAxisLimit)) {
      return error(fmt::format("ops[{}]: \"{}\" must lie in 1..{}", at, key, kAxisLimit));
    }
    const auto value = found->get<int64_t>();
    if (value < 1 || value > kAxisLimit) {
      return error(fmt::format("ops[{}]: \"{}\" must lie in 1..{}", at, key, kAxisLimit));
    }
    return value;
  }

  Result<Record> parse(const Json& object, size_t at) {
    if (!object.is_object()) return error(fmt::format("ops[{}] must be an object", at));
    Record r;
    TESSERA_TRY(r.op, text(object, "op"));
    TESSERA_TRY(r.cin, count(object, "cin", at, 0));
    TESSERA_TRY(r.cout, count(object, "cout", at, 0));
    TESSERA_TRY(r.win, count(object, "win", at, 0));
    TESSERA_TRY(r.wout, count(object, "wout", at, 0));
    TESSERA_TRY(r.k, count(object, "k", at, 1));
    TESSERA_TRY(r.d, count(object, "d", at, 1));
    TESSERA_TRY(r.s, count(object, "s", at, 1));
    TESSERA_TRY(r.groups, count(object, "groups", at, 1));
    TESSERA_TRY(r.n_in, count(object, "n_in", at, 1));
    r.bias = object.value("bias", Json()).is_boolean() && object["bias"].get<bool>();
    const auto act = object.find("act");
    if (act != object.end() && act->is_string()) r.act = act->get<std::string>();
    if (r.n_in > 64) return error(fmt::format("ops[{}]: \"n_in\" must lie in 1..64", at));
    if (r.cin % r.groups != 0 || r.cout % r.groups != 0) {
      return error(fmt::format("ops[{}]: {} groups do not divide {} and {} channels", at, r.groups,
                               r.cin, r.cout));
    }
    const bool convolves = r.op == "conv" || r.op == "dw" || r.op == "deconv";
    if (convolves) {
      const double weights = double(r.cin / r.groups) * double(r.cout) * double(r.k);
      if (weights > double(kWeightLimit) || weights > double(weight_budget_)) {
        return error(fmt::format("ops[{}] has more weights than a recorded outcome may", at));
      }
      weight_budget_ -= static_cast<int64_t>(weights);
    }
    return r;
  }

  // The latest tensor of that shape, or a new input.
  static Result<NodeId> source(GraphEditor& editor, Shape shape,
                               const std::vector<NodeId>& except) {
    const Graph& graph = editor.graph();
    for (int32_t i = graph.id_limit(); i-- > 0;) {
      const NodeId id{i};
      if (graph.node(id).shape != shape) continue;
      if (std::find(except.begin(), except.end(), id) == except.end()) return id;
    }
    return editor.add(Input{shape}, {});
  }

  static Result<NodeId> append(GraphEditor& editor, const Record& r, bool covers_all) {
    std::vector<NodeId> operands;
    const int64_t share = r.op == "concat" ? r.cin / r.n_in : r.cin;
    for (int64_t i = 0; i < r.n_in; ++i) {
      TESSERA_TRY(const NodeId operand, source(editor, {share, 1, r.win}, operands));
      operands.push_back(operand);
    }
    TESSERA_TRY(Op op, op_of(r, covers_all));
    TESSERA_TRY(NodeId node, editor.add(std::move(op), std::move(operands)));
    if (r.act.empty()) return node;
    TESSERA_TRY(const UnaryKind act, activation(r.act));
    return editor.add(Unary{act, {}}, {node});
  }

  static Result<UnaryKind> activation(const std::string& name) {
    for (UnaryKind kind : {UnaryKind::relu, UnaryKind::sigmoid, UnaryKind::tanh}) {
      if (to_string(kind) == name) return kind;
    }
    return TESSERA_ERROR(kCorrupt, "", fmt::format("unknown activation \"{}\"", name), "");
  }

  static Result<Op> op_of(const Record& r, bool covers_all) {
    if (r.op == "conv" || r.op == "dw") {
      const int64_t reach = (r.wout - 1) * r.s + r.d * (r.k - 1) + 1 - r.win;
      const int64_t pad = std::max<int64_t>(0, reach);
      Conv conv;
      conv.weight = Tensor::full({r.cout, r.cin / r.groups, 1, r.k}, 0);
      if (r.bias) conv.bias = Tensor::full({r.cout}, 0);
      conv.stride = {1, r.s};
      conv.dilation = {1, r.d};
      conv.padding = {0, 0, pad / 2, pad - pad / 2};
      conv.groups = r.groups;
      return Op(conv);
    }
    if (r.op == "deconv") {
      ConvTranspose conv;
      conv.weight = Tensor::full({r.cin, r.cout / r.groups, 1, r.k}, 0);
      if (r.bias) conv.bias = Tensor::full({r.cout}, 0);
      conv.stride = {1, r.s};
      const int64_t crop = std::max<int64_t>(0, (r.win - 1) * r.s + r.k - r.wout);
      conv.crop = {0, 0, crop / 2, crop - crop / 2};
      conv.groups = r.groups;
      return Op(conv);
    }
    if (r.op == "avgpool" && (covers_all || r.wout == 1)) return Op(GlobalPool{});
    if (r.op == "add" && r.n_in == 2) return Op(Add{});
    if (r.op == "mul" && r.n_in == 2) return Op(Mul{});
    if (r.op == "concat") return Op(Concat{Axis::c});
    if (r.op == "sigmoid" || r.op == "relu" || r.op == "tanh") {
      TESSERA_TRY(const UnaryKind kind, activation(r.op));
      return Op(Unary{kind, {}});
    }
    return TESSERA_ERROR(kCorrupt, "", fmt::format("unknown operator \"{}\"", r.op), "");
  }

  std::string subject_;
  int64_t& weight_budget_;
};

int64_t line_at(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  return 1 + std::count(before.begin(), before.end(), '\n');
}

Result<Json> parse_json(std::string_view text, const std::string& origin) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& failure) {
    const auto* syntax = dynamic_cast<const Json::parse_error*>(&failure);
    const int64_t line = line_at(text, syntax != nullptr ? syntax->byte : 0);
    return TESSERA_ERROR(kCorrupt, fmt::format("{}:{}", origin, line), "not JSON",
                         "give a file of recorded outcomes, as tests/data/outcomes_graphs.json");
  }
}

}  // namespace

Result<std::vector<CompileOutcome>> parse_outcomes(std::string_view json,
                                                   const std::string& origin) {
  TESSERA_TRY(const Json file, parse_json(json, origin));
  if (!file.is_object() || file.empty()) {
    return TESSERA_ERROR(kCorrupt, origin, "must be an object of cases", std::string(kHint));
  }
  std::vector<CompileOutcome> outcomes;
  int64_t weight_budget = kWeightTotal;
  for (const auto& [name, value] : file.items()) {
    Reader reader(origin, name, weight_budget);
    if (!value.is_object()) return reader.error("must be an object");
    CompileOutcome outcome;
    outcome.name = name;
    TESSERA_TRY(outcome.compiled, reader.text(value, "hef"));
    TESSERA_TRY(outcome.message, reader.text(value, "message"));
    TESSERA_TRY(outcome.use, reader.text(value, "fit_use"));
    const auto ops = value.find("ops");
    if (ops == value.end() || !ops->is_array()) return reader.error("needs the list \"ops\"");
    if (!ops->empty()) {
      TESSERA_TRY(outcome.graph, reader.graph(*ops));
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

Result<std::vector<CompileOutcome>> read_outcomes(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kOutcomesLimitBytes));
  const std::string text(bytes.begin(), bytes.end());
  return parse_outcomes(text, path.string());
}

}  // namespace tessera
