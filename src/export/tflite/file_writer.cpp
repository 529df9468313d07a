// The FlatBuffers form of what a FileBuilder holds.
#include <fmt/format.h>

#include "export/tflite/file_builder.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <flatbuffers/flatbuffers.h>
#pragma GCC diagnostic pop

namespace tessera::tflite {
namespace {

constexpr uint32_t kSchemaVersion = 3;
constexpr const char* kFileIdentifier = "TFL3";
constexpr const char* kSignatureKey = "serving_default";
constexpr size_t kConstantAlignment = 16;
// Of tables and names beside the constants; offsets are signed in places, so files end at 2 GiB.
constexpr int64_t kMaxConstantBytes = (int64_t{1} << 31) - (int64_t{1} << 26);

using Offset = flatbuffers::Offset<void>;
using Tables = std::vector<flatbuffers::Offset<flatbuffers::Table>>;

}  // namespace

// Tables are written children first: an offset points to what is written already.
class FileWriter {
 public:
  explicit FileWriter(const FileBuilder& file) : file_(file) {}

  std::vector<uint8_t> bytes() {
    const Offset codes = list(operator_codes());
    const Offset subgraphs = list({subgraph()});
    const Offset description = text("Tessera");
    const Offset metadata = list(metadata_entries());  // appends buffers
    const Offset buffers = list(buffers_of());
    const Offset signatures = list({signature()});
    const uint32_t start = out_.StartTable();
    out_.AddElement<uint32_t>(model::version, kSchemaVersion, 0);
    out_.AddOffset(model::operator_codes, codes);
    out_.AddOffset(model::subgraphs, subgraphs);
    out_.AddOffset(model::description, description);
    out_.AddOffset(model::buffers, buffers);
    if (!file_.metadata_.empty()) out_.AddOffset(model::metadata, metadata);
    out_.AddOffset(model::signatures, signatures);
    out_.Finish(end(start), kFileIdentifier);
    return {out_.GetBufferPointer(), out_.GetBufferPointer() + out_.GetSize()};
  }

 private:
  flatbuffers::Offset<flatbuffers::Table> end(uint32_t start) {
    return flatbuffers::Offset<flatbuffers::Table>(out_.EndTable(start));
  }
  Offset text(const std::string& value) { return out_.CreateString(value).Union(); }
  template <typename T>
  Offset vector(const std::vector<T>& values) {
    return out_.CreateVector(values).Union();
  }
  Offset list(const Tables& tables) { return out_.CreateVector(tables).Union(); }
  Offset ids(const std::vector<TensorId>& ids) {
    std::vector<int32_t> numbers;
    for (const TensorId id : ids) numbers.push_back(static_cast<int32_t>(id));
    return vector(numbers);
  }

  Tables operator_codes() {
    Tables tables;
    for (const auto& [code, version] : file_.codes_) {
      const auto number = static_cast<int32_t>(code);
      const uint32_t start = out_.StartTable();
      out_.AddElement<int8_t>(operator_code::deprecated_code,
                              static_cast<int8_t>(std::min(number, operator_code::kMaxDeprecated)),
                              0);
      out_.AddElement<int32_t>(operator_code::version, version, 1);
      out_.AddElement<int32_t>(operator_code::code, number, 0);
      tables.push_back(end(start));
    }
    return tables;
  }

  Offset quantization_of(const Quantization& quantization) {
    const Offset scale = vector(quantization.scale);
    const Offset zero_point = vector(quantization.zero_point);
    const uint32_t start = out_.StartTable();
    out_.AddOffset(quantization::scale, scale);
    out_.AddOffset(quantization::zero_point, zero_point);
    out_.AddElement<int32_t>(quantization::dimension, quantization.dimension, 0);
    return end(start).Union();
  }

  Tables tensors() {
    Tables tables;
    for (const FileTensor& tensor : file_.tensors_) {
      const Offset shape = vector(tensor.dims);
      const Offset name = text(tensor.name);
      const bool quantised = !tensor.quantization.scale.empty();
      const Offset quantization = quantised ? quantization_of(tensor.quantization) : Offset();
      const uint32_t start = out_.StartTable();
      out_.AddOffset(tensor::shape, shape);
      out_.AddElement<int8_t>(tensor::type, static_cast<int8_t>(tensor.type), 0);
      out_.AddElement<uint32_t>(tensor::buffer, static_cast<uint32_t>(tensor.buffer), 0);
      out_.AddOffset(tensor::name, name);
      if (quantised) out_.AddOffset(tensor::quantization, quantization);
      out_.AddElement<uint8_t>(tensor::has_rank, 1, 0);
      tables.push_back(end(start));
    }
    return tables;
  }

  Offset options_of(const Options& options) {
    std::vector<Offset> vectors;
    for (const auto& [number, value] : options.fields) {
      const auto* numbers = std::get_if<std::vector<int32_t>>(&value);
      vectors.push_back(numbers != nullptr ? vector(*numbers) : Offset());
    }
    const uint32_t start = out_.StartTable();
    for (size_t i = 0; i < options.fields.size(); ++i) {
      const uint16_t field = field_offset(options.fields[i].first);
      const Options::Value& value = options.fields[i].second;
      // What is given is written, whatever the format's default of the field is.
      out_.ForceDefaults(true);
      if (const auto* byte = std::get_if<int8_t>(&value)) out_.AddElement<int8_t>(field, *byte, 0);
      if (const auto* number = std::get_if<int32_t>(&value))
        out_.AddElement<int32_t>(field, *number, 0);
      if (const auto* flag = std::get_if<bool>(&value))
        out_.AddElement<uint8_t>(field, *flag ? 1 : 0, 0);
      if (const auto* real = std::get_if<float>(&value)) out_.AddElement<float>(field, *real, 0);
      out_.ForceDefaults(false);
      if (std::holds_alternative<std::vector<int32_t>>(value)) out_.AddOffset(field, vectors[i]);
    }
    return end(start).Union();
  }

  Tables operators() {
    Tables tables;
    for (const FileBuilder::FileOperator& op : file_.operators_) {
      const Offset inputs = ids(op.inputs);
      const Offset outputs = ids(op.outputs);
      const bool has_options = op.options.table != OptionsTable::none;
      const Offset options = has_options ? options_of(op.options) : Offset();
      const uint32_t start = out_.StartTable();
      out_.AddElement<uint32_t>(op::code_index, static_cast<uint32_t>(op.code), 0);
      out_.AddOffset(op::inputs, inputs);
      out_.AddOffset(op::outputs, outputs);
      if (has_options) {
        out_.AddElement<uint8_t>(op::options_type, static_cast<uint8_t>(op.options.table), 0);
        out_.AddOffset(op::options, options);
      }
      tables.push_back(end(start));
    }
    return tables;
  }

  static std::vector<TensorId> tensors_of(const FileBuilder::Named& named) {
    std::vector<TensorId> list;
    for (const auto& [name, id] : named) list.push_back(id);
    return list;
  }

  flatbuffers::Offset<flatbuffers::Table> subgraph() {
    const Offset tensors_list = list(tensors());
    const Offset inputs = ids(tensors_of(file_.inputs_));
    const Offset outputs = ids(tensors_of(file_.outputs_));
    const Offset operators_list = list(operators());
    const Offset name = text("main");
    const uint32_t start = out_.StartTable();
    out_.AddOffset(subgraph::tensors, tensors_list);
    out_.AddOffset(subgraph::inputs, inputs);
    out_.AddOffset(subgraph::outputs, outputs);
    out_.AddOffset(subgraph::operators, operators_list);
    out_.AddOffset(subgraph::name, name);
    return end(start);
  }

  Tables tensor_maps(const FileBuilder::Named& named) {
    Tables tables;
    for (const auto& [name, id] : named) {
      const Offset name_text = text(name);
      const uint32_t start = out_.StartTable();
      out_.AddOffset(tensor_map::name, name_text);
      out_.AddElement<uint32_t>(tensor_map::tensor, static_cast<uint32_t>(id), 0);
      tables.push_back(end(start));
    }
    return tables;
  }

  flatbuffers::Offset<flatbuffers::Table> signature() {
    const Offset inputs = list(tensor_maps(file_.inputs_));
    const Offset outputs = list(tensor_maps(file_.outputs_));
    const Offset key = text(kSignatureKey);
    const uint32_t start = out_.StartTable();
    out_.AddOffset(signature::inputs, inputs);
    out_.AddOffset(signature::outputs, outputs);
    out_.AddOffset(signature::key, key);
    out_.AddElement<uint32_t>(signature::subgraph, 0, 0);
    return end(start);
  }

  // Their texts are buffers after those of the constants.
  Tables metadata_entries() {
    Tables tables;
    size_t number = file_.buffers_.size();
    for (const auto& [name, value] : file_.metadata_) {
      const Offset name_text = text(name);
      const uint32_t start = out_.StartTable();
      out_.AddOffset(metadata::name, name_text);
      out_.AddElement<uint32_t>(metadata::buffer, static_cast<uint32_t>(number++), 0);
      tables.push_back(end(start));
    }
    return tables;
  }

  flatbuffers::Offset<flatbuffers::Table> buffer_of(std::span<const std::byte> bytes) {
    Offset data;
    if (!bytes.empty()) {
      out_.ForceVectorAlignment(bytes.size(), 1, kConstantAlignment);
      data =
          out_.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()).Union();
    }
    const uint32_t start = out_.StartTable();
    if (!bytes.empty()) out_.AddOffset(buffer::data, data);
    return end(start);
  }

  Tables buffers_of() {
    Tables tables;
    for (const auto& bytes : file_.buffers_) tables.push_back(buffer_of(bytes));
    for (const auto& [name, value] : file_.metadata_)
      tables.push_back(buffer_of(std::as_bytes(std::span(value))));
    return tables;
  }

  const FileBuilder& file_;
  flatbuffers::FlatBufferBuilder out_;
};

Result<std::vector<uint8_t>> FileBuilder::finish() const {
  if (constant_bytes_ > kMaxConstantBytes) {
    return TESSERA_ERROR(
        kResourceLimit, "",
        fmt::format("{} bytes of weights do not fit into one TensorFlow Lite file of at most 2 GB",
                    constant_bytes_),
        "export the network in pieces");
  }
  return FileWriter(*this).bytes();
}

}  // namespace tessera::tflite
