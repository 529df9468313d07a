#include "run/piece_loading.h"

#include <fmt/format.h>

namespace tessera {
namespace {

Error at_piece(Error error, const std::string& name) {
  error.subject = fmt::format("piece '{}': {}", name, error.subject);
  return error;
}

// Whether the error is about this piece on this backend: another backend may run it. What the
// caller got wrong and what the whole device lacks stay errors.
bool is_refusal(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnsupported:
    case ErrorCode::kNotFound:
    case ErrorCode::kMismatch:
    case ErrorCode::kCorrupt:
    case ErrorCode::kResourceLimit: return true;
    default: return false;
  }
}

}  // namespace

PieceLoader::PieceLoader(const Devices& devices, const Encodings* encodings, EncodingsUse use)
    : devices_(devices),
      encodings_(encodings),
      use_(use),
      chip_name_(devices.chip.probe().backend) {}

Result<std::unique_ptr<Executable>> PieceLoader::load_on(Backend& backend,
                                                         const Piece& piece) const {
  Segment segment{piece.graph, encodings_, use_, piece.name, {}};
  const std::string_view format = backend.artifact_format();
  if (!format.empty() && devices_.artifacts) {
    TESSERA_TRY(segment.artifact, devices_.artifacts(piece, format));
  }
  return backend.load(segment);
}

Result<PieceOnDevice> PieceLoader::load_piece(const Piece& piece) const {
  auto loaded = load_on(devices_.chip, piece);
  if (loaded) {
    return PieceOnDevice{std::move(*loaded), {piece.name, chip_name_, ""}};
  }
  const Error refusal = loaded.error();
  if (devices_.fallback == nullptr || !is_refusal(refusal.code))
    return at_piece(refusal, piece.name);
  auto fallen = load_on(*devices_.fallback, piece);
  if (!fallen) return at_piece(std::move(fallen).error(), piece.name);
  return PieceOnDevice{std::move(*fallen),
                       {piece.name, devices_.fallback->probe().backend, refusal.to_string()}};
}

Result<std::unique_ptr<Executable>> PieceLoader::load_host_steps(const Graph& group) const {
  Backend& host = devices_.host;
  if (!host.artifact_format().empty()) {
    return TESSERA_ERROR(kUnsupported, fmt::format("backend '{}'", host.probe().backend),
                         "runs the pieces of a plan only, and no host steps",
                         "give host steps a backend of their own: Devices(chip, host)");
  }
  const bool in_floats = &host != &devices_.chip && host.arithmetic() == Arithmetic::float32;
  return host.load({group, encodings_, in_floats ? EncodingsUse::ignore : use_});
}

}  // namespace tessera
