#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "graph/fields.h"
#include "graph/prototype.h"
#include "graph/text_cursor.h"
#include "graph/text_weights.h"
#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

constexpr size_t kMaxDims = 8;
constexpr std::string_view kMagic = "tessera-graph ";
constexpr std::string_view kVersion = "1";

// One overload per type of field.
class FieldReader {
 public:
  FieldReader(TextCursor& cursor, const WeightReader& weights)
      : cursor_(cursor), weights_(weights) {}

  Result<void> read(int64_t& field) { return assign(field, cursor_.integer("an integer")); }
  Result<void> read(double& field) { return assign(field, cursor_.real("a number")); }

  Result<void> read(bool& field) {
    if (cursor_.accept("true")) {
      field = true;
    } else if (cursor_.accept("false")) {
      field = false;
    } else {
      return cursor_.corrupt("expected true or false");
    }
    return {};
  }

  Result<void> read(Axis& field) {
    for (Axis axis : {Axis::c, Axis::h, Axis::w}) {
      if (!cursor_.accept(to_string(axis))) continue;
      field = axis;
      return {};
    }
    return cursor_.corrupt("expected an axis: c, h or w");
  }

  Result<void> read(Shape& field) {
    TESSERA_TRY(const auto numbers, exactly<3>());
    field = {numbers[0], numbers[1], numbers[2]};
    return {};
  }
  Result<void> read(Extent& field) {
    TESSERA_TRY(const auto numbers, exactly<2>());
    field = {numbers[0], numbers[1]};
    return {};
  }
  Result<void> read(Padding& field) {
    TESSERA_TRY(const auto numbers, exactly<4>());
    field = {numbers[0], numbers[1], numbers[2], numbers[3]};
    return {};
  }

  Result<void> read(Tensor& field) {
    const TextCursor begin = cursor_;
    TESSERA_TRY_VOID(cursor_.expect("@"));
    TESSERA_TRY(const std::string_view name, cursor_.word("a weight's name"));
    TESSERA_TRY(std::vector<int64_t> dims, cursor_.integers("dimensions", kMaxDims));
    const Tensor* weight = weights_.find(name);
    if (weight == nullptr) {
      return begin.error(ErrorCode::kCorrupt, fmt::format("weight '@{}' is not in this text", name),
                         "a graph printed without its weights is for reading only");
    }
    const Result<int64_t> count = checked_element_count(dims, weight->size());
    if (!count || *count != weight->size()) {
      return begin.corrupt(fmt::format("dimensions {} do not hold the {} values of '@{}'",
                                       dims_to_string(dims), weight->size(), name));
    }
    field = weight->reshaped(std::move(dims));
    return {};
  }

 private:
  template <typename T>
  static Result<void> assign(T& field, Result<T> value) {
    if (!value) return std::move(value).error();
    field = *value;
    return {};
  }

  template <size_t kCount>
  Result<std::vector<int64_t>> exactly() {
    TESSERA_TRY(std::vector<int64_t> numbers, cursor_.integers("numbers", kCount));
    if (numbers.size() != kCount)
      return cursor_.corrupt(fmt::format("expected {} numbers", kCount));
    return numbers;
  }

  TextCursor& cursor_;
  const WeightReader& weights_;
};

class GraphParser {
 public:
  GraphParser(std::string_view text, std::string_view subject, const GraphTextLimits& limits)
      : text_(text), subject_(subject), limits_(limits), weights_(limits.weight_values) {}

  Result<Graph> parse() {
    TESSERA_TRY_VOID(read_header());
    TESSERA_TRY_VOID(read_weights());
    for (std::optional<TextCursor> line = next_line(); line; line = next_line()) {
      if (line->accept("weights")) break;
      if (line->accept("output ")) {
        TESSERA_TRY_VOID(read_output(*line));
      } else if (line->accept("basis ")) {
        TESSERA_TRY_VOID(read_basis(*line));
      } else {
        TESSERA_TRY_VOID(read_node(*line));
      }
    }
    GraphEditor editor(graph_, "parse");
    Result<void> entered = editor.enter(form_);
    if (!entered) {
      Error error = std::move(entered).error();
      error.subject = fmt::format("{}: {}", subject_, error.subject);
      return error;
    }
    return std::move(graph_);
  }

 private:
  // The next line that says something: neither empty nor a comment.
  std::optional<TextCursor> next_line() {
    while (offset_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', offset_), text_.size());
      std::string_view line = text_.substr(offset_, end - offset_);
      offset_ = end + 1;
      ++line_number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      TextCursor cursor(subject_, line, line_number_);
      cursor.skip_spaces();
      if (!cursor.at_end() && !cursor.accept("#")) return cursor;
    }
    return std::nullopt;
  }

  Result<void> read_header() {
    std::optional<TextCursor> line = next_line();
    if (!line) return TextCursor(subject_, "", 1).corrupt("is empty");
    if (!line->accept(kMagic)) {
      return line->error(ErrorCode::kCorrupt, "is not a graph: expected 'tessera-graph 1'",
                         "print_graph() writes graphs as text");
    }
    if (line->rest_of_word() != kVersion)
      return line->error(ErrorCode::kUnsupported, "another version of graph text than 1");
    line = next_line();
    if (!line || !line->accept("stage "))
      return line.value_or(TextCursor(subject_, "", line_number_)).corrupt("expected 'stage'");
    TESSERA_TRY(const std::string_view name, line->word("a stage"));
    for (uint8_t i = 0; to_string(GraphForm{i}) != "?"; ++i) {
      if (to_string(GraphForm{i}) != name) continue;
      form_ = GraphForm{i};
      return line->expect_end();
    }
    return line->corrupt(fmt::format("unknown stage '{}'", name));
  }

  // Weights come last in the text but are needed first.
  Result<void> read_weights() {
    const size_t offset = offset_;
    const int64_t line_number = line_number_;
    bool inside = false;
    for (std::optional<TextCursor> line = next_line(); line; line = next_line()) {
      if (inside) {
        TESSERA_TRY_VOID(weights_.read(*line));
      } else if (line->accept("weights")) {
        TESSERA_TRY_VOID(line->expect_end());
        inside = true;
      }
    }
    offset_ = offset;
    line_number_ = line_number;
    return {};
  }

  // output "name" = %3
  Result<void> read_output(TextCursor& line) {
    line.skip_spaces();
    TESSERA_TRY(std::string name, line.quoted("the output's name"));
    TESSERA_TRY_VOID(line.expect("="));
    line.skip_spaces();
    TESSERA_TRY(const NodeId node, read_operand(line));
    TESSERA_TRY_VOID(line.expect_end());
    GraphEditor(graph_, "parse").add_output(std::move(name), node);
    return {};
  }

  // basis @ab12[64,64] "name" "name"
  Result<void> read_basis(TextCursor& line) {
    const TextCursor begin = line;
    ChangedBasis basis;
    line.skip_spaces();
    TESSERA_TRY_VOID(FieldReader(line, weights_).read(basis.matrix));
    do {
      line.skip_spaces();
      TESSERA_TRY(std::string value, line.quoted("a value's name"));
      basis.values.push_back(std::move(value));
      line.skip_spaces();
    } while (!line.at_end());
    Result<void> recorded = GraphEditor(graph_, "parse").record_basis(std::move(basis));
    if (!recorded) return begin.error(ErrorCode::kInvalidModel, recorded.error().to_string());
    return {};
  }

  // %3 = conv(%1) weight=@ab12[64,1,1,3] -> [64,1,1999] "name" from "source" by "rule"
  Result<void> read_node(TextCursor& line) {
    const TextCursor begin = line;
    if (!line.accept("%"))
      return line.corrupt("expected a node ('%'), 'output', 'basis' or 'weights'");
    TESSERA_TRY(const std::string_view label, line.word("a label"));
    if (labels_.contains(std::string(label)))
      return begin.corrupt(fmt::format("label '%{}' is given twice", label));
    if (graph_.id_limit() >= limits_.nodes) {
      return begin.error(ErrorCode::kResourceLimit,
                         fmt::format("more than {} nodes", limits_.nodes));
    }
    TESSERA_TRY_VOID(line.expect("="));
    line.skip_spaces();
    TESSERA_TRY(Op op, read_op_name(line));
    TESSERA_TRY(std::vector<NodeId> operands, read_operands(line));
    TESSERA_TRY_VOID(read_fields(line, op));
    line.skip_spaces();
    Shape shape;
    TESSERA_TRY_VOID(FieldReader(line, weights_).read(shape));
    TESSERA_TRY(const Provenance provenance, read_provenance(line));
    TESSERA_TRY(const NodeId id, add(begin, std::move(op), std::move(operands), provenance));
    if (graph_.node(id).shape != shape) {
      return begin.error(ErrorCode::kInvalidModel,
                         fmt::format("states shape {}, its operands give {}", to_string(shape),
                                     to_string(graph_.node(id).shape)));
    }
    labels_.emplace(std::string(label), id);
    return {};
  }

  struct Provenance {
    std::string name;
    Origin origin;
  };

  Result<NodeId> add(const TextCursor& at, Op op, std::vector<NodeId> operands,
                     const Provenance& provenance) {
    if (graph_.find(provenance.name) != kNoNode || provenance.name.empty())
      return at.corrupt(fmt::format("node name '{}' is empty or taken", provenance.name));
    GraphEditor editor(graph_, provenance.origin.rule);
    Result<NodeId> id =
        editor.add(std::move(op), std::move(operands), provenance.name, provenance.origin.source);
    if (!id) return at.error(id.error().code, id.error().to_string());
    editor.derive(*id, provenance.origin.derived);
    return id;
  }

  static Result<Op> read_op_name(TextCursor& line) {
    const TextCursor begin = line;
    TESSERA_TRY(const std::string_view name, line.word("an operation"));
    std::optional<Op> op = op_prototype(name);
    if (!op) return begin.corrupt(fmt::format("unknown operation '{}'", name));
    return std::move(*op);
  }

  Result<NodeId> read_operand(TextCursor& line) {
    const TextCursor begin = line;
    if (!line.accept("%")) return line.corrupt("expected an operand: '%' and a label");
    TESSERA_TRY(const std::string_view label, line.word("a label"));
    const auto found = labels_.find(std::string(label));
    if (found == labels_.end())
      return begin.corrupt(fmt::format("'%{}' is not defined above", label));
    return found->second;
  }

  Result<std::vector<NodeId>> read_operands(TextCursor& line) {
    std::vector<NodeId> operands;
    TESSERA_TRY_VOID(line.expect("("));
    if (line.accept(")")) return operands;
    do {
      line.skip_spaces();
      TESSERA_TRY(const NodeId operand, read_operand(line));
      operands.push_back(operand);
    } while (line.accept(","));
    TESSERA_TRY_VOID(line.expect(")"));
    return operands;
  }

  // name=value ... up to and with "->".
  Result<void> read_fields(TextCursor& line, Op& op) {
    std::unordered_set<std::string> seen;
    for (line.skip_spaces(); !line.accept("->"); line.skip_spaces()) {
      const TextCursor begin = line;
      TESSERA_TRY(const std::string_view name, line.word("a field or '->'"));
      if (!seen.insert(std::string(name)).second)
        return begin.corrupt(fmt::format("field '{}' is given twice", name));
      TESSERA_TRY_VOID(line.expect("="));
      bool known = false;
      Result<void> read;
      std::visit(
          [&](auto& alternative) {
            fields(alternative, [&](std::string_view field_name, auto& field) {
              if (field_name != name) return;
              known = true;
              read = FieldReader(line, weights_).read(field);
            });
          },
          op);
      if (!known) return begin.corrupt(fmt::format("{} has no field '{}'", op_name(op), name));
      TESSERA_TRY_VOID(std::move(read));
    }
    return {};
  }

  // Nothing, or what print_graph() writes behind the rule.
  static Result<DerivedFrom> read_derivation(TextCursor& line) {
    DerivedFrom derived;
    line.skip_spaces();
    for (const DerivedKind kind :
         {DerivedKind::value, DerivedKind::taps, DerivedKind::statistics, DerivedKind::joined}) {
      if (!line.accept(fmt::format("{} of", to_string(kind)))) continue;
      derived.kind = kind;
      do {
        line.skip_spaces();
        TESSERA_TRY(std::string value, line.quoted("a value's name"));
        derived.values.push_back(std::move(value));
        line.skip_spaces();
      } while (line.comes("\""));
      break;
    }
    if (line.accept("from channel ")) {
      TESSERA_TRY(derived.first_channel, line.integer("a channel"));
      line.skip_spaces();
    }
    derived.partial_sum = line.accept("partial");
    return derived;
  }

  static Result<Provenance> read_provenance(TextCursor& line) {
    Provenance result;
    line.skip_spaces();
    TESSERA_TRY(result.name, line.quoted("the node's name"));
    TESSERA_TRY_VOID(line.expect("from"));
    line.skip_spaces();
    TESSERA_TRY(result.origin.source, line.quoted("the origin"));
    TESSERA_TRY_VOID(line.expect("by"));
    line.skip_spaces();
    TESSERA_TRY(result.origin.rule, line.quoted("the rule"));
    TESSERA_TRY(result.origin.derived, read_derivation(line));
    TESSERA_TRY_VOID(line.expect_end());
    return result;
  }

  std::string_view text_;
  std::string_view subject_;
  GraphTextLimits limits_;
  size_t offset_ = 0;  // of the next line
  int64_t line_number_ = 0;
  GraphForm form_ = GraphForm::importing;
  WeightReader weights_;
  std::unordered_map<std::string, NodeId> labels_;
  Graph graph_;
};

}  // namespace

Result<Graph> parse_graph(std::string_view text, std::string_view subject,
                          const GraphTextLimits& limits) {
  return GraphParser(text, subject, limits).parse();
}

}  // namespace tessera
