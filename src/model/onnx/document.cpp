#include "model/onnx/document.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "model/onnx/checker.h"
#include "model/onnx/proto.h"

namespace tessera::onnx_export {

void begin_document(onnx::ModelProto& model, const std::string& graph_name) {
  model.set_ir_version(8);
  model.set_producer_name("tessera");
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(17);
  model.mutable_graph()->set_name(graph_name);
}

void describe(onnx::ValueInfoProto& info, const std::string& name, std::span<const int64_t> dims) {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (int64_t d : dims) type.mutable_shape()->add_dim()->set_dim_value(d);
}

Result<std::vector<uint8_t>> checked_bytes(const onnx::ModelProto& model) {
  TESSERA_TRY_VOID(check_model(model));
  std::vector<uint8_t> bytes(model.ByteSizeLong());
  google::protobuf::io::ArrayOutputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  model.SerializeWithCachedSizes(&coded);
  return bytes;
}

}  // namespace tessera::onnx_export
