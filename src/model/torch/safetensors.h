// .safetensors: an 8-byte little-endian header length, a JSON header of names, types, shapes and
// byte ranges, then the numbers. Format: https://github.com/huggingface/safetensors#format
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/torch/checkpoint.h"
#include "tessera/result.h"

namespace tessera {

// Errors: kCorrupt (truncated, bad JSON, ranges that overlap, leave holes or the file),
// kUnsupported (number formats without float32 meaning here), kResourceLimit (header too large).
Result<Checkpoint> read_safetensors(std::span<const uint8_t> file);

// Adds the arguments of a JSON configuration: {"model_args": {...}, "model_name": ...,
// "sample_rate": ...}, or the arguments directly. Errors: kCorrupt when it is no JSON object.
Result<void> add_json_config(std::span<const uint8_t> json, std::string_view file_name,
                             Checkpoint& checkpoint);

}  // namespace tessera
