// The table of commands, in the order in which --help lists them.
#include "cli/command.h"

namespace tessera::cli {
namespace {

constexpr std::string_view kMain = "Commands used most";
constexpr std::string_view kNetworks = "Commands for networks and voices";
constexpr std::string_view kSensors = "Commands for motion sensors";
constexpr std::string_view kChips = "Commands for chips";
constexpr std::string_view kQuality = "Commands that look for lost quality";
constexpr std::string_view kEvidence = "Commands for sweeps and what they found";
constexpr std::string_view kTool = "Commands about this tool";

}  // namespace

std::span<const Command> commands() {
  static constexpr Command kCommands[] = {
      {kMain, "separate", "Separate the voices of recordings into files", define_separate},
      {kMain, "build", "Build a network for a chip: rewrite, cut, place, prove, into one package",
       define_build},
      {kMain, "verify", "Prove a package or a plan to be the imported network, stage by stage",
       define_verify},
      {kMain, "check", "Would this network fit on a chip, and if not, every reason why",
       define_check},
      {kMain, "inspect", "Show what a network is: layers, shapes, costs, causality",
       define_inspect},

      {kNetworks, "stream", "Separate samples as they arrive: a causal network, live",
       define_stream},
      {kNetworks, "serve", "Serve networks over HTTP and WebSocket: windows, recordings, streams",
       define_serve},
      {kNetworks, "run", "Evaluate a network on arrays", define_run},
      {kNetworks, "score", "Score separated voices against references: SI-SNR, SDR, improvement",
       define_score},
      {kNetworks, "eval", "Score a network on a data set, or two networks side by side",
       define_eval},
      {kNetworks, "rewrite",
       "Rewrite a network into what an accelerator can do, and say what was done", define_rewrite},
      {kNetworks, "export", "Write a network as an ONNX or TensorFlow Lite file", define_export},

      {kSensors, "classify", "The class of each window of a recording, and how sure it is",
       define_classify},
      {kSensors, "encode", "Windows of a recording as latents", define_encode},

      {kChips, "plan", "Cut a network for a chip: segments, tiles, calls, cost, alternatives",
       define_plan},
      {kChips, "calibrate",
       "Choose what a network is calibrated on, and see the statistics of its values",
       define_calibrate},
      {kChips, "tune", "Measure what an approximation costs in dB and saves in time", define_tune},
      {kChips, "package", "List, extract and check what a package holds", define_package},
      {kChips, "har", "Read what Hailo's tools pass from step to step: network, weights, scripts",
       define_har},
      {kChips, "diff", "A network beside what Hailo's parser made of it, layer by layer",
       define_diff},
      {kChips, "hef", "Read a compiled file of Hailo's compiler: streams, weights, units taken",
       define_hef},
      {kChips, "target", "Known chips, their rules, and how these explain recorded compiles",
       define_target},
      {kChips, "compile", "The pieces of a package through the vendor's compiler, into the package",
       define_compile},
      {kChips, "sweep",
       "Many compiles from one definition: presets, cases, a table, what to change next",
       define_sweep},
      {kChips, "explain",
       "What a vendor's compiler or runtime said: why it failed, which layer, what to do next",
       define_explain},

      {kQuality, "compare", "Two networks value by value: SNR, cosine, largest difference, a plot",
       define_compare},
      {kQuality, "bisect",
       "Where between a network and its package the quality goes, to the single value",
       define_bisect},

      {kEvidence, "runs", "List, show, compare, import and remove runs", define_runs},
      {kEvidence, "status",
       "The goals, ticked by what runs left behind, with the path of each tick", define_status},

      {kTool, "doctor", "Check this machine and this build", define_doctor},
      {kTool, "formats", "What of a model file's format is read: the operations of ONNX",
       define_formats},
      {kTool, "completion", "Print a completion script for your shell", define_completion, true},
  };
  return kCommands;
}

}  // namespace tessera::cli
