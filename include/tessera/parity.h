// Parity: the decoder, the masker or the whole chain of a Conv-TasNet cut into tiles and channel
// blocks of known sizes, and proved equal to the same part of the network.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/graph.h"
#include "tessera/import.h"
#include "tessera/result.h"
#include "tessera/target.h"
#include "tessera/verify.h"

namespace tessera {

enum class ParityPart : uint8_t {
  decoder,  // what each source's decoder is given -> samples
  masker,   // encoder's output -> masks
  chain,    // samples -> samples
};
std::string_view to_string(ParityPart part);

struct ParityCase {
  ParityPart part = ParityPart::chain;
  int64_t length = 0;       // frames of the representation; samples for the chain
  int64_t tile_frames = 0;  // output frames of a tile
  int64_t block_channels = 64;
};

// The cases that the part is tried with.
std::span<const ParityCase> parity_cases(ParityPart part);

struct ParityResult {
  ParityCase which;
  VerifyReport report;
  double audio_seconds = 0;  // of the signal; 0 where the sample rate is not known
  // Scale-invariant SNR in dB of each source that comes out over the same source of the network,
  // sources in the order that is best. Empty for the masker, and where a source is silent.
  std::vector<double> si_snr_db;
};

// The part of an imported Conv-TasNet as a network of its own: inputs are the values that enter it.
// Errors: kUnsupported where the network has no such part.
Result<Graph> parity_network(const Graph& imported, ParityPart part);

// Instantiates the network at the case's length, cuts it for `target` and verifies it. `audio` is
// what it hears (at least as long as the case; more is cut off), or noise. Errors: those of
// parity_network, make_plan and verify_plan; kInvalidArgument for audio that is too short.
Result<ParityResult> run_parity(const ImportedModel& model, const ParityCase& which,
                                const Target& target, Backend& backend, Backend& judge,
                                std::optional<std::span<const float>> audio = {},
                                const VerifyOptions& options = {});

}  // namespace tessera
