// The table of commands, in the order in which --help lists them.
#include "cli/command.h"

namespace tessera::cli {

std::span<const Command> commands() {
  static constexpr Command kCommands[] = {
      {"inspect", "Show what a network is: layers, shapes, costs, causality", define_inspect},
      {"separate", "Separate the voices of recordings into files", define_separate},
      {"score", "Score separated voices against references: SI-SNR, SDR, improvement",
       define_score},
      {"rewrite", "Rewrite a network into what an accelerator can do, and say what was done",
       define_rewrite},
      {"run", "Evaluate a network on arrays", define_run},
      {"export", "Write a network as an ONNX file", define_export},
      {"doctor", "Check this machine and this build", define_doctor},
      {"check", "Would this network fit on a chip, and if not, every reason why", define_check},
      {"plan", "Cut a network for a chip: segments, tiles, calls, cost, and what else one could do",
       define_plan},
      {"calibrate", "Choose what a network is calibrated on, and see what its values do then",
       define_calibrate},
      {"norms", "What freezing norms costs in dB and saves in time, one norm after the other",
       define_norms},
      {"build", "Build a network for a chip: rewrite, cut, place, prove, into one package",
       define_build},
      {"verify", "Prove a package or a plan to be the imported network, stage by stage",
       define_verify},
      {"parity", "Decoder, masker or chain in tiles and blocks of known sizes, proved equal",
       define_parity},
      {"compare", "Two networks value by value: SNR, cosine, largest difference, a plot",
       define_compare},
      {"bisect", "Where between a network and its package the quality goes, to the single value",
       define_bisect},
      {"package", "List, extract and check what a package holds", define_package},
      {"target", "Known chips, their rules, and how these explain recorded compiles",
       define_target},
      {"formats", "What of a model file's format is read: the operations of ONNX", define_formats},
      {"completion", "Print a completion script for your shell", define_completion, true},
  };
  return kCommands;
}

}  // namespace tessera::cli
