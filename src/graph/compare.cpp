#include "graph/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "graph/canonical.h"
#include "graph/fields.h"

namespace tessera {
namespace {

// For eps and other real attributes. Absolute: exporters may drop an eps of 1e-8 altogether.
constexpr double kRealTolerance = 1e-6;  // relative
constexpr double kTinyReal = 1e-7;

// Largest |a - b|; infinity where only one is NaN. `at` becomes the flat index of the largest.
double largest_difference(const Tensor& a, const Tensor& b, int64_t& at) {
  double largest = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    double difference = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (std::isnan(difference)) difference = std::numeric_limits<double>::infinity();
    if (difference > largest) {
      largest = difference;
      at = i;
    }
  }
  return largest;
}

bool equal(int64_t a, int64_t b) {
  return a == b;
}
bool equal(bool a, bool b) {
  return a == b;
}
bool equal(double a, double b) {
  return std::abs(a - b) <=
         std::max(kTinyReal, kRealTolerance * std::max(std::abs(a), std::abs(b)));
}
template <typename T>
bool equal(const T& a, const T& b) {
  return a == b;
}

std::string shown(int64_t x) {
  return std::to_string(x);
}
std::string shown(bool x) {
  return x ? "true" : "false";
}
std::string shown(double x) {
  return fmt::format("{}", x);
}
std::string shown(Axis x) {
  return std::string(to_string(x));
}
std::string shown(const Shape& x) {
  return to_string(x);
}
std::string shown(const Extent& x) {
  return fmt::format("h {} w {}", x.h, x.w);
}
std::string shown(const Padding& x) {
  return fmt::format("top {} bottom {} left {} right {}", x.top, x.bottom, x.left, x.right);
}

class Comparison {
 public:
  Comparison(const Graph& a, const Graph& b, double weight_tolerance)
      : a_(a), b_(b), weight_tolerance_(weight_tolerance) {}

  GraphDifference run() {
    const size_t count_a = static_cast<size_t>(a_.id_limit());
    const size_t count_b = static_cast<size_t>(b_.id_limit());
    for (size_t i = 0; i < std::min(count_a, count_b) && structure_.empty(); ++i)
      compare_nodes(a_.node(NodeId{static_cast<int32_t>(i)}),
                    b_.node(NodeId{static_cast<int32_t>(i)}));
    if (structure_.empty() && count_a != count_b)
      structure_ = fmt::format("{} nodes against {}", count_a, count_b);
    if (structure_.empty()) compare_outputs();
    GraphDifference result;
    result.text = structure_.empty() ? weights_ : structure_;
    result.same = result.text.empty();
    result.max_weight_difference = max_weight_difference_;
    return result;
  }

 private:
  void compare_nodes(const Node& a, const Node& b) {
    where_ = fmt::format("node {} ({} '{}' against {} '{}')", index_of(a.id), op_name(a.op), a.name,
                         op_name(b.op), b.name);
    if (op_name(a.op) != op_name(b.op)) return differ("different ops");
    std::visit(
        [&](const auto& op_a) {
          using T = std::remove_cvref_t<decltype(op_a)>;
          compare_fields(op_a, std::get<T>(b.op));
        },
        a.op);
    if (a.inputs != b.inputs) differ("different operands");
    if (a.shape != b.shape)
      differ(fmt::format("result {} against {}", to_string(a.shape), to_string(b.shape)));
  }

  template <typename T>
  void compare_fields(const T& a, const T& b) {
    // Walks both ops in step: the n-th field of one against the n-th of the other.
    size_t index_a = 0;
    fields(a, [&](std::string_view name, const auto& field_a) {
      size_t index_b = 0;
      fields(b, [&](std::string_view, const auto& field_b) {
        if constexpr (std::is_same_v<decltype(field_a), decltype(field_b)>) {
          if (index_a == index_b) compare_field(name, field_a, field_b);
        }
        ++index_b;
      });
      ++index_a;
    });
  }

  void compare_field(std::string_view name, const Tensor& a, const Tensor& b) {
    if (a.dims() != b.dims()) {
      return differ(fmt::format("{} {} against {}", name, dims_to_string(a.dims()),
                                dims_to_string(b.dims())));
    }
    if (a.same_storage(b)) return;
    int64_t at = 0;
    const double difference = largest_difference(a, b, at);
    max_weight_difference_ = std::max(max_weight_difference_, difference);
    if (difference > weight_tolerance_ && weights_.empty()) {
      weights_ = fmt::format("{}: {} element {} is {} against {}, tolerance {}", where_, name, at,
                             a[at], b[at], weight_tolerance_);
    }
  }

  template <typename T>
  void compare_field(std::string_view name, const T& a, const T& b) {
    if (!equal(a, b)) differ(fmt::format("{} {} against {}", name, shown(a), shown(b)));
  }

  void compare_outputs() {
    where_ = "graph";
    if (a_.outputs().size() != b_.outputs().size()) {
      return differ(fmt::format("{} outputs against {}", a_.outputs().size(), b_.outputs().size()));
    }
    for (size_t i = 0; i < a_.outputs().size(); ++i) {
      if (a_.outputs()[i].node != b_.outputs()[i].node)
        differ(fmt::format("output {} is another node", i));
    }
  }

  void differ(std::string text) {
    if (structure_.empty()) structure_ = fmt::format("{}: {}", where_, text);
  }

  const Graph& a_;
  const Graph& b_;
  double weight_tolerance_;
  double max_weight_difference_ = 0;
  std::string where_;      // the node being compared
  std::string structure_;  // first difference in ops, attributes or operands
  std::string weights_;    // first weight beyond the tolerance
};

}  // namespace

GraphDifference compare_graphs(const Graph& a, const Graph& b, double weight_tolerance) {
  const Result<Graph> canonical_a = canonical_order(a);
  if (!canonical_a) return {false, "first graph: " + canonical_a.error().to_string(), 0};
  const Result<Graph> canonical_b = canonical_order(b);
  if (!canonical_b) return {false, "second graph: " + canonical_b.error().to_string(), 0};
  return Comparison(*canonical_a, *canonical_b, weight_tolerance).run();
}

}  // namespace tessera
