// Blocks, pool and linear layers of a TCN out of a state dict and arguments.
#pragma once

#include <string>
#include <vector>

#include "model/torch/model_args.h"
#include "model/torch/tcn.h"

namespace tessera {

// The TCN whose blocks lie under `prefix`; what was assumed and left out is noted. Errors: those of
// import_tcn().
Result<Tcn> read_tcn(const Checkpoint& checkpoint, const std::string& prefix, ModelArgs& args,
                     std::vector<Note>& notes);

// kInvalidArgument: "model argument NAME MESSAGE".
Error wrong_arg(const std::string& name, std::string message, std::string hint);

// Errors: kInvalidArgument for an entry that is no number.
Result<std::vector<double>> numbers_in(const std::vector<std::string>& entries,
                                       const std::string& name);

}  // namespace tessera
