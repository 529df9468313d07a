// A SpeechBrain network as its checkpointer and its published folders have it: encoder.ckpt,
// masknet.ckpt and decoder.ckpt, and beside them hyperparams.yaml. Any of these files stands for
// all; so does their folder.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/format.h"

namespace tessera {

std::span<const std::string_view> speechbrain_parts();
// Names under which the hyperparameters lie beside them, in the order tried.
std::span<const std::string_view> hyperparams_names();

bool recognises_speechbrain_parts(const SourceFile& file);
Result<ImportedModel> import_speechbrain_parts(const SourceFile& file,
                                               const ImportOptions& options);

// The file that stands for the network in a folder; nothing where the folder holds none of its
// parts. Error: kNotFound naming the parts that are missing where others are there.
Result<std::optional<std::filesystem::path>> speechbrain_file_in(
    const std::filesystem::path& folder);

}  // namespace tessera
