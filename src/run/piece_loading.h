// Loads the parts of a plan on their devices, and falls back for pieces where that is allowed.
#pragma once

#include <memory>

#include "tessera/session.h"

namespace tessera {

struct PieceOnDevice {
  std::unique_ptr<Executable> executable;
  PieceDevice device;
};

class PieceLoader {
 public:
  // All of it must outlive the loader.
  PieceLoader(const Devices& devices, const Encodings* encodings, EncodingsUse use);

  // On the chip's backend, else on the fallback. Errors: those of Backend::load(), with the piece
  // before their subject.
  Result<PieceOnDevice> load_piece(const Piece& piece) const;
  // On the host's backend. Errors: those of Backend::load(); kUnsupported for a backend that runs
  // artifacts only.
  Result<std::unique_ptr<Executable>> load_host_steps(const Graph& group) const;

 private:
  Result<std::unique_ptr<Executable>> load_on(Backend& backend, const Piece& piece) const;

  const Devices& devices_;
  const Encodings* encodings_;
  EncodingsUse use_;
  std::string chip_name_;
};

}  // namespace tessera
