// Temporal convolutional networks of sensors, known by their state dicts: blocks of dilated
// convolutions with a residual path (Bai, Kolter, Koltun: "An empirical evaluation of generic
// convolutional and recurrent networks for sequence modeling", 2018), then a pool over time or the
// last frame, and linear layers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/torch/checkpoint.h"
#include "model/torch/conv_tasnet.h"
#include "model/torch/model_args.h"
#include "tessera/compiler/import.h"

namespace tessera {

struct TcnConv {
  ConvTasNetLayer conv;
  std::optional<ConvTasNetLayer> norm;
  std::optional<ConvTasNetLayer> activation;  // with weights of its own; none: Tcn::activation
};

struct TcnBlock {
  std::vector<TcnConv> convs;
  std::optional<ConvTasNetLayer> residual;  // 1x1 of the block's input; none: the input itself
  std::optional<ConvTasNetLayer> sum_activation;  // as TcnConv::activation
};

enum class TcnPool : uint8_t { none, average, max, last };

struct Tcn {
  std::vector<TcnBlock> blocks;
  Op activation;  // after each convolution, and after the residual is added
  bool activates_sum = true;
  TcnPool pool = TcnPool::last;
  std::vector<ConvTasNetLayer> heads;  // Gemm each, `activation` between two of them
  bool softmax = false;

  int64_t channels() const;
};

class TcnNetwork final : public Network {
 public:
  explicit TcnNetwork(Tcn net) : net_(std::move(net)) {}

  int64_t min_length() const override { return 1; }
  Result<Graph> instantiate(int64_t length_samples) const override;

 private:
  Tcn net_;
};

// Where the blocks of TCNs are in a state dict: "network.", "encoder.tcn.network.". Empty: there
// are none.
std::vector<std::string> tcn_prefixes(const Checkpoint& checkpoint);

// The model of a checkpoint that has them. Errors: kInvalidModel where shapes contradict each
// other or the arguments, kUnsupported, kInvalidArgument for arguments without meaning.
Result<ImportedModel> import_tcn(Checkpoint checkpoint, const ImportOptions& options);

// An argument of import_tcn(), for the documentation.
struct TcnArgument {
  std::string_view name;
  std::string_view values;
};
std::span<const TcnArgument> tcn_arguments();

}  // namespace tessera
