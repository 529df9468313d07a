#include "tessera/backend.h"

#include <fmt/format.h>

namespace tessera {

Result<void> Executable::begin(std::span<const ConstValues>) {
  return TESSERA_ERROR(kUnsupported, "executable", "evaluates in run() only", "use run()");
}
Result<void> Executable::finish(std::span<const Values>) {
  return TESSERA_ERROR(kUnsupported, "executable", "evaluates in run() only", "use run()");
}
namespace {

template <typename T>
Result<void> check_ports(std::string_view kind, const std::vector<Port>& ports,
                         std::span<const std::span<T>> values) {
  if (values.size() != ports.size()) {
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{}s", kind),
                         fmt::format("{} given, the network has {}", values.size(), ports.size()),
                         "");
  }
  for (size_t i = 0; i < ports.size(); ++i) {
    if (values[i].size() == static_cast<size_t>(ports[i].shape.size())) continue;
    return TESSERA_ERROR(kInvalidArgument, fmt::format("{} '{}'", kind, ports[i].name),
                         fmt::format("{} values given, shape {} has {}", values[i].size(),
                                     to_string(ports[i].shape), ports[i].shape.size()),
                         "");
  }
  return {};
}

}  // namespace

Signature signature_of(const Graph& graph) {
  Signature signature;
  for (NodeId id : graph.inputs())
    signature.inputs.push_back({graph.node(id).name, graph.node(id).shape});
  for (const GraphOutput& output : graph.outputs())
    signature.outputs.push_back({output.name, graph.node(output.node).shape});
  return signature;
}

Result<void> check_input_values(const Signature& signature, std::span<const ConstValues> inputs) {
  return check_ports("input", signature.inputs, inputs);
}

Result<void> check_values(const Signature& signature, std::span<const ConstValues> inputs,
                          std::span<const Values> outputs) {
  TESSERA_TRY_VOID(check_input_values(signature, inputs));
  return check_ports("output", signature.outputs, outputs);
}

}  // namespace tessera
