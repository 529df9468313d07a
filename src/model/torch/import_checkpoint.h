// From a file of weights to an ImportedModel: entries of the format table in model/import.cpp.
#pragma once

#include "model/format.h"
#include "model/torch/checkpoint.h"

namespace tessera {

// From weights that are read already. Errors: those of a KnownNetwork's reader; kUnsupported for
// networks that are not known.
Result<ImportedModel> import_checkpoint(Checkpoint checkpoint, const ImportOptions& options);

bool recognises_torch(const SourceFile& file);
Result<ImportedModel> import_torch(const SourceFile& file, const ImportOptions& options);

bool recognises_safetensors(const SourceFile& file);
Result<ImportedModel> import_safetensors(const SourceFile& file, const ImportOptions& options);

}  // namespace tessera
