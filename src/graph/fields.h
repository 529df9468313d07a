// The fields of every op, listed once: what the text form prints and parses and what comparison
// compares.
//
// fields(op, visit) calls visit(name, field) for each field of an alternative of Op, weights
// included, in the order of the text form. A kind (Norm::kind, Unary::kind, ...) is part of the
// op's name, hence not a field. `op` may be const; then the fields are.
#pragma once

#include <concepts>
#include <type_traits>

#include "tessera/compiler/op.h"

namespace tessera {

template <typename O, typename T>
concept FieldsOf = std::same_as<std::remove_const_t<O>, T>;

template <FieldsOf<Input> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("shape", op.shape);
}

template <FieldsOf<Constant> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("value", op.value);
}

template <FieldsOf<Conv> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("weight", op.weight);
  visit("bias", op.bias);
  visit("stride", op.stride);
  visit("dilation", op.dilation);
  visit("padding", op.padding);
  visit("groups", op.groups);
}

template <FieldsOf<ConvTranspose> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("weight", op.weight);
  visit("bias", op.bias);
  visit("stride", op.stride);
  visit("dilation", op.dilation);
  visit("crop", op.crop);
  visit("extra", op.extra);
  visit("groups", op.groups);
}

template <FieldsOf<Affine> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("scale", op.scale);
  visit("bias", op.bias);
}

template <FieldsOf<Norm> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("gamma", op.gamma);
  visit("beta", op.beta);
  visit("mean", op.mean);
  visit("variance", op.variance);
  visit("eps", op.eps);
}

template <FieldsOf<Unary> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("slope", op.slope);
  visit("alpha", op.alpha);
  visit("beta", op.beta);
}

template <FieldsOf<Softmax> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("sources", op.sources);
}

template <FieldsOf<Add> O, typename Visit>
void fields(O&, Visit&&) {}

template <FieldsOf<Mul> O, typename Visit>
void fields(O&, Visit&&) {}

template <FieldsOf<Binary> O, typename Visit>
void fields(O&, Visit&&) {}

template <FieldsOf<Concat> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("axis", op.axis);
}

template <FieldsOf<Slice> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("axis", op.axis);
  visit("begin", op.begin);
  visit("end", op.end);
  visit("step", op.step);
}

template <FieldsOf<Pad> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("padding", op.padding);
}

template <FieldsOf<Pool> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("kernel", op.kernel);
  visit("stride", op.stride);
  visit("padding", op.padding);
  visit("count_padding", op.count_padding);
}

template <FieldsOf<GlobalPool> O, typename Visit>
void fields(O&, Visit&&) {}

template <FieldsOf<Gemm> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("weight", op.weight);
  visit("bias", op.bias);
}

template <FieldsOf<Reduce> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("over_c", op.over_c);
  visit("over_h", op.over_h);
  visit("over_w", op.over_w);
}

template <FieldsOf<CumulativeSum> O, typename Visit>
void fields(O&, Visit&&) {}

template <FieldsOf<OverlapAdd> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("kernel", op.kernel);
  visit("stride", op.stride);
}

template <FieldsOf<NormStatistics> O, typename Visit>
void fields(O& op, Visit&& visit) {
  visit("gamma", op.gamma);
  visit("beta", op.beta);
  visit("center", op.center);
  visit("eps", op.eps);
}

template <FieldsOf<ScaleShift> O, typename Visit>
void fields(O&, Visit&&) {}

}  // namespace tessera
