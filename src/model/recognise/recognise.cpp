#include "model/recognise/recognise.h"

namespace tessera {
namespace {

// Parts first, so that the others see through joined slices; norms before pools, which would claim
// their means; padding last, when norms no longer stand between; overlap-add before sources, which
// give each voice a decoder of its own.
constexpr Recogniser kRecognisers[] = {
    {"recognise_parts", recognise_parts},
    {"recognise_affine", recognise_affine},
    {"recognise_activation", recognise_activation},
    {"recognise_prelu", recognise_prelu},
    {"recognise_norm", recognise_norm},
    {"recognise_pool", recognise_pool},
    {"recognise_padding", recognise_padding},
    {"recognise_overlap_add", recognise_overlap_add},
    {"recognise_sources", recognise_sources},
};

// Each round simplifies; real networks settle within a handful.
constexpr int kMaxRounds = 32;

}  // namespace

std::span<const Recogniser> recognisers() {
  return kRecognisers;
}

Result<void> recognise(Graph& graph) {
  for (int round = 0; round < kMaxRounds; ++round) {
    int64_t edits = 0;
    for (const Recogniser& recogniser : recognisers()) {
      GraphEditor editor(graph, std::string(recogniser.name));
      TESSERA_TRY_VOID(recogniser.apply(editor));
      edits += editor.edits();
      editor.remove_dead();
    }
    if (edits == 0) break;
  }
  return {};
}

}  // namespace tessera
