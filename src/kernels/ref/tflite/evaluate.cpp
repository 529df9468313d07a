#include "kernels/ref/tflite/evaluate.h"

namespace tessera::integer::tflite {
namespace {

// Calls `work` with a Code of the coding's width.
template <typename Work>
void with_code(const Coding& coding, const Work& work) {
  if (coding.is_int16) {
    work(Code16{});
  } else {
    work(Code8{});
  }
}

template <typename Code>
CodeSource<Code> source(const CodeView& view) {
  return {static_cast<const Code*>(view.codes), view.shape};
}
template <typename Code>
CodeTarget<Code> target(const CodeSink& sink) {
  return {static_cast<Code*>(sink.codes), sink.shape};
}

// Memory for codes of either width.
struct Scratch {
  std::vector<Code16> codes;

  void* make(const Shape& shape) {
    codes.resize(static_cast<size_t>(shape.size()));
    return codes.data();
  }
};

bool same_codes(const Coding& a, const Coding& b) {
  return a.is_int16 == b.is_int16 && a.scale[0] == b.scale[0] && a.zero_point[0] == b.zero_point[0];
}

void requantize_view(const CodeView& src, const CodeSink& dst) {
  with_code(*src.coding, [&]<typename From>(From) {
    with_code(*dst.coding, [&]<typename To>(To) {
      requantize<From, To>(source<From>(src), *src.coding, *dst.coding, target<To>(dst));
    });
  });
}

// Moves codes as the float op moves values: less their zero points they are small integers.
template <typename Code>
void move_codes(const Op& op, std::span<const CodeView> operands, const CodeSink& result) {
  std::vector<std::vector<float>> values;
  std::vector<Source> sources;
  for (const CodeView& view : operands) {
    const Code* codes = static_cast<const Code*>(view.codes);
    auto& list = values.emplace_back(static_cast<size_t>(view.shape.size()));
    for (size_t i = 0; i < list.size(); ++i)
      list[i] = static_cast<float>(codes[i] - view.coding->zero_point[0]);
  }
  for (size_t i = 0; i < values.size(); ++i)
    sources.push_back({values[i].data(), operands[i].shape});
  std::vector<float> moved(static_cast<size_t>(result.shape.size()));
  reference::evaluate(op, sources, {moved.data(), result.shape});
  Code* codes = static_cast<Code*>(result.codes);
  for (size_t i = 0; i < moved.size(); ++i)
    codes[i] = static_cast<Code>(static_cast<int32_t>(moved[i]) + result.coding->zero_point[0]);
}

// A Gemm is a convolution with one tap; stripes turn kernels without moving their values.
struct Convolution {
  Conv op;
  IntegerWeights weights;

  Convolution(const Op& of, const IntegerWeights& given) : weights(given) {
    if (const auto* conv = std::get_if<Conv>(&of)) {
      op = *conv;
      weights.dims = conv->weight.dims();
    }
  }
};

template <typename Code>
void convolve(const Convolution& conv, const CodeView& x, bool with_relu, const CodeSink& result) {
  const std::vector<float> scales = filter_scales(conv.weights, *x.coding, *result.coding);
  const std::vector<Multiplier> multipliers = conv_multipliers(scales, *x.coding, *result.coding);
  conv_codes<Code>({conv.op, conv.weights, source<Code>(x), *x.coding}, multipliers, *result.coding,
                   with_relu, target<Code>(result));
}

Elementwise elementwise_of(const Op& op) {
  if (std::holds_alternative<Add>(op)) return Elementwise::add;
  return std::holds_alternative<Mul>(op) ? Elementwise::mul : Elementwise::sub;
}

// Operands and result have the operator's codings.
template <typename Code>
void apply(Form form, const Op& op, const IntegerWeights* weights,
           std::span<const CodeView> operands, const CodeSink& result) {
  const CodeView& x = operands[0];
  const Operand<Code> first{source<Code>(x), *x.coding};
  const CodeTarget<Code> dst = target<Code>(result);
  switch (form) {
    case Form::convolution:
    case Form::relu_of_convolution:
      return convolve<Code>(Convolution(op, *weights), x, form == Form::relu_of_convolution,
                            result);
    case Form::affine: {
      Convolution conv{op, affine_weights(std::get<Affine>(op), *x.coding)};
      conv.op.groups = x.shape.c;
      return convolve<Code>(conv, x, false, result);
    }
    case Form::relu: return relu(first, *result.coding, dst);
    case Form::leaky_relu:
      return leaky_relu(std::get<Unary>(op).slope[0], first, *result.coding, dst);
    case Form::prelu:
      return prelu(encode_slopes(std::get<Unary>(op).slope), first, *result.coding, dst);
    case Form::curve: return curve(std::get<Unary>(op).kind, first, dst);
    case Form::elementwise:
      return elementwise<Code>(elementwise_of(op), first,
                               {source<Code>(operands[1]), *operands[1].coding}, *result.coding,
                               dst);
    case Form::movement: return move_codes<Code>(op, operands, result);
    case Form::float_op:
    case Form::into_relu: TESSERA_CHECK(false, "this form has no integer operator");
  }
}

}  // namespace

void evaluate(Form form, const Op& op, const IntegerWeights* weights,
              std::span<const CodeView> operands, const CodeSink& result) {
  std::vector<Coding> codings;
  for (const CodeView& view : operands) codings.push_back(*view.coding);
  const Widths widths = widths_of(form, op, std::move(codings), *result.coding);
  std::vector<Scratch> scratch(operands.size() + 1);
  std::vector<CodeView> views(operands.begin(), operands.end());
  for (size_t i = 0; i < views.size(); ++i) {
    if (!same_codes(*views[i].coding, widths.operands[i])) {
      void* codes = scratch[i].make(views[i].shape);
      requantize_view(views[i], {codes, views[i].shape, &widths.operands[i]});
      views[i].codes = codes;
    }
    views[i].coding = &widths.operands[i];
  }
  const bool exact = same_codes(widths.result, *result.coding);
  const CodeSink sink{exact ? result.codes : scratch.back().make(result.shape), result.shape,
                      exact ? result.coding : &widths.result};
  with_code(*sink.coding,
            [&]<typename Code>(Code) { apply<Code>(form, op, weights, views, sink); });
  if (!exact) requantize_view({sink.codes, sink.shape, sink.coding}, result);
}

}  // namespace tessera::integer::tflite
