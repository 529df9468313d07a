#include "export/export_builder.h"

#include <fmt/format.h>

#include "model/onnx/proto.h"

namespace tessera::onnx_export {

std::vector<int64_t> ExportBuilder::dims(const Shape& shape) const {
  if (flat_) return {1, shape.c, shape.w};
  return {1, shape.c, shape.h, shape.w};
}

int64_t ExportBuilder::axis(Axis axis) const {
  if (axis == Axis::c) return 1;
  if (axis == Axis::h) return 2;
  return flat_ ? 2 : 3;
}

std::string ExportBuilder::unique(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 1; !names_.insert(name).second; ++i) name = fmt::format("{}.{}", wanted, i);
  return name;
}

std::string ExportBuilder::weights(const std::string& name, const Tensor& tensor,
                                   std::vector<int64_t> dims) {
  auto key = std::make_pair(tensor.data(), std::move(dims));
  const auto found = shared_weights_.find(key);
  if (found != shared_weights_.end()) return found->second.name;
  std::string written = add_floats(name, tensor.values(), key.second);
  shared_weights_.emplace(std::move(key), WrittenWeights{tensor, written});
  return written;
}

std::string ExportBuilder::computed(const std::string& name, std::span<const float> values,
                                    std::vector<int64_t> dims) {
  const auto bytes = std::as_bytes(values);
  auto key = std::make_pair(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                            std::move(dims));
  const auto found = shared_computed_.find(key);
  if (found != shared_computed_.end()) return found->second;
  std::string written = add_floats(name, values, key.second);
  shared_computed_.emplace(std::move(key), written);
  return written;
}

std::string ExportBuilder::add_floats(const std::string& name, std::span<const float> values,
                                      std::span<const int64_t> dims) {
  onnx::TensorProto& proto = *proto_.add_initializer();
  proto.set_name(unique(name));
  proto.set_data_type(onnx::TensorProto::FLOAT);
  for (int64_t d : dims) proto.add_dims(d);
  const auto bytes = std::as_bytes(values);
  weight_bytes_ += static_cast<int64_t>(bytes.size());
  proto.set_raw_data(bytes.data(), bytes.size());
  return proto.name();
}

std::string ExportBuilder::numbers(const std::string& name, std::span<const int64_t> values,
                                   bool scalar) {
  const auto key = std::make_pair(std::vector<int64_t>(values.begin(), values.end()), scalar);
  const auto found = shared_numbers_.find(key);
  if (found != shared_numbers_.end()) return found->second;
  onnx::TensorProto& proto = *proto_.add_initializer();
  proto.set_name(unique(name));
  proto.set_data_type(onnx::TensorProto::INT64);
  if (!scalar) proto.add_dims(static_cast<int64_t>(values.size()));
  for (int64_t v : values) proto.add_int64_data(v);
  shared_numbers_.emplace(key, proto.name());
  return proto.name();
}

std::string ExportBuilder::number(const std::string& name, double value) {
  onnx::TensorProto& proto = *proto_.add_initializer();
  proto.set_name(unique(name));
  proto.set_data_type(onnx::TensorProto::FLOAT);
  proto.add_float_data(static_cast<float>(value));
  return proto.name();
}

ExportBuilder::NodeWriter& ExportBuilder::NodeWriter::integer(const char* name, int64_t value) {
  auto& a = *node_.add_attribute();
  a.set_name(name);
  a.set_type(onnx::AttributeProto::INT);
  a.set_i(value);
  return *this;
}

ExportBuilder::NodeWriter& ExportBuilder::NodeWriter::integers(const char* name,
                                                               std::span<const int64_t> values) {
  auto& a = *node_.add_attribute();
  a.set_name(name);
  a.set_type(onnx::AttributeProto::INTS);
  for (int64_t v : values) a.add_ints(v);
  return *this;
}

ExportBuilder::NodeWriter& ExportBuilder::NodeWriter::real(const char* name, double value) {
  auto& a = *node_.add_attribute();
  a.set_name(name);
  a.set_type(onnx::AttributeProto::FLOAT);
  a.set_f(static_cast<float>(value));
  return *this;
}

ExportBuilder::NodeWriter& ExportBuilder::NodeWriter::text(const char* name,
                                                           const std::string& value) {
  auto& a = *node_.add_attribute();
  a.set_name(name);
  a.set_type(onnx::AttributeProto::STRING);
  a.set_s(value);
  return *this;
}

ExportBuilder::NodeWriter& ExportBuilder::NodeWriter::domain(const char* name) {
  node_.set_domain(name);
  return *this;
}

ExportBuilder::NodeWriter ExportBuilder::node(const std::string& op,
                                              const std::vector<std::string>& inputs,
                                              const std::string& output) {
  onnx::NodeProto& node = *proto_.add_node();
  node.set_op_type(op);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return NodeWriter(node);
}

std::string ExportBuilder::step(const std::string& op, const std::vector<std::string>& inputs,
                                const std::string& name, const std::string& suffix) {
  const std::string output = unique(name + "/" + suffix);
  node(op, inputs, output);
  return output;
}

std::string ExportBuilder::reduction(const std::string& op, const std::string& input,
                                     const std::vector<int64_t>& axes, const std::string& name,
                                     const std::string& suffix) {
  const std::string output = unique(name + "/" + suffix);
  if (op == "ReduceSum") {
    node(op, {input, numbers(name + ".axes", axes)}, output).integer("keepdims", 1);
  } else {
    node(op, {input}, output).integers("axes", axes).integer("keepdims", 1);
  }
  return output;
}

}  // namespace tessera::onnx_export
