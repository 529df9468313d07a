// The networks known by their state dicts. Each reader takes its tensors from a StateView, its
// options from ModelArgs, and notes what it assumed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/torch/conv_tasnet.h"
#include "model/torch/model_args.h"
#include "model/torch/state_view.h"

namespace tessera {

struct KnownNetwork {
  std::string_view family;  // "asteroid_convtasnet"
  std::string_view anchor;  // a tensor whose name tells the family
  // `has_args`: constructor arguments were stored, so an absent one has the constructor's default.
  // Errors: kInvalidModel (shapes and arguments contradict each other), kUnsupported (an option
  // outside what the graph can say), kInvalidArgument (a given argument without meaning).
  Result<ConvTasNet> (*read)(StateView& state, ModelArgs& args, bool has_args,
                             std::vector<Note>& notes);
  // For the documentation.
  std::string_view toolkit;  // whose network it is
  std::string_view told;     // what names and shapes tell besides all sizes
  std::string_view assumed;  // what is assumed, with a note, unless it is given
};

// In the order asked: the first whose anchor is there reads the weights.
std::span<const KnownNetwork> known_networks();

Result<ConvTasNet> read_asteroid(StateView& state, ModelArgs& args, bool has_args,
                                 std::vector<Note>& notes);
Result<ConvTasNet> read_torchaudio(StateView& state, ModelArgs& args, bool has_args,
                                   std::vector<Note>& notes);
Result<ConvTasNet> read_kaituoxu(StateView& state, ModelArgs& args, bool has_args,
                                 std::vector<Note>& notes);
Result<ConvTasNet> read_funcwj(StateView& state, ModelArgs& args, bool has_args,
                               std::vector<Note>& notes);
Result<ConvTasNet> read_jusperlee(StateView& state, ModelArgs& args, bool has_args,
                                  std::vector<Note>& notes);
Result<ConvTasNet> read_jusperlee_lightning(StateView& state, ModelArgs& args, bool has_args,
                                            std::vector<Note>& notes);
Result<ConvTasNet> read_naplab(StateView& state, ModelArgs& args, bool has_args,
                               std::vector<Note>& notes);
Result<ConvTasNet> read_speechbrain(StateView& state, ModelArgs& args, bool has_args,
                                    std::vector<Note>& notes);

}  // namespace tessera
