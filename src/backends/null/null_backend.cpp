#include "backends/null/null_backend.h"

#include <algorithm>

#include <fmt/format.h>

#include "backends/float_segment.h"
#include "tessera/backend.h"

namespace tessera {
namespace {

// What an output is a copy of.
struct Source {
  size_t input = 0;   // index of the input that it hands on, unless
  Tensor constant{};  // it is a constant's value
};

class NullExecutable : public Executable {
 public:
  // Everything that can fail for the graph's sake fails here, and not in run().
  static Result<std::unique_ptr<Executable>> load(const Graph& graph) {
    TESSERA_TRY_VOID(validate(graph, graph.form()));
    auto executable = std::make_unique<NullExecutable>();
    executable->signature_ = signature_of(graph);
    for (const GraphOutput& output : graph.outputs()) {
      const Node& node = graph.node(output.node);
      if (const auto* constant = std::get_if<Constant>(&node.op)) {
        executable->sources_.push_back({0, constant->value});
      } else if (std::holds_alternative<Input>(node.op)) {
        const auto inputs = graph.inputs();
        const auto found = std::find(inputs.begin(), inputs.end(), node.id);
        executable->sources_.push_back({static_cast<size_t>(found - inputs.begin()), {}});
      } else {
        return TESSERA_ERROR(kUnsupported, node.name,
                             fmt::format("the null backend computes no {}", op_name(node.op)),
                             "use another backend");
      }
    }
    return std::unique_ptr<Executable>(std::move(executable));
  }

  Result<void> run(std::span<const ConstValues> inputs, std::span<const Values> outputs) override {
    TESSERA_TRY_VOID(check_values(signature_, inputs, outputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Source& source = sources_[i];
      const ConstValues values =
          source.constant.size() > 0 ? source.constant.values() : inputs[source.input];
      std::copy(values.begin(), values.end(), outputs[i].begin());
    }
    return {};
  }

  int64_t arena_bytes() const override { return 0; }

 private:
  Signature signature_;
  std::vector<Source> sources_;  // by output
};

class NullBackend : public Backend {
 public:
  DeviceInfo probe() const override {
    return {.backend = "null",
            .available = true,
            .description = "computes no operation",
            .reason = "",
            .threads = 1};
  }

  Arithmetic arithmetic() const override { return Arithmetic::float32; }

  Result<std::unique_ptr<Executable>> load(const Segment& segment) override {
    TESSERA_TRY_VOID(check_float_segment(segment, "null"));
    TESSERA_TRY_VOID(check_nothing_carried(segment, "null"));
    return NullExecutable::load(segment.graph);
  }
};

}  // namespace

std::unique_ptr<Backend> make_null_backend(const BackendOptions&) {
  return std::make_unique<NullBackend>();
}

}  // namespace tessera
