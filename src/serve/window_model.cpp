#include "serve/window_model.h"

#include <fmt/format.h>

#include <optional>

#include "base/counted.h"
#include "pipeline/network_backends.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

class NetworkWindows final : public WindowModel {
 public:
  static Result<std::unique_ptr<WindowModel>> open(const std::filesystem::path& path,
                                                   const WindowModelOptions& options) {
    auto model = std::unique_ptr<NetworkWindows>(new NetworkWindows);
    ImportOptions import;
    import.model_args = options.model_args;
    TESSERA_TRY(model->network_, LoadedNetwork::open(path, import));
    TESSERA_TRY(model->backends_,
                NetworkBackends::open(model->network_, {options.backend, "", false},
                                      {.threads = options.threads, .memory_limit_bytes = options.memory_limit_bytes}));
    TESSERA_TRY(model->session_, model->network_.session(model->backends_->devices(), EncodingsUse::ignore));
    const Signature& signature = model->session_->signature();
    if (signature.inputs.size() != 1 || signature.outputs.size() != 1) {
      return TESSERA_ERROR(kUnsupported, path.string(),
                           fmt::format("has {} and {}; a service takes one window and gives one latent",
                                       counted(signature.inputs.size(), "input"),
                                       counted(signature.outputs.size(), "output")),
                           "export the network with one of each");
    }
    return std::unique_ptr<WindowModel>(std::move(model));
  }

  WindowContract contract() const override {
    const Shape shape = session_->signature().inputs[0].shape;
    return {.rows = shape.w, .columns = shape.c, .devices = shape.h, .ranges = {}};
  }
  int64_t latent_values() const override { return session_->signature().outputs[0].shape.size(); }
  std::string backend() const override { return std::string(backends_->chip_name()); }
  Arithmetic arithmetic() const override { return backends_->chip().arithmetic(); }

  Result<void> run(std::span<const ConstValues> windows, std::span<const Values> latents) override {
    for (size_t i = 0; i < windows.size(); ++i)
      TESSERA_TRY_VOID(session_->run(windows.subspan(i, 1), latents.subspan(i, 1)));
    return {};
  }

 private:
  NetworkWindows() = default;

  LoadedNetwork network_;
  std::optional<NetworkBackends> backends_;
  std::optional<Session> session_;
};

}  // namespace

Result<std::unique_ptr<WindowModel>> open_window_model(const std::filesystem::path& path,
                                                       const WindowModelOptions& options) {
  return NetworkWindows::open(path, options);
}

}  // namespace tessera
