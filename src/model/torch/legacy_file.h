// The format of torch.save from PyTorch 0.1.10 to 1.5, and later where it was asked for: five
// pickles (a magic number, the protocol, facts about the machine, the object, the storages' keys),
// then the storages.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/torch/pickle_value.h"
#include "tessera/result.h"

namespace tessera {

bool is_legacy_file(std::span<const uint8_t> file);

struct LegacyFile {
  PickleDocument document;
  std::vector<std::string> keys;      // of the storages, in the order written
  std::span<const uint8_t> storages;  // a part of the file
};

// Errors: those of Unpickler; kCorrupt where one of the pickles is not what it should be.
Result<LegacyFile> read_legacy_file(std::span<const uint8_t> file);

}  // namespace tessera
