// Arithmetic on constants: what shape computations and weight preparation in a file amount to.
#pragma once

#include <string_view>

#include "model/onnx/const_array.h"

namespace tessera::onnx_import {

// Add, Sub, Mul, Div, Mod (`fmod`), Pow, Max, Min, comparisons, And, Or, Xor; NumPy broadcasting,
// integers divide towards zero. Errors: kInvalidModel for a division of integers by zero or an
// unknown operator.
Result<ConstArray> fold_binary(std::string_view op, const ConstArray& a, const ConstArray& b,
                               bool fmod = false);

// Neg, Abs, Floor, Ceil, Round, Sqrt, Exp, Log, Reciprocal, Sign, Erf, Sigmoid, Tanh, Relu, Sin,
// Cos, Not.
Result<ConstArray> fold_unary(std::string_view op, const ConstArray& x);

Result<ConstArray> fold_where(const ConstArray& condition, const ConstArray& a,
                              const ConstArray& b);

// ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd, ReduceSumSquare, ReduceL2, ReduceL1 over
// the axes marked.
Result<ConstArray> fold_reduce(std::string_view op, const ConstArray& x,
                               const std::vector<bool>& over, bool keep_dims);

// `value` around x, for each dim so many before and after; negative: cropped. Errors: kInvalidModel
// for amounts that crop too much, kResourceLimit.
Result<ConstArray> fold_pad(const ConstArray& x, const Dims& before, const Dims& after,
                            double value);

// NumPy's matmul: matrices, stacks of them (broadcast), vectors. Errors: kInvalidModel for sizes
// that do not fit; kResourceLimit beyond 2^30 products.
Result<ConstArray> fold_matmul(const ConstArray& a, const ConstArray& b);

}  // namespace tessera::onnx_import
