#include "tessera/compiler/export.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "export/integer_forms.h"
#include "model/onnx/document.h"
#include "model/onnx/proto.h"

namespace tessera {

std::string_view to_string(IntegerForm form) {
  switch (form) {
    case IntegerForm::qlinear: return "qlinear";
    case IntegerForm::qdq: return "qdq";
    case IntegerForm::tflite: return "tflite";
  }
  return "";
}

std::span<const IntegerForm> integer_forms(IntegerArithmetic arithmetic) {
  static constexpr std::array kOnnx{IntegerForm::qdq, IntegerForm::qlinear};
  static constexpr std::array kTflite{IntegerForm::tflite};
  if (arithmetic == IntegerArithmetic::tflite) return kTflite;
  return kOnnx;
}

std::string_view file_extension(IntegerForm form) {
  return form == IntegerForm::tflite ? ".tflite" : ".onnx";
}

Result<std::vector<uint8_t>> export_integers(const Graph& graph, const Encodings& encodings,
                                             IntegerForm form) {
  if (form == IntegerForm::tflite) return export_tflite(graph, encodings);
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
  if (encodings.arithmetic != IntegerArithmetic::onnx) {
    return TESSERA_ERROR(
        kUnsupported, "encodings",
        fmt::format("are for the arithmetic {}, which no ONNX operator computes in",
                    to_string(encodings.arithmetic)),
        "write a TensorFlow Lite file, or build the package for a target whose arithmetic is onnx");
  }
  onnx::ModelProto model;
  onnx_export::begin_document(model, "tessera_integers");
  if (form == IntegerForm::qlinear) {
    write_qlinear(graph, encodings, *model.mutable_graph());
    return onnx_export::checked_bytes(model);
  }
  write_qdq(graph, encodings, *model.mutable_graph());
  const auto& nodes = model.graph().node();
  if (std::any_of(nodes.begin(), nodes.end(),
                  [](const onnx::NodeProto& node) { return node.domain() == kWideDomain; })) {
    auto& opset = *model.add_opset_import();
    opset.set_domain(kWideDomain);
    opset.set_version(1);
  }
  return onnx_export::checked_bytes(model);
}

}  // namespace tessera
