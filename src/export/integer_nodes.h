// IntegerNodes: initialisers and nodes that an ONNX file of codes has and one of floats has not.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "export/export_builder.h"
#include "kernels/ref/integer_kernels.h"

namespace onnx {
class TensorProto;
}

namespace tessera {

class IntegerNodes {
 public:
  // Adds to `proto`, with names from `out`. Neither may go before this.
  IntegerNodes(onnx::GraphProto& proto, onnx_export::ExportBuilder& out)
      : proto_(proto), out_(out) {}

  onnx_export::ExportBuilder& builder() { return out_; }

  // Dims of one number per channel of a [1, C, H, W].
  static std::vector<int64_t> per_channel(size_t channels) {
    return {1, static_cast<int64_t>(channels), 1, 1};
  }

  // Initialisers; their names.
  std::string bytes(const std::string& name, std::span<const uint8_t> values,
                    std::vector<int64_t> dims = {}, bool is_signed = false);
  std::string integers(const std::string& name, std::span<const int32_t> values,
                       std::vector<int64_t> dims = {});
  std::string floats(const std::string& name, std::span<const float> values,
                     std::vector<int64_t> dims = {});

  // Codes of the floats `x`; the output's name, as below. `name` is that of the value.
  std::string quantize(const std::string& name, const std::string& x,
                       const integer::Coding& coding);
  // The same as QuantizeLinear, of the contributed domain for 16 bits; back as DequantizeLinear.
  // One scale and zero point where all channels have the same.
  std::string quantize_linear(const std::string& name, const std::string& x,
                              const integer::Coding& coding);
  void dequantize_linear(const std::string& name, const std::string& codes,
                         const integer::Coding& coding, const std::string& output);
  // a*x + b in double, rounded once; `ab` holds a of each channel, then b.
  std::string scale_shift(const std::string& name, const std::string& x, const std::string& ab,
                          int64_t channels);
  // `type` is an onnx::TensorProto_DataType.
  std::string cast(const std::string& x, int type, const std::string& name,
                   const std::string& suffix);

 private:
  struct Measure {
    std::string scale;
    std::string zero_point;
    bool per_channel = false;
  };
  Measure measure(const std::string& name, const integer::Coding& coding);
  std::string wide_codes(const std::string& name, const std::string& steps,
                         const integer::Coding& coding);
  onnx::TensorProto& add(const std::string& name, const std::vector<int64_t>& dims);

  onnx::GraphProto& proto_;
  onnx_export::ExportBuilder& out_;
};

}  // namespace tessera
