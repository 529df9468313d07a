#include "model/recognise/norm_algebra.h"

#include <algorithm>
#include <cmath>

#include "model/recognise/coefficients.h"
#include "model/recognise/pattern.h"

namespace tessera {
namespace {

// Float constants such as 1/n are rounded once or twice before they meet.
constexpr double kTolerance = 1e-5;
// Below this a factor of the variance is rounding; n/(n - 1) of a real correction is above it.
constexpr double kUnitTolerance = 1e-6;
constexpr size_t kMaxTerms = 24;
constexpr int8_t kMaxDegree = 4;

Monomial symbol(Symbol s, int8_t power = 1) {
  Monomial m{};
  m[s] = power;
  return m;
}

// Drops terms that cancelled; `scale` is the size of what cancelled.
void tidy(Polynomial& p) {
  std::erase_if(p, [](const auto& term) {
    return std::all_of(term.second.begin(), term.second.end(), [](double v) { return v == 0; });
  });
}

double cancelled(double a, double b) {
  const double sum = a + b;
  return std::abs(sum) <= 1e-7 * (std::abs(a) + std::abs(b)) ? 0 : sum;
}

Polynomial sum(const Polynomial& a, const Polynomial& b, double sign) {
  Polynomial result = a;
  for (const auto& [monomial, coefficient] : b) {
    Coefficients term = coefficient;
    for (double& v : term) v *= sign;
    const auto found = result.find(monomial);
    if (found == result.end())
      result.emplace(monomial, std::move(term));
    else
      found->second = combine(found->second, term, cancelled);
  }
  tidy(result);
  return result;
}

std::optional<Polynomial> product(const Polynomial& a, const Polynomial& b) {
  Polynomial result;
  if (a.size() * b.size() > kMaxTerms * kMaxTerms) return std::nullopt;
  for (const auto& [ma, ca] : a) {
    for (const auto& [mb, cb] : b) {
      Monomial m{};
      for (size_t i = 0; i < m.size(); ++i) {
        m[i] = static_cast<int8_t>(ma[i] + mb[i]);
        if (std::abs(m[i]) > kMaxDegree) return std::nullopt;
      }
      Polynomial term{{m, combine(ca, cb, [](double x, double y) { return x * y; })}};
      result = sum(result, term, 1);
      if (result.size() > kMaxTerms) return std::nullopt;
    }
  }
  return result;
}

// 1/p where p is one term without x, mean or square, which may be 0.
std::optional<Polynomial> inverse(const Polynomial& p) {
  if (p.size() != 1) return std::nullopt;
  const auto& [monomial, coefficient] = *p.begin();
  if (monomial[kX] != 0 || monomial[kMean] != 0 || monomial[kSquare] != 0) return std::nullopt;
  Monomial m{};
  for (size_t i = 0; i < m.size(); ++i) m[i] = static_cast<int8_t>(-monomial[i]);
  Coefficients c = coefficient;
  for (double& v : c) {
    if (v == 0) return std::nullopt;
    v = 1 / v;
  }
  return Polynomial{{m, std::move(c)}};
}

Coefficients coefficients(const Tensor& tensor) {
  if (const std::optional<float> same = uniform(tensor)) return {static_cast<double>(*same)};
  Coefficients result;
  for (float v : tensor.values()) result.push_back(static_cast<double>(v));
  return result;
}

bool is_scalar(const Polynomial& p) {
  return std::all_of(p.begin(), p.end(), [](const auto& t) { return t.second.size() == 1; });
}

double coefficient(const Polynomial& p, const Monomial& m) {
  const auto found = p.find(m);
  return found == p.end() || found->second.size() != 1 ? 0 : found->second[0];
}

// scale*(p - m^2 + eps)
struct Variance {
  double scale = 1;
  double eps = 0;
};
std::optional<Variance> variance_of(const Polynomial& p) {
  double scale = coefficient(p, symbol(kSquare));
  const double constant = coefficient(p, Monomial{});
  const size_t terms = constant == 0 ? 2 : 3;
  if (!(scale > 0) || !is_scalar(p) || p.size() != terms || constant < 0) return std::nullopt;
  if (std::abs(coefficient(p, symbol(kMean, 2)) + scale) > kTolerance * scale) return std::nullopt;
  if (std::abs(scale - 1) < kUnitTolerance) scale = 1;
  return Variance{scale, constant / scale};
}

}  // namespace

NormAlgebra::NormAlgebra(const Graph& graph, NodeId x, NormKind kind)
    : graph_(graph), shape_(graph.node(x).shape), kind_(kind) {
  values_[x] = {{symbol(kX), {1}}};
}

std::optional<Polynomial> NormAlgebra::value_of(NodeId id) const {
  const auto found = values_.find(id);
  if (found != values_.end()) return found->second;
  if (const auto* op = graph_.get_if<Constant>(id)) return constant(op->value);
  return std::nullopt;
}

bool NormAlgebra::learn(NodeId id) {
  std::optional<Polynomial> value = evaluate(graph_.node(id));
  if (!value) return false;
  values_[id] = std::move(*value);
  return true;
}

// One number per channel; or k*n or k/n along time, n = 1, 2, 3, ...
std::optional<Polynomial> NormAlgebra::constant(const Tensor& value) const {
  if (value.dim(1) != 1) return std::nullopt;
  if (value.dim(2) == 1) return Polynomial{{Monomial{}, coefficients(value)}};
  if (value.dim(0) != 1) return std::nullopt;
  for (int8_t power : {int8_t{1}, int8_t{-1}}) {
    const double k = static_cast<double>(value[0]);
    bool matches = k != 0;
    for (int64_t t = 0; t < value.size() && matches; ++t) {
      const double expected = k * std::pow(static_cast<double>(t + 1), power);
      matches =
          std::abs(static_cast<double>(value[t]) - expected) <= kTolerance * std::abs(expected);
    }
    if (matches) return Polynomial{{symbol(kFrames, power), {k}}};
  }
  return std::nullopt;
}

std::optional<Polynomial> NormAlgebra::evaluate(const Node& node) {
  if (const auto* reduce = std::get_if<Reduce>(&node.op)) {
    if (kind_ == NormKind::cumulative) return std::nullopt;  // only below a running sum
    return runs_over_set(*reduce) ? expectation(node, reduce->kind) : std::nullopt;
  }
  if (const auto* pool = std::get_if<GlobalPool>(&node.op)) {
    const bool fits = runs_over_set(Reduce{ReduceKind::mean, false, false, true});
    return fits && pool->kind == PoolKind::average ? expectation(node, ReduceKind::mean)
                                                   : std::nullopt;
  }
  if (std::holds_alternative<CumulativeSum>(node.op)) return running_sum(node);

  std::vector<Polynomial> in;
  for (NodeId input : node.inputs) {
    std::optional<Polynomial> value = value_of(input);
    if (!value) return std::nullopt;
    in.push_back(std::move(*value));
  }
  if (const auto* affine = std::get_if<Affine>(&node.op)) {
    const std::optional<Polynomial> scaled =
        product(in[0], {{Monomial{}, coefficients(affine->scale)}});
    if (!scaled) return std::nullopt;
    return sum(*scaled, {{Monomial{}, coefficients(affine->bias)}}, 1);
  }
  if (std::holds_alternative<Add>(node.op)) return sum(in[0], in[1], 1);
  if (std::holds_alternative<Mul>(node.op)) return product(in[0], in[1]);
  if (const auto* binary = std::get_if<Binary>(&node.op)) {
    if (binary->kind == BinaryKind::sub) return sum(in[0], in[1], -1);
    if (binary->kind != BinaryKind::div) return std::nullopt;
    const std::optional<Polynomial> below = inverse(in[1]);
    return below ? product(in[0], *below) : std::nullopt;
  }
  const auto* unary = std::get_if<Unary>(&node.op);
  if (!unary) return std::nullopt;
  switch (unary->kind) {
    case UnaryKind::square: return product(in[0], in[0]);
    case UnaryKind::neg: return sum({}, in[0], -1);
    case UnaryKind::reciprocal: return inverse(in[0]);
    case UnaryKind::sqrt: return square_root(in[0]);
    case UnaryKind::relu:  // a variance is not below 0
      return variance_of(in[0]) ? std::optional(in[0]) : std::nullopt;
    default: return std::nullopt;
  }
}

// Axes of one element may be named or not.
bool NormAlgebra::runs_over_set(const Reduce& op) const {
  if (op.kind != ReduceKind::mean && op.kind != ReduceKind::sum) return false;
  const bool over_c = op.over_c && shape_.c > 1;
  const bool over_w = op.over_w && shape_.w > 1;
  if (op.over_h && shape_.h > 1) return false;
  switch (kind_) {
    case NormKind::global: return over_w && (over_c || shape_.c == 1);
    case NormKind::feature_wise: return over_w && !over_c && shape_.c > 1;
    case NormKind::channel_wise: return over_c && !over_w && shape_.w > 1;
    default: return false;
  }
}

// E of a polynomial in x: x becomes the mean, x^2 the mean square.
std::optional<Polynomial> NormAlgebra::expectation(const Node& node, ReduceKind kind) {
  const auto known = values_.find(node.inputs[0]);
  if (known == values_.end() || graph_.node(node.inputs[0]).shape != shape_) return std::nullopt;
  if (kind_ != NormKind::feature_wise && !is_scalar(known->second)) return std::nullopt;
  double factor = 1;
  if (kind == ReduceKind::sum) {
    factor = kind_ == NormKind::global         ? static_cast<double>(shape_.c * shape_.w)
             : kind_ == NormKind::feature_wise ? static_cast<double>(shape_.w)
                                               : static_cast<double>(shape_.c);
  }
  Polynomial result;
  for (const auto& [monomial, coefficient] : known->second) {
    if (monomial[kX] < 0 || monomial[kX] > 2) return std::nullopt;
    Monomial m = monomial;
    m[kX] = 0;
    if (monomial[kX] == 1) ++m[kMean];
    if (monomial[kX] == 2) ++m[kSquare];
    Coefficients c = coefficient;
    for (double& v : c) v *= factor;
    result = sum(result, {{m, std::move(c)}}, 1);
  }
  return result;
}

// Running sum over time of a sum over channels of k*x or k*x^2: frames*channels times the mean.
std::optional<Polynomial> NormAlgebra::running_sum(const Node& node) {
  if (kind_ != NormKind::cumulative) return std::nullopt;
  const Node& inner = graph_.node(node.inputs[0]);
  NodeId source = inner.id;
  double factor = 1;
  if (const auto* reduce = std::get_if<Reduce>(&inner.op)) {
    if (!reduce->over_c || (reduce->over_w && shape_.w > 1) || (reduce->over_h && shape_.h > 1))
      return std::nullopt;
    if (reduce->kind != ReduceKind::sum && reduce->kind != ReduceKind::mean) return std::nullopt;
    source = inner.inputs[0];
    factor = reduce->kind == ReduceKind::sum ? static_cast<double>(shape_.c) : 1;
  } else if (shape_.c != 1) {
    return std::nullopt;
  }
  const auto known = values_.find(source);
  if (known == values_.end() || !is_scalar(known->second)) return std::nullopt;
  Polynomial result;
  for (const auto& [monomial, coefficient] : known->second) {
    Monomial m{};
    m[kFrames] = 1;
    if (monomial == symbol(kX))
      m[kMean] = 1;
    else if (monomial == symbol(kX, 2))
      m[kSquare] = 1;
    else
      return std::nullopt;
    result = sum(result, {{m, {coefficient[0] * factor}}}, 1);
  }
  return result;
}

// The root of s*(var + eps) is sqrt(s)/r.
std::optional<Polynomial> NormAlgebra::square_root(const Polynomial& p) {
  const std::optional<Variance> v = variance_of(p);
  if (!v || (eps_ && std::abs(*eps_ - v->eps) > kTolerance * v->eps)) return std::nullopt;
  eps_ = v->eps;
  return Polynomial{{symbol(kInverse, -1), {std::sqrt(v->scale)}}};
}

std::optional<Norm> NormAlgebra::as_norm(NodeId id) const {
  const auto found = values_.find(id);
  if (found == values_.end() || graph_.node(id).shape != shape_ || !eps_) return std::nullopt;
  Monomial with_x{};
  with_x[kX] = with_x[kInverse] = 1;
  Monomial with_mean{};
  with_mean[kMean] = with_mean[kInverse] = 1;
  const Polynomial& p = found->second;
  const auto x_term = p.find(with_x);
  const auto mean_term = p.find(with_mean);
  const auto constant_term = p.find(Monomial{});
  const size_t terms = constant_term == p.end() ? 2 : 3;
  if (x_term == p.end() || mean_term == p.end() || p.size() != terms) return std::nullopt;
  const auto channel = [](const Coefficients& c, int64_t i) {
    return c[c.size() == 1 ? 0 : static_cast<size_t>(i)];
  };
  std::vector<float> gamma;
  std::vector<float> beta;
  for (int64_t c = 0; c < shape_.c; ++c) {
    const double g = channel(x_term->second, c);
    if (std::abs(channel(mean_term->second, c) + g) > kTolerance * std::abs(g)) return std::nullopt;
    gamma.push_back(static_cast<float>(g));
    beta.push_back(terms == 2 ? 0 : static_cast<float>(channel(constant_term->second, c)));
  }
  Norm norm;
  norm.kind = kind_;
  norm.eps = *eps_;
  norm.gamma = Tensor({shape_.c}, std::move(gamma));
  norm.beta = Tensor({shape_.c}, std::move(beta));
  return norm;
}

}  // namespace tessera
