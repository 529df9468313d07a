// Small ONNX files for tests, good and bad.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/onnx/import_onnx.h"
#include "model/onnx/proto.h"

namespace tessera::test {

class OnnxBuilder {
 public:
  explicit OnnxBuilder(int64_t opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
  }

  // A dimension of 0 is left open.
  OnnxBuilder& input(const std::string& name, const std::vector<int64_t>& dims) {
    value(*graph().add_input(), name, dims);
    return *this;
  }
  OnnxBuilder& output(const std::string& name) {
    graph().add_output()->set_name(name);
    return *this;
  }
  onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                        const std::string& output, const std::string& domain = "") {
    return fill(*graph().add_node(), op, inputs, output, domain);
  }
  static onnx::NodeProto& fill(onnx::NodeProto& node, const std::string& op,
                               const std::vector<std::string>& inputs, const std::string& output,
                               const std::string& domain = "") {
    node.set_op_type(op);
    node.set_name("the_" + op);
    node.set_domain(domain);
    for (const auto& i : inputs) node.add_input(i);
    node.add_output(output);
    return node;
  }
  static void text(onnx::NodeProto& node, const std::string& name, const std::string& value) {
    auto& a = *node.add_attribute();
    a.set_name(name);
    a.set_type(onnx::AttributeProto::STRING);
    a.set_s(value);
  }
  static void integer(onnx::NodeProto& node, const std::string& name, int64_t value) {
    auto& a = *node.add_attribute();
    a.set_name(name);
    a.set_type(onnx::AttributeProto::INT);
    a.set_i(value);
  }
  static void integers(onnx::NodeProto& node, const std::string& name,
                       const std::vector<int64_t>& values) {
    auto& a = *node.add_attribute();
    a.set_name(name);
    a.set_type(onnx::AttributeProto::INTS);
    for (int64_t v : values) a.add_ints(v);
  }
  // Filled with 0.25, 0.5, 0.75, ...
  onnx::TensorProto& weights(const std::string& name, const std::vector<int64_t>& dims) {
    auto& t = tensor(name, dims, onnx::TensorProto::FLOAT);
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    for (int64_t i = 0; i < count; ++i) t.add_float_data(0.25F * static_cast<float>(i + 1));
    return t;
  }
  onnx::TensorProto& numbers(const std::string& name, const std::vector<int64_t>& values) {
    auto& t = tensor(name, {static_cast<int64_t>(values.size())}, onnx::TensorProto::INT64);
    for (int64_t v : values) t.add_int64_data(v);
    return t;
  }
  onnx::TensorProto& tensor(const std::string& name, const std::vector<int64_t>& dims, int type) {
    auto& t = *graph().add_initializer();
    t.set_name(name);
    t.set_data_type(type);
    for (int64_t d : dims) t.add_dims(d);
    return t;
  }
  onnx::TensorProto& external(const std::string& name, const std::vector<int64_t>& dims,
                              const std::string& location, const std::string& offset = "",
                              const std::string& length = "") {
    auto& t = tensor(name, dims, onnx::TensorProto::FLOAT);
    t.set_data_location(onnx::TensorProto::EXTERNAL);
    const auto entry = [&](const char* key, const std::string& text) {
      auto& e = *t.add_external_data();
      e.set_key(key);
      e.set_value(text);
    };
    entry("location", location);
    if (!offset.empty()) entry("offset", offset);
    if (!length.empty()) entry("length", length);
    return t;
  }

  std::string bytes() const { return model.SerializeAsString(); }

  Result<ImportedModel> import(const ImportOptions& options = {},
                               const std::string& path = "net.onnx") const {
    const std::string text = bytes();
    return import_onnx({path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}},
                       options);
  }
  // What the import says, "imported" when it says nothing.
  std::string refusal(const ImportOptions& options = {},
                      const std::string& path = "net.onnx") const {
    const auto result = import(options, path);
    return result ? "imported" : result.error().to_string();
  }

  onnx::GraphProto& graph() { return *model.mutable_graph(); }
  onnx::ModelProto model;

 private:
  static void value(onnx::ValueInfoProto& info, const std::string& name,
                    const std::vector<int64_t>& dims) {
    info.set_name(name);
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape();
    for (int64_t d : dims) {
      auto& dim = *type.mutable_shape()->add_dim();
      if (d != 0) dim.set_dim_value(d);
    }
  }
};

// x [1, 1, 20] -> Conv -> y, with weights "w" [2, 1, 3].
inline OnnxBuilder conv_net() {
  OnnxBuilder net;
  net.input("x", {1, 1, 20}).output("y");
  net.node("Conv", {"x", "w"}, "y");
  return net;
}

}  // namespace tessera::test
