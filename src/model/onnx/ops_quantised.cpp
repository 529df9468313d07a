// QuantizeLinear and DequantizeLinear of constants: weights kept as integers in the file.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "model/onnx/op_context.h"
#include "model/onnx/proto.h"
#include "model/onnx/tensor_data.h"

namespace tessera::onnx_import {
namespace {

// Scales and zero points of a tensor: one, one per index of an axis, or one per block along it.
struct Codes {
  ConstArray scale;
  std::optional<ConstArray> zero_point;
  Dims strides;       // of scale, along the tensor's dims
  int64_t block = 0;  // elements of `axis` that share a scale; 0: strides say it
  size_t axis = 0;
};

Result<Codes> read_codes(OpContext& context, const ConstArray& x) {
  Codes codes;
  TESSERA_TRY(codes.scale, context.required_constant(1, "scale"));
  if (context.has_input(2)) {
    TESSERA_TRY(codes.zero_point, context.required_constant(2, "zero point"));
    if (codes.zero_point->size() != codes.scale.size())
      return context.invalid(fmt::format("has {} scales and {} zero points", codes.scale.size(),
                                         codes.zero_point->size()));
  }
  codes.strides.assign(x.rank(), 0);
  if (codes.scale.size() == 1) return codes;
  TESSERA_TRY(codes.axis, context.axis(context.integer("axis", 1), x.rank()));
  const int64_t size = x.dims()[codes.axis];
  codes.block = context.integer("block_size", 0);
  if (codes.block == 0) {
    if (codes.scale.size() != size)
      return context.invalid(fmt::format("has {} scales for {} elements of axis {}",
                                         codes.scale.size(), size, codes.axis));
    codes.strides[codes.axis] = 1;
    return codes;
  }
  Dims expected = x.dims();
  expected[codes.axis] =
      codes.block < 1 ? 0 : size / codes.block + (size % codes.block != 0 ? 1 : 0);
  if (codes.scale.dims() != expected) {
    return context.invalid(fmt::format("has scales {} for blocks of {} along axis {} of {}",
                                       dims_to_string(codes.scale.dims()), codes.block, codes.axis,
                                       dims_to_string(x.dims())));
  }
  codes.strides = row_major_strides(expected);
  return codes;
}

// Every element in row-major order with the index of its scale.
template <typename Visit>
void visit(const ConstArray& x, const Codes& codes, Visit visit_element) {
  int64_t i = 0;
  for (IndexWalk walk(x.dims(), {codes.strides}); !walk.done(); walk.next(), ++i) {
    int64_t at = walk.offset(0);
    if (codes.block > 0) {
      const int64_t k = walk.coordinate(codes.axis);
      at += (k / codes.block - k) * codes.strides[codes.axis];
    }
    visit_element(i, at);
  }
}

Error quantised_model(const OpContext& context) {
  return context.unsupported("belongs to a quantised model",
                             "give the float model; Tessera quantises it itself");
}

Result<ConstArray> dequantised(OpContext& context, const ConstArray& x) {
  TESSERA_TRY(const Codes codes, read_codes(context, x));
  if (!codes.scale.is_real()) return context.invalid("its scale is not a float");
  std::vector<float> values(static_cast<size_t>(x.size()));
  visit(x, codes, [&](int64_t i, int64_t at) {
    const int64_t zero = codes.zero_point ? codes.zero_point->integer_at(at) : 0;
    const auto code =
        static_cast<float>(static_cast<double>(x.integer_at(i)) - static_cast<double>(zero));
    values[static_cast<size_t>(i)] = code * static_cast<float>(codes.scale.real_at(at));
  });
  return ConstArray::reals(x.dims(), std::move(values));
}

Result<Values> read_dequantize(OpContext& context) {
  if (context.input(0).is_tensor()) return quantised_model(context);
  TESSERA_TRY(const ConstArray x, context.required_constant(0, "input"));
  if (x.kind() != ElementKind::integer) return context.invalid("its input is not of integers");
  TESSERA_TRY(Value y, context.folded(dequantised(context, x)));
  return Values{std::move(y)};
}

struct CodeRange {
  int64_t low = 0;
  int64_t high = 0;
};

std::optional<CodeRange> range_of(int type) {
  switch (type) {
    case onnx::TensorProto::UINT8: return CodeRange{0, 255};
    case onnx::TensorProto::INT8: return CodeRange{-128, 127};
    case onnx::TensorProto::UINT16: return CodeRange{0, 65535};
    case onnx::TensorProto::INT16: return CodeRange{-32768, 32767};
    case kUint4: return CodeRange{0, 15};
    case kInt4: return CodeRange{-8, 7};
    default: return std::nullopt;
  }
}

Result<ConstArray> quantised(OpContext& context, const ConstArray& x) {
  TESSERA_TRY(const Codes codes, read_codes(context, x));
  auto type = static_cast<int>(context.integer("output_dtype", 0));
  if (codes.zero_point) type = codes.zero_point->element_type();
  if (type == 0 && !codes.zero_point) type = onnx::TensorProto::UINT8;
  const std::optional<CodeRange> range = range_of(type);
  if (!range) {
    return context.unsupported(fmt::format("quantises to {}", data_type_name(type)),
                               "give the float model; Tessera quantises it itself");
  }
  std::vector<int64_t> values(static_cast<size_t>(x.size()));
  bool finite = true;
  visit(x, codes, [&](int64_t i, int64_t at) {
    const int64_t zero = codes.zero_point ? codes.zero_point->integer_at(at) : 0;
    const float code = std::nearbyint(static_cast<float>(x.real_at(i)) /
                                      static_cast<float>(codes.scale.real_at(at)));
    finite = finite && !std::isnan(code);
    const double moved = static_cast<double>(code) + static_cast<double>(zero);
    values[static_cast<size_t>(i)] = static_cast<int64_t>(std::clamp(
        finite ? moved : 0.0, static_cast<double>(range->low), static_cast<double>(range->high)));
  });
  if (!finite) return context.invalid("quantises what is not a number");
  ConstArray y = ConstArray::integers(x.dims(), std::move(values));
  y.set_element_type(type);
  return y;
}

// Weights that training for integers keeps as floats: rounded in the file, and dequantised after.
Result<Values> read_quantize(OpContext& context) {
  if (context.input(0).is_tensor()) return quantised_model(context);
  TESSERA_TRY(const ConstArray x, context.required_constant(0, "input"));
  if (!x.is_real()) return context.unsupported("quantises integers");
  TESSERA_TRY(Value y, context.folded(quantised(context, x)));
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> quantised_ops() {
  static constexpr OpEntry kOps[] = {
      {"DequantizeLinear", read_dequantize,
       "of constants (weights) of 4, 8, 16 and 32 bits; a scale per tensor, per axis or per block "
       "(opset 21), with zero points"},
      {"QuantizeLinear", read_quantize, "of constants, to 4, 8 and 16 bits"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
