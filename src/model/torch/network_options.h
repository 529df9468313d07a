// Options of a network that its weights do not tell: stated by the arguments, else assumed with a
// note.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/torch/model_args.h"
#include "tessera/compiler/op.h"

namespace tessera {

struct Toolkit {
  std::string_view name;  // "torchaudio", for messages
  bool has_args = false;  // its constructor's arguments were stored: an absent one is no assumption
};

// The argument `name`, one of `known`; else `assumed`, with a warning unless `toolkit.has_args`.
// Error: kInvalidArgument for a value that the toolkit does not know.
Result<std::string> choose_option(ModelArgs& args, const Toolkit& toolkit, const std::string& name,
                                  std::span<const std::string_view> known, std::string_view assumed,
                                  std::vector<Note>& notes);

// gLN, cLN or BN (global, channel_wise, batch), in any case of letters. Error: kInvalidArgument.
Result<NormKind> norm_named(const std::string& name, const Toolkit& toolkit);

// The kind that the shapes show, unless the arguments name another one. Error: kInvalidModel.
Result<NormKind> agreed_norm(ModelArgs& args, const Toolkit& toolkit, NormKind shown);

// Error: kInvalidArgument where an encoder_activation is stated that the toolkit does not have.
Result<void> check_encoder_activation(ModelArgs& args, const Toolkit& toolkit,
                                      std::string_view fixed);

}  // namespace tessera
