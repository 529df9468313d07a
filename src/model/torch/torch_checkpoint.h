// Reads what torch.save wrote (PyTorch 1.6 and later: a zip with data.pkl and one file per storage;
// before: legacy_file.h) without running anything in it.
#pragma once

#include <cstdint>
#include <span>

#include "model/torch/checkpoint.h"
#include "tessera/result.h"

namespace tessera {

// True for anything torch.save or torch.jit.save may have written: a zip, a bare pickle, the tar of
// PyTorch < 0.1.10.
bool looks_like_torch(std::span<const uint8_t> file);

// Finds the state dict (bare, or under one of state_dict_wrappers(), nested), turns its tensors
// into float32, and keeps arguments, model_name, sample_rate and other plain data found beside it.
// Errors: kUnsafe (the file wants to run code, zip tricks), kUnsupported (PyTorch's format before
// 0.1.10, TorchScript, quantised or complex tensors), kCorrupt (damaged),
// kInvalidModel (no tensors in it), kResourceLimit.
Result<Checkpoint> read_torch_checkpoint(std::span<const uint8_t> file);

}  // namespace tessera
