// ONNX files as networks: read (reader.h), recognised (recognise.h), put in canonical order.
#pragma once

#include "model/format.h"

namespace tessera {

bool recognises_onnx(const SourceFile& file);
// family "onnx". A file with an open time dimension instantiates for any length; one exported for a
// fixed length only for that.
Result<ImportedModel> import_onnx(const SourceFile& file, const ImportOptions& options);

}  // namespace tessera
