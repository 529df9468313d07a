#include <bit>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "graph/fields.h"
#include "graph/text_weights.h"
#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string printed(int64_t x) {
  return fmt::format("{}", x);
}
std::string printed(double x) {
  return fmt::format("{}", x);
}
std::string printed(bool x) {
  return x ? "true" : "false";
}
std::string printed(Axis x) {
  return std::string(to_string(x));
}
std::string printed(const Shape& x) {
  return to_string(x);
}
std::string printed(const Extent& x) {
  return fmt::format("[{},{}]", x.h, x.w);
}
std::string printed(const Padding& x) {
  return fmt::format("[{},{},{},{}]", x.top, x.bottom, x.left, x.right);
}

bool same(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}
template <typename T>
bool same(const T& a, const T& b) {
  return a == b;
}

// " name=value" for every field that is not as in a default-made op.
template <typename T>
std::string printed_fields(const T& op, WeightWriter& weights) {
  std::string text;
  const T defaults;
  fields(op, [&](std::string_view name, const auto& field) {
    using Field = std::remove_cvref_t<decltype(field)>;
    if constexpr (std::is_same_v<Field, Tensor>) {
      if (field.empty()) return;
      text += fmt::format(" {}={}[{}]", name, weights.name_of(field), fmt::join(field.dims(), ","));
    } else {
      bool is_default = false;
      fields(defaults, [&](std::string_view default_name, const auto& other) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(other)>, Field>) {
          if (default_name == name) is_default = same(field, other);
        }
      });
      if (!is_default) text += fmt::format(" {}={}", name, printed(field));
    }
  });
  return text;
}

// " taps of \"decoder\" from channel 64 partial"; empty for a node of which nothing is said.
std::string printed_derivation(const DerivedFrom& derived) {
  std::string text;
  if (!derived.values.empty()) {
    text = fmt::format(" {} of", to_string(derived.kind));
    for (const std::string& value : derived.values) text += " " + in_quotes(value);
  }
  if (derived.first_channel) text += fmt::format(" from channel {}", *derived.first_channel);
  if (derived.partial_sum) text += " partial";
  return text;
}

std::string printed_node(const Node& node, std::span<const int64_t> positions,
                         WeightWriter& weights) {
  std::string operands;
  for (NodeId input : node.inputs) {
    operands += fmt::format("{}%{}", operands.empty() ? "" : ", ",
                            positions[static_cast<size_t>(index_of(input))]);
  }
  const std::string attributes =
      std::visit([&](const auto& op) { return printed_fields(op, weights); }, node.op);
  return fmt::format("%{} = {}({}){} -> {} {} from {} by {}{}\n",
                     positions[static_cast<size_t>(index_of(node.id))], op_name(node.op), operands,
                     attributes, to_string(node.shape), in_quotes(node.name),
                     in_quotes(node.origin.source), in_quotes(node.origin.rule),
                     printed_derivation(node.origin.derived));
}

}  // namespace

std::string print_graph(const Graph& graph, const GraphTextOptions& options) {
  const std::vector<NodeId> order = graph.order();
  std::vector<int64_t> positions(static_cast<size_t>(graph.id_limit()), 0);
  for (size_t i = 0; i < order.size(); ++i)
    positions[static_cast<size_t>(index_of(order[i]))] = static_cast<int64_t>(i);
  WeightWriter weights;
  std::string text = fmt::format("tessera-graph 1\nstage {}\n", to_string(graph.form()));
  for (NodeId id : order) text += printed_node(graph.node(id), positions, weights);
  for (const GraphOutput& output : graph.outputs()) {
    text += fmt::format("output {} = %{}\n", in_quotes(output.name),
                        positions[static_cast<size_t>(index_of(output.node))]);
  }
  for (const ChangedBasis& basis : graph.changed_bases()) {
    text += fmt::format("basis {}[{}]", weights.name_of(basis.matrix),
                        fmt::join(basis.matrix.dims(), ","));
    for (const std::string& value : basis.values) text += ' ' + in_quotes(value);
    text += '\n';
  }
  if (options.weights) text += "weights\n" + weights.text();
  return text;
}

}  // namespace tessera
