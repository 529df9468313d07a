// Einsum where it is a product: matrix products with constants, products element by element, sums.
#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "model/onnx/contraction.h"
#include "model/onnx/fold.h"
#include "model/onnx/op_context.h"
#include "model/onnx/printable.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

using Labels = std::vector<int>;         // one per dim: a letter, or kEllipsis + its place
constexpr int kEllipsis = 256;           // dims of "...", counted from the last
constexpr size_t kMaxSharedSlices = 64;  // products by another matrix each

struct Term {
  Value value;
  Labels labels;
};

bool has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

size_t place_of(const Labels& labels, int label) {
  return static_cast<size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

std::string equation_of(const OpContext& context) {
  std::string equation = context.text("equation", "");
  std::erase_if(equation, [](unsigned char c) { return std::isspace(c) != 0; });
  return equation;
}

Error not_a_product(const OpContext& context, std::string_view why) {
  return context.unsupported(
      fmt::format("computes '{}', {}", printable(equation_of(context)), why),
      "matrix products with constants and products element by element are read");
}

// "ab...c" for a tensor of `rank` dims; for a result, `ellipsis` dims.
Result<Labels> labels_of(const OpContext& context, std::string_view text, size_t ellipsis) {
  Labels labels;
  bool dots = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto letter = static_cast<unsigned char>(text[i]);
    if (text.substr(i, 3) == "..." && !dots) {
      dots = true;
      for (size_t k = ellipsis; k-- > 0;) labels.push_back(kEllipsis + static_cast<int>(k));
      i += 2;
    } else if (std::isalpha(letter) != 0) {
      if (has(labels, letter)) return not_a_product(context, "which takes a diagonal");
      labels.push_back(letter);
    } else {
      return context.invalid(
          fmt::format("cannot make out the equation '{}'", printable(equation_of(context))));
    }
  }
  return labels;
}

std::vector<std::string> split_terms(const std::string& text) {
  std::vector<std::string> terms(1);
  for (char c : text) {
    if (c == ',')
      terms.emplace_back();
    else
      terms.back() += c;
  }
  return terms;
}

struct Equation {
  std::vector<Term> terms;
  Labels result;
};

Result<Equation> read_equation(OpContext& context) {
  const std::string text = equation_of(context);
  const size_t arrow = text.find("->");
  const std::vector<std::string> parts = split_terms(text.substr(0, arrow));
  if (parts.size() != context.input_count()) {
    return context.invalid(fmt::format("'{}' has {} terms for {} inputs", printable(text),
                                       parts.size(), context.input_count()));
  }
  Equation equation;
  std::map<int, int64_t> sizes;
  std::map<int, int> uses;
  size_t ellipsis = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    Term term;
    TESSERA_TRY(term.value, context.required(i));
    const bool open = parts[i].find("...") != std::string::npos;
    const size_t letters = parts[i].size() - (open ? 3 : 0);
    const size_t rank = term.value.rank();
    if (parts[i].size() > 128 || letters > rank || (!open && letters != rank))
      return context.invalid(
          fmt::format("'{}' does not fit an input of {} dimensions", printable(text), rank));
    ellipsis = std::max(ellipsis, rank - letters);
    TESSERA_TRY(term.labels, labels_of(context, parts[i], rank - letters));
    const Dims dims = term.value.dims();
    if (term.labels.size() != rank)
      return context.invalid(
          fmt::format("'{}' does not fit an input of {} dimensions", printable(text), rank));
    for (size_t d = 0; d < dims.size(); ++d) {
      int64_t& size = sizes.emplace(term.labels[d], dims[d]).first->second;
      ++uses[term.labels[d]];
      if (size != dims[d]) {
        if (term.labels[d] < kEllipsis)
          return context.invalid(
              fmt::format("'{}' meets sizes of {} and {}", printable(text), size, dims[d]));
        return not_a_product(context, "which broadcasts");
      }
    }
    equation.terms.push_back(std::move(term));
  }
  if (arrow != std::string::npos) {
    TESSERA_TRY(equation.result, labels_of(context, text.substr(arrow + 2), ellipsis));
    if (ellipsis > 0 && !has(equation.result, kEllipsis))
      return not_a_product(context, "which sums over the dimensions of its dots");
  } else {  // what one term names alone, in order of the alphabet, after the dots
    for (size_t k = ellipsis; k-- > 0;) equation.result.push_back(kEllipsis + static_cast<int>(k));
    for (const auto& [label, count] : uses) {
      if (count == 1 && label < kEllipsis) equation.result.push_back(label);
    }
  }
  for (int label : equation.result) {
    if (!sizes.contains(label))
      return context.invalid(fmt::format("'{}' makes a dimension of nothing", printable(text)));
  }
  return equation;
}

// The dims in the order of `labels`; size 1 for those that the term lacks.
Result<Value> arranged(OpContext& context, const Term& term, const Labels& labels) {
  std::vector<int64_t> perm;
  for (int label : labels) {
    if (has(term.labels, label)) perm.push_back(static_cast<int64_t>(place_of(term.labels, label)));
  }
  if (term.value.is_tensor()) {
    View view;
    for (int label : labels) {
      view.push_back(has(term.labels, label) ? term.value.view[place_of(term.labels, label)]
                                             : ViewDim{});
    }
    return Value::of(term.value.node, std::move(view));
  }
  TESSERA_TRY(const Value transposed, context.folded(transpose(term.value.constant(), perm)));
  Dims dims;
  size_t at = 0;
  for (int label : labels)
    dims.push_back(has(term.labels, label) ? transposed.constant().dims()[at++] : 1);
  return Value::of(transposed.constant().reshaped(std::move(dims)));
}

// The term summed over all dims that `keep` does not want.
Result<Term> summed(OpContext& context, const Term& term, const Labels& keep) {
  std::vector<bool> over;
  Labels rest;
  for (int label : term.labels) {
    over.push_back(!has(keep, label));
    if (!over.back()) rest.push_back(label);
  }
  if (rest.size() == term.labels.size()) return term;
  if (term.value.is_constant()) {
    TESSERA_TRY(Value y,
                context.folded(fold_reduce("ReduceSum", term.value.constant(), over, false)));
    return Term{std::move(y), std::move(rest)};
  }
  TESSERA_TRY(Value y, reduce(context, ReduceKind::sum, term.value, over));
  for (size_t i = over.size(); i-- > 0;) {
    if (over[i]) y.view.erase(y.view.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return Term{std::move(y), std::move(rest)};
}

int64_t product_of(const Term& term, const Labels& labels) {
  const Dims dims = term.value.dims();
  int64_t size = 1;
  for (int label : labels) size *= dims[place_of(term.labels, label)];
  return size;
}

// Which labels a product of two terms sums over, counts in both, and counts in one alone.
struct Roles {
  Labels contracted;
  Labels shared;
  Labels only_a;
  Labels only_b;
};

Roles roles_of(const Term& a, const Term& b, const Labels& result) {
  Roles roles;
  for (int label : a.labels) {
    if (!has(b.labels, label))
      roles.only_a.push_back(label);
    else
      (has(result, label) ? roles.shared : roles.contracted).push_back(label);
  }
  for (int label : b.labels) {
    if (!has(a.labels, label)) roles.only_b.push_back(label);
  }
  return roles;
}

Labels joined_labels(const Labels& a, const Labels& b) {
  Labels all = a;
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

// x times a constant matrix over the contracted dims, which no other dim shares.
Result<Term> times_matrix(OpContext& context, const Term& x, const Term& matrix,
                          const Roles& roles) {
  const int64_t in = product_of(x, roles.contracted);
  const int64_t out = product_of(matrix, roles.only_b);
  TESSERA_TRY(const Value rows,
              arranged(context, matrix, joined_labels(roles.only_b, roles.contracted)));
  const Labels others = joined_labels(roles.shared, roles.only_a);
  TESSERA_TRY(const Value lined, arranged(context, x, joined_labels(others, roles.contracted)));
  Dims dims = lined.dims();
  dims.resize(others.size());
  dims.push_back(in);
  const std::optional<View> merged = reshaped(lined.view, dims);
  if (!merged) return not_a_product(context, "whose sum runs over dimensions that do not join");
  TESSERA_TRY(Value y, linear(context, Value::of(lined.node, *merged), others.size(),
                              {rows.constant().reshaped({out, in}), {}}));
  dims.pop_back();
  for (int label : roles.only_b)
    dims.push_back(matrix.value.dims()[place_of(matrix.labels, label)]);
  const std::optional<View> split = reshaped(y.view, dims);
  if (!split) return not_a_product(context, "whose result does not split");
  return Term{Value::of(y.node, *split), joined_labels(others, roles.only_b)};
}

// The same with another matrix for each index of one shared dim.
Result<Term> times_matrices(OpContext& context, const Term& x, const Term& matrices,
                            const Roles& roles) {
  if (roles.shared.size() != 1)
    return not_a_product(context, "whose matrices change along several dimensions");
  const int label = roles.shared[0];
  const size_t in_x = place_of(x.labels, label);
  const size_t in_matrix = place_of(matrices.labels, label);
  const int64_t count = x.value.dims()[in_x];
  if (count > static_cast<int64_t>(kMaxSharedSlices))
    return not_a_product(context, fmt::format("which has {} matrices", count));
  std::vector<Value> parts;
  Labels labels;
  for (int64_t i = 0; i < count; ++i) {
    TESSERA_TRY(Value part, slice_value(context, x.value, in_x, i, 1, 1));
    TESSERA_TRY(Value matrix, context.folded(slice(matrices.value.constant(), in_matrix, i, 1, 1)));
    Term one{std::move(matrix), matrices.labels};
    Dims dims = one.value.dims();
    dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(in_matrix));
    one.labels.erase(one.labels.begin() + static_cast<std::ptrdiff_t>(in_matrix));
    one.value = Value::of(one.value.constant().reshaped(std::move(dims)));
    TESSERA_TRY(Term y, times_matrix(context, {std::move(part), x.labels}, one, roles));
    labels = y.labels;
    parts.push_back(std::move(y.value));
  }
  TESSERA_TRY(Value y, concat_values(context, std::move(parts), place_of(labels, label)));
  return Term{std::move(y), std::move(labels)};
}

Result<Term> product(OpContext& context, Term a, Term b, const Labels& result) {
  if (a.value.is_constant() && b.value.is_tensor()) std::swap(a, b);
  const Roles roles = roles_of(a, b, result);
  const bool weighted = a.value.is_tensor() && b.value.is_constant();
  if (weighted && !roles.contracted.empty() && roles.shared.empty())
    return times_matrix(context, a, b, roles);
  if (weighted && !roles.contracted.empty() && !roles.only_b.empty())
    return times_matrices(context, a, b, roles);
  if (a.value.is_tensor() && b.value.is_tensor() && !roles.contracted.empty() &&
      product_of(a, roles.only_a) > 1 && product_of(b, roles.only_b) > 1) {
    return not_a_product(context,
                         "a matrix product of two tensors that the network computes "
                         "(attention)");
  }
  const Labels all = joined_labels(a.labels, roles.only_b);
  TESSERA_TRY(Value x, arranged(context, a, all));
  TESSERA_TRY(Value y, arranged(context, b, all));
  TESSERA_TRY(Value z, binary(context, BinaryOp::mul, std::move(x), std::move(y)));
  return summed(context, {std::move(z), all}, result);
}

Result<Values> read_einsum(OpContext& context) {
  TESSERA_TRY(Equation equation, read_equation(context));
  if (equation.terms.empty() || equation.terms.size() > 2)
    return not_a_product(context, fmt::format("a product of {} terms", equation.terms.size()));
  for (size_t i = 0; i < equation.terms.size(); ++i) {
    Labels keep = equation.result;
    for (size_t k = 0; k < equation.terms.size(); ++k) {
      if (k != i) keep = joined_labels(keep, equation.terms[k].labels);
    }
    TESSERA_TRY(equation.terms[i], summed(context, equation.terms[i], keep));
  }
  Term y = equation.terms[0];
  if (equation.terms.size() == 2) {
    TESSERA_TRY(y, product(context, std::move(y), equation.terms[1], equation.result));
  }
  TESSERA_TRY(Value result, arranged(context, y, equation.result));
  return Values{std::move(result)};
}

}  // namespace

std::span<const OpEntry> einsum_ops() {
  static constexpr OpEntry kOps[] = {{"Einsum", read_einsum,
                                      "matrix products with constants, products element by "
                                      "element, sums"}};
  return kOps;
}

}  // namespace tessera::onnx_import
