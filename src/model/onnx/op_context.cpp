#include "model/onnx/op_context.h"

#include <fmt/format.h>

#include "model/onnx/printable.h"
#include "model/onnx/proto.h"

namespace tessera::onnx_import {
namespace {

// Elements that folding may make over a whole file: far above shape arithmetic and weight
// preparation of real networks.
constexpr int64_t kFoldingBudget = int64_t{1} << 27;
constexpr int64_t kMaxGraphNodes = 100'000;

}  // namespace

OpContext::OpContext(ReadState& state, const onnx::NodeProto& node, Attributes attributes,
                     std::vector<Value> inputs)
    : state_(state), node_(node), attributes_(std::move(attributes)), inputs_(std::move(inputs)) {}

const std::string& OpContext::op_type() const {
  return node_.op_type();
}

size_t OpContext::output_count() const {
  return static_cast<size_t>(node_.output_size());
}

const Value& OpContext::input(size_t i) const {
  static const Value kAbsent;
  return i < inputs_.size() ? inputs_[i] : kAbsent;
}

Result<Value> OpContext::required(size_t i) const {
  if (has_input(i) && !input(i).predicate) return input(i);
  if (input(i).predicate) {
    return unsupported("reads the outcome of a comparison", "only Where may read one");
  }
  return invalid(fmt::format("has no input {}", i));
}

Result<ConstArray> OpContext::required_constant(size_t i, std::string_view what) const {
  TESSERA_TRY(const Value value, required(i));
  if (value.is_constant()) {
    const ConstArray& array = value.constant();
    if (array.stored_size() < array.size() && array.size() > kMaxFoldedElements) {
      return TESSERA_ERROR(
          kResourceLimit, subject(),
          fmt::format("its {} repeats one value to {} elements", what, array.size()), "");
    }
    if (array.stored_size() < array.size()) TESSERA_TRY_VOID(spend(array.size()));
    return array;
  }
  return unsupported(fmt::format("its {} is computed by the network, not known beforehand", what),
                     "export the model in evaluation mode, or with a fixed input size");
}

const onnx::AttributeProto* OpContext::attribute(const std::string& name) const {
  const auto found = attributes_.find(name);
  return found == attributes_.end() ? nullptr : found->second;
}

int64_t OpContext::integer(const std::string& name, int64_t fallback) const {
  const auto* a = attribute(name);
  return a ? a->i() : fallback;
}

double OpContext::real(const std::string& name, double fallback) const {
  const auto* a = attribute(name);
  return a ? static_cast<double>(a->f()) : fallback;
}

std::string OpContext::text(const std::string& name, const std::string& fallback) const {
  const auto* a = attribute(name);
  return a ? a->s() : fallback;
}

std::vector<int64_t> OpContext::integers(const std::string& name) const {
  const auto* a = attribute(name);
  if (!a) return {};
  return {a->ints().begin(), a->ints().end()};
}

std::vector<double> OpContext::reals_of(const onnx::AttributeProto& attribute) {
  return {attribute.floats().begin(), attribute.floats().end()};
}

Result<std::vector<int64_t>> OpContext::integers_from(const std::string& name, size_t index,
                                                      std::string_view what) const {
  if (has_attribute(name)) return integers(name);
  if (!has_input(index)) return std::vector<int64_t>{};
  TESSERA_TRY(const ConstArray array, required_constant(index, what));
  if (array.size() > 64) return invalid(fmt::format("its {} has {} entries", what, array.size()));
  return array.integer_list();
}

std::string OpContext::subject() const {
  std::string name = node_.name();
  if (name.empty() && node_.output_size() > 0) name = node_.output(0);
  const std::string op = node_.domain().empty() || node_.domain() == "ai.onnx"
                             ? node_.op_type()
                             : node_.domain() + "." + node_.op_type();
  return fmt::format("node '{}' ({})", printable(name), printable(op));
}

Error OpContext::unsupported(std::string message, std::string hint) const {
  return TESSERA_ERROR(kUnsupported, subject(), std::move(message), std::move(hint));
}

Error OpContext::invalid(std::string message, std::string hint) const {
  return TESSERA_ERROR(kInvalidModel, subject(), std::move(message), std::move(hint));
}

Error OpContext::located(Error error) const {
  error.subject = subject();
  return error;
}

Result<void> OpContext::spend(int64_t elements) const {
  if (elements > kFoldingBudget - state_.folded_elements) {
    return TESSERA_ERROR(
        kResourceLimit, subject(),
        fmt::format("computing constants took more than {} elements", kFoldingBudget),
        "export the model with constant folding");
  }
  state_.folded_elements += elements;
  return {};
}

Result<Value> OpContext::folded(Result<ConstArray> array) {
  if (!array) return located(std::move(array).error());
  if (!array->is_splat()) TESSERA_TRY_VOID(spend(array->stored_size()));
  return Value::of(std::move(array).value());
}

Result<NodeId> OpContext::add(Op op, std::vector<NodeId> inputs) {
  if (graph().id_limit() > kMaxGraphNodes) {
    return TESSERA_ERROR(kResourceLimit, subject(),
                         fmt::format("the graph has more than {} nodes", kMaxGraphNodes), "");
  }
  std::string name = node_.name();
  if (name.empty() && node_.output_size() > 0) name = node_.output(0);
  name = printable(std::move(name));
  const std::string source = name;
  const int uses = state_.names[name]++;
  if (uses > 0) name = fmt::format("{}.{}", name, uses);
  Result<NodeId> id = state_.editor.add(std::move(op), std::move(inputs), std::move(name), source);
  if (!id) return located(std::move(id).error());
  return id;
}

Result<Value> OpContext::elementwise(Op op, const Value& like) {
  TESSERA_TRY(const NodeId node, add(std::move(op), {like.node}));
  return Value::of(node, like.view);
}

Result<size_t> OpContext::axis(int64_t axis, size_t rank) const {
  const auto limit = static_cast<int64_t>(rank);
  if (axis < -limit || axis >= limit)
    return invalid(fmt::format("axis {} is outside the {} dimensions of its input", axis, rank));
  return static_cast<size_t>(axis < 0 ? axis + limit : axis);
}

}  // namespace tessera::onnx_import
