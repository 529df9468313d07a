#include "tessera/compiler/export.h"

#include <algorithm>

#include "export/integer_forms.h"
#include "model/onnx/document.h"
#include "model/onnx/proto.h"

namespace tessera {

std::string_view to_string(IntegerForm form) {
  return form == IntegerForm::qdq ? "qdq" : "qlinear";
}

Result<std::vector<uint8_t>> export_integers(const Graph& graph, const Encodings& encodings,
                                             IntegerForm form) {
  TESSERA_TRY_VOID(validate(graph, graph.form()));
  TESSERA_TRY_VOID(check_encodings(graph, encodings));
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
