#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "graph/subgraph.h"
#include "plan/tile_graph.h"

namespace tessera {
namespace {

Extent transposed(const Extent& e) {
  return {e.w, e.h};
}
// Of one row the next is never reached; stripes stand where rows would.
Extent transposed_stride(const Extent& e) {
  return {e.w, 1};
}
Padding transposed(const Padding& p) {
  return {p.left, p.right, p.top, p.bottom};
}

// [O, I, kh, kw] -> [O, I, kw, kh]; one of the two is 1, so the values keep their order.
Tensor transposed(const Tensor& weight) {
  return weight.reshaped({weight.dim(0), weight.dim(1), weight.dim(3), weight.dim(2)});
}

// The op with H and W exchanged. Ops without the two axes are their own.
struct Turn {
  template <typename T>
  Op operator()(T op) const {
    if constexpr (requires {
                    op.weight.dims();
                    op.dilation;
                  }) {
      op.weight = transposed(op.weight);
      op.stride = transposed_stride(op.stride);
      op.dilation = transposed(op.dilation);
      if constexpr (requires { op.crop; }) {
        op.crop = transposed(op.crop);
        op.extra = transposed(op.extra);
      } else {
        op.padding = transposed(op.padding);
      }
    } else if constexpr (requires { op.padding; }) {
      op.padding = transposed(op.padding);
      if constexpr (requires { op.kernel; }) {
        op.kernel = transposed(op.kernel);
        op.stride = transposed_stride(op.stride);
      }
    }
    return op;
  }
  Op operator()(Slice op) const {
    if (op.axis != Axis::c) op.axis = op.axis == Axis::w ? Axis::h : Axis::w;
    return op;
  }
  Op operator()(Concat op) const {
    if (op.axis != Axis::c) op.axis = op.axis == Axis::w ? Axis::h : Axis::w;
    return op;
  }
  Op operator()(Reduce op) const {
    std::swap(op.over_h, op.over_w);
    return op;
  }
};

// Whether a window reaches over rows, or beside the only one: in stripes it would reach a
// neighbour.
struct SpansRows {
  template <typename T>
  bool operator()(const T&) const {
    return false;
  }
  bool operator()(const Conv& op) const {
    return op.weight.dim(2) > 1 || op.padding.top > 0 || op.padding.bottom > 0;
  }
  bool operator()(const ConvTranspose& op) const {
    return op.weight.dim(2) > 1 || op.crop.top > 0 || op.crop.bottom > 0 || op.extra.h > 0;
  }
  bool operator()(const Pool& op) const {
    return op.kernel.h > 1 || op.padding.top > 0 || op.padding.bottom > 0;
  }
};

// A constant is equal for every stripe: one column, which ops broadcast over W. A join does not
// broadcast: for it the column stands once per stripe.
Tensor constant_of_stripes(const Graph& tile, const Node& node, int64_t stripes) {
  const Tensor& value = std::get<Constant>(node.op).value;
  const auto users = tile.users(node.id);
  const bool is_joined = std::any_of(users.begin(), users.end(), [&](NodeId user) {
    return tile.get_if<Concat>(user) != nullptr;
  });
  if (!is_joined) return value.reshaped({node.shape.c, node.shape.w, 1});
  std::vector<float> columns;
  for (float v : value.values()) columns.insert(columns.end(), static_cast<size_t>(stripes), v);
  return Tensor({node.shape.c, node.shape.w, stripes}, std::move(columns));
}

}  // namespace

Result<Graph> to_stripes(const Graph& tile, int64_t stripes) {
  TESSERA_CHECK(stripes >= 1, "at least one stripe");
  Graph result;
  GraphEditor editor(result, "to_stripes");
  SubgraphCopy copy(tile, editor);
  for (NodeId id : tile.order()) {
    const Node& node = tile.node(id);
    const std::string subject = fmt::format("node '{}' ({})", node.name, op_name(node.op));
    if (node.shape.h != 1) {
      return TESSERA_ERROR(kUnsupported, subject,
                           "has several rows: stripes need the rows for time",
                           "choose the row layout: PlanOptions::layout row");
    }
    if (std::visit(SpansRows{}, node.op)) {
      return TESSERA_ERROR(kUnsupported, subject, "has a window over rows",
                           "choose the row layout: PlanOptions::layout row");
    }
    Op op = std::visit(Turn{}, node.op);
    if (auto* input = std::get_if<Input>(&op)) {
      input->shape = {node.shape.c, node.shape.w, stripes};
    } else if (auto* constant = std::get_if<Constant>(&op)) {
      constant->value = constant_of_stripes(tile, node, stripes);
    } else if (const auto* norm = std::get_if<Norm>(&op);
               norm != nullptr && norm->kind != NormKind::batch) {
      return TESSERA_ERROR(kUnsupported, subject, "has statistics, which stripes do not keep apart",
                           "choose the row layout: PlanOptions::layout row");
    }
    TESSERA_TRY_VOID(copy.add(id, std::move(op)));
  }
  copy.add_outputs();
  TESSERA_TRY_VOID(editor.enter(tile.form()));
  return result;
}

}  // namespace tessera
