#include "model/onnx/reader.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/input_layout.h"
#include "model/onnx/layout_choices.h"
#include "model/onnx/needed_nodes.h"
#include "model/onnx/op_context.h"
#include "model/onnx/op_families.h"
#include "model/onnx/overlap_add.h"
#include "model/onnx/printable.h"
#include "model/onnx/proto.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

constexpr int64_t kMaxNodes = 500'000;  // ONNX nodes evaluated, functions counted at each call

// Names to values; a branch sees the names around it, a function does not.
struct Scope {
  const Scope* outer = nullptr;
  std::unordered_map<std::string, Value> values;
  std::unordered_map<std::string, const onnx::TensorProto*> initializers;
  Attributes attributes;  // of the function call this scope belongs to
  int depth = 0;
};

const std::unordered_map<std::string_view, OpReader>& op_table() {
  static const auto table = [] {
    std::unordered_map<std::string_view, OpReader> t;
    for (const OpFamily& family : op_families()) {
      for (const OpEntry& entry : family.ops) {
        if (entry.read) t.emplace(entry.name, entry.read);
      }
    }
    return t;
  }();
  return table;
}

Error refuse_op(const OpContext& context) {
  const std::string& op = context.op_type();
  const auto any_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), op) != names.end();
  };
  if (any_of({"GRU", "LSTM", "RNN"})) {
    return context.unsupported("is a recurrent layer, which Tessera does not run",
                               "Tessera reads convolutional networks; run this model in ONNX "
                               "Runtime");
  }
  if (op.find("Quantize") != std::string::npos || op.starts_with("QLinear") ||
      op.ends_with("Integer")) {
    return context.unsupported("belongs to a quantised model",
                               "give the float model; Tessera quantises it itself");
  }
  if (op.find("Attention") != std::string::npos) {
    return context.unsupported("is an attention layer, which Tessera does not run",
                               "Tessera reads convolutional networks; run this model in ONNX "
                               "Runtime");
  }
  if (any_of({"Loop", "Scan"})) {
    return context.unsupported("is a loop, which Tessera does not unroll",
                               "export the model without loops over time");
  }
  return context.unsupported("is an operation that Tessera does not read",
                             "docs/onnx.md lists the operations it reads");
}

class Evaluation {
 public:
  explicit Evaluation(ReadState& state) : state_(state) {
    for (const auto& f : state.file.proto().functions())
      functions_.emplace(f.domain() + ":" + f.name(), &f);
  }

  Result<void> run(const ProtoNodes& nodes, std::unordered_set<std::string> wanted, Scope& scope) {
    for (const onnx::NodeProto* node : needed_nodes(nodes, std::move(wanted))) {
      if (++state_.nodes_read > kMaxNodes) {
        return TESSERA_ERROR(kResourceLimit, state_.file.name(),
                             fmt::format("evaluates more than {} nodes", kMaxNodes), "");
      }
      TESSERA_TRY_VOID(read_node(*node, scope));
    }
    return {};
  }

  // nothing when no such name is known.
  Result<std::optional<Value>> find(const std::string& name, const Scope& scope) {
    for (const Scope* s = &scope; s; s = s->outer) {
      const auto value = s->values.find(name);
      if (value != s->values.end()) return std::optional(value->second);
      const auto tensor = s->initializers.find(name);
      if (tensor != s->initializers.end()) {
        TESSERA_TRY(ConstArray array, state_.file.tensor(*tensor->second, name));
        return std::optional(Value::of(std::move(array)));
      }
    }
    return std::optional<Value>();
  }

 private:
  Result<OpContext> context_for(const onnx::NodeProto& node, const Scope& scope) {
    Attributes attributes;
    for (const auto& a : node.attribute()) {
      if (a.ref_attr_name().empty()) {
        attributes[a.name()] = &a;
        continue;
      }
      const auto given = scope.attributes.find(a.ref_attr_name());
      if (given != scope.attributes.end()) attributes[a.name()] = given->second;
    }
    std::vector<Value> inputs;
    for (const std::string& name : node.input()) {
      if (name.empty()) {
        inputs.emplace_back();
        continue;
      }
      TESSERA_TRY(std::optional<Value> value, find(name, scope));
      if (!value) {
        const OpContext bare(state_, node, {}, {});
        return bare.invalid(
            fmt::format("reads '{}', which nothing before it makes", printable(name)),
            "the file's nodes are out of order or form a cycle; export the model again");
      }
      inputs.push_back(std::move(*value));
    }
    return OpContext(state_, node, std::move(attributes), std::move(inputs));
  }

  Result<void> read_node(const onnx::NodeProto& node, Scope& scope) {
    TESSERA_TRY(OpContext context, context_for(node, scope));
    Result<Values> results = evaluate(node, context, scope);
    if (!results) {
      Error error = std::move(results).error();
      if (error.subject.empty()) error.subject = context.subject();
      return error;
    }
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      const auto k = static_cast<size_t>(i);
      if (k < results->size()) scope.values[node.output(i)] = std::move((*results)[k]);
    }
    return {};
  }

  Result<Values> evaluate(const onnx::NodeProto& node, OpContext& context, const Scope& scope) {
    const auto function = functions_.find(node.domain() + ":" + node.op_type());
    if (function != functions_.end()) return call(*function->second, context, scope);
    const bool known_domain =
        node.domain().empty() || node.domain() == "ai.onnx" || node.domain() == "com.microsoft";
    if (known_domain && node.op_type() == "If") return branch(context, scope);
    const auto reader = op_table().find(node.op_type());
    if (!known_domain || reader == op_table().end()) return refuse_op(context);
    return reader->second(context);
  }

  Result<Values> call(const onnx::FunctionProto& function, OpContext& context, const Scope& outer) {
    Scope scope;
    scope.depth = outer.depth + 1;
    if (scope.depth > kMaxDepth)
      return context.invalid("functions call each other too deeply, or themselves");
    for (const std::string& name : function.attribute()) {
      if (const auto* a = context.attribute(name)) scope.attributes[name] = a;
    }
    for (int i = 0; i < function.input_size(); ++i) {
      const Value& value = context.input(static_cast<size_t>(i));
      if (!value.absent()) scope.values[function.input(i)] = value;
    }
    std::unordered_set<std::string> wanted(function.output().begin(), function.output().end());
    const int64_t opset = state_.opset;
    for (const auto& import : function.opset_import()) {
      if (import.domain().empty() || import.domain() == "ai.onnx") state_.opset = import.version();
    }
    TESSERA_TRY_VOID(run(function.node(), std::move(wanted), scope));
    state_.opset = opset;
    Values results;
    for (const std::string& name : function.output()) {
      TESSERA_TRY(std::optional<Value> value, find(name, scope));
      if (!value)
        return context.invalid(fmt::format("its function never makes '{}'", printable(name)));
      results.push_back(std::move(*value));
    }
    return results;
  }

  Result<Values> branch(OpContext& context, const Scope& outer) {
    const Value& condition = context.input(0);
    if (!condition.is_constant() || condition.constant().size() != 1) {
      return context.unsupported("chooses a branch by what the network computes",
                                 "export the model for one fixed input shape");
    }
    const char* which = condition.constant().integer_at(0) != 0 ? "then_branch" : "else_branch";
    const auto* a = context.attribute(which);
    if (!a || !a->has_g()) return context.invalid(fmt::format("has no {}", which));
    Scope scope;
    scope.outer = &outer;
    scope.attributes = outer.attributes;
    scope.depth = outer.depth + 1;
    if (scope.depth > kMaxDepth) return context.invalid("branches are nested too deeply");
    for (const auto& t : a->g().initializer()) scope.initializers[t.name()] = &t;
    std::unordered_set<std::string> wanted;
    for (const auto& output : a->g().output()) wanted.insert(output.name());
    TESSERA_TRY_VOID(run(a->g().node(), std::move(wanted), scope));
    Values results;
    for (const auto& output : a->g().output()) {
      TESSERA_TRY(std::optional<Value> value, find(output.name(), scope));
      if (!value)
        return context.invalid(
            fmt::format("its branch never makes '{}'", printable(output.name())));
      results.push_back(std::move(*value));
    }
    return results;
  }

  ReadState& state_;
  std::unordered_map<std::string, const onnx::FunctionProto*> functions_;
};

IoLayout io_layout(const std::string& name, const Shape& shape, const View& view) {
  IoLayout layout;
  layout.name = name;
  layout.shape = shape;
  for (const ViewDim& dim : view) {
    std::vector<IoFactor> factors;
    for (const Atom& a : dim.atoms) {
      if (!a.batch) factors.push_back({a.axis, a.size, a.stride});
    }
    layout.dims.push_back(std::move(factors));
  }
  return layout;
}

// A network of a wave that gives frames written one after the other gives a wave.
Result<Value> frames_as_wave(OpContext& context, Value y) {
  const Shape& input = context.shape(context.graph().inputs()[0]);
  if (input.c != 1 || input.h != 1) return y;
  for (size_t i = 0; i < y.rank(); ++i) {
    if (2 * y.view[i].size() <= input.w) continue;
    TESSERA_TRY(std::optional<Value> wave, interleaved(context, y, i));
    if (wave) y = std::move(*wave);
  }
  return y;
}

struct Attempt {
  Result<ReadResult> result;
  int64_t nodes_read;
};

Result<void> read_into(ReadResult& result, ReadState& state,
                       const std::vector<InputLayout>& layouts,
                       const std::vector<const onnx::ValueInfoProto*>& inputs) {
  const onnx::GraphProto& proto = state.file.proto().graph();
  Scope scope;
  for (const auto& t : proto.initializer()) {
    if (!scope.initializers.emplace(t.name(), &t).second) {
      return TESSERA_ERROR(kInvalidModel, fmt::format("tensor '{}'", printable(t.name())),
                           "is defined twice", "");
    }
  }
  int64_t rows = 1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string& name = inputs[i]->name();
    const std::string shown = printable(name);
    TESSERA_TRY(const NodeId node, state.editor.add(Input{layouts[i].shape}, {}, shown, shown));
    scope.values[name] = Value::of(node, layouts[i].view);
    state.names[shown] = 1;
    result.inputs.push_back(io_layout(shown, layouts[i].shape, layouts[i].view));
    for (const ViewDim& dim : layouts[i].view) {
      if (dim.has_batch()) rows = dim.size();
    }
    state.notes.insert(state.notes.end(), layouts[i].notes.begin(), layouts[i].notes.end());
  }
  Evaluation evaluation(state);
  std::unordered_set<std::string> wanted;
  for (const auto& output : proto.output()) wanted.insert(output.name());
  TESSERA_TRY_VOID(evaluation.run(proto.node(), std::move(wanted), scope));
  for (const auto& output : proto.output()) {
    TESSERA_TRY(std::optional<Value> value, evaluation.find(output.name(), scope));
    if (!value || !value->is_tensor()) {
      return TESSERA_ERROR(kInvalidModel, fmt::format("output '{}'", printable(output.name())),
                           "does not depend on the input", "");
    }
    onnx::NodeProto end;
    end.set_name(output.name());
    end.set_op_type("Output");
    OpContext context(state, end, {}, {});
    TESSERA_TRY(Value y, materialised(context, *value));
    TESSERA_TRY(y, frames_as_wave(context, std::move(y)));
    TESSERA_TRY_VOID(check_rows(printable(output.name()), y.view, rows));
    state.editor.add_output(printable(output.name()), y.node);
    result.outputs.push_back(io_layout(printable(output.name()), context.shape(y.node), y.view));
  }
  result.notes = state.notes;
  return {};
}

Attempt attempt(ModelFile& file, const std::vector<InputLayout>& layouts,
                const std::vector<const onnx::ValueInfoProto*>& inputs) {
  ReadResult result;
  GraphEditor editor(result.graph, "import");
  ReadState state{file, editor, 0, 0, 0, {}, {}};
  for (const auto& import : file.proto().opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") state.opset = import.version();
  }
  Result<void> read = read_into(result, state, layouts, inputs);
  if (!read) return {std::move(read).error(), state.nodes_read};
  return {std::move(result), state.nodes_read};
}

Result<ReadResult> read_at_length(ModelFile& file, const ReadOptions& options) {
  const onnx::GraphProto& graph = file.proto().graph();
  std::unordered_set<std::string> initialised;
  for (const auto& t : graph.initializer()) initialised.insert(t.name());
  std::vector<const onnx::ValueInfoProto*> inputs;
  std::vector<std::string> unread;
  const std::unordered_set<std::string> read = names_read(graph);
  for (const auto& info : graph.input()) {
    if (initialised.contains(info.name())) continue;
    if (read.contains(info.name())) {
      inputs.push_back(&info);
    } else {
      unread.push_back(printable(info.name()));
    }
  }
  if (inputs.empty() && (unread.empty() || graph.output().empty()))
    return TESSERA_ERROR(kInvalidModel, file.name(), "has no input", "");
  if (inputs.empty()) {
    return TESSERA_ERROR(kInvalidModel,
                         fmt::format("output '{}'", printable(graph.output(0).name())),
                         "does not depend on the input", "");
  }
  TESSERA_TRY(const auto choices, layout_choices(inputs, options));
  std::optional<Attempt> best;
  int64_t nodes_read = 0;
  for (const std::vector<InputLayout>& layouts : choices) {
    Attempt next = attempt(file, layouts, inputs);
    if (next.result) {
      for (const std::string& name : unread) {
        next.result->notes.push_back(
            fmt::format("input '{}' is left out: nothing in the file reads it", name));
      }
      next.result->unread_inputs = std::move(unread);
      next.result->leading_input = leading_input(layouts);
      next.result->length_is_fixed =
          std::none_of(layouts.begin(), layouts.end(),
                       [](const InputLayout& layout) { return layout.open_length; });
      return std::move(next.result);
    }
    nodes_read += next.nodes_read;
    if (!best || next.nodes_read > best->nodes_read) best.emplace(std::move(next));
    if (nodes_read > kMaxNodes) break;
  }
  return std::move(best->result);
}

}  // namespace

Result<ReadResult> read_graph(ModelFile& file, const ReadOptions& options) {
  Result<ReadResult> result = read_at_length(file, options);
  if (result || !options.length) return result;
  // Which axis time is, only a layout that reads tells.
  const Result<ReadResult> own = read_at_length(file, {std::nullopt, options.default_length});
  if (!own || !own->length_is_fixed) return result;
  const IoLayout& leading = own->inputs[own->leading_input];
  if (leading.shape.w == *options.length) return result;
  return TESSERA_ERROR(kInvalidArgument, fmt::format("input '{}'", leading.name),
                       fmt::format("is exported for a length of {}, {} was asked for",
                                   leading.shape.w, *options.length),
                       "ask for no other length, or export the model with an open time dimension");
}

}  // namespace tessera::onnx_import
