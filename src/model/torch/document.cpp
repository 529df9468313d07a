// docs/checkpoints.md from the tables that the readers use, so that it cannot lag behind them.
#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/foreign_file.h"
#include "model/torch/argument_names.h"
#include "model/torch/foreign_networks.h"
#include "model/torch/known_networks.h"
#include "model/torch/pickle_globals.h"
#include "model/torch/pickle_names.h"
#include "model/torch/speechbrain_parts.h"
#include "model/torch/state_dict_finder.h"
#include "model/torch/stored_arguments.h"
#include "model/torch/tcn.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

std::string in_quotes(std::span<const std::string_view> names) {
  std::vector<std::string> quoted;
  for (std::string_view name : names) quoted.push_back(fmt::format("`{}`", name));
  return fmt::format("{}", fmt::join(quoted, " "));
}

std::string files_section() {
  std::string text =
      "## Files\n"
      "| file | what is read |\n|---|---|\n"
      "| `.pth` `.pt` `.bin` `.ckpt` `.pth.tar` | what `torch.save` writes: a zip with `data.pkl` "
      "and one file per storage, or before PyTorch 1.6 pickles with the storages after them |\n"
      "| `.safetensors` | with a JSON configuration beside it: `<name>.json`, else `config.json` "
      "|\n";
  std::vector<std::string> parts;
  for (std::string_view part : speechbrain_parts()) parts.push_back(fmt::format("`{}.ckpt`", part));
  text += fmt::format(
      "| a folder with {} | SpeechBrain's network in several files, with its hyperparameters "
      "beside them ({}); any of these files stands for the folder |\n\n",
      fmt::join(parts, " "), in_quotes(hyperparams_names()));
  text += fmt::format(
      "The content decides, not the name. The weights may lie bare or under {}, nested, and may "
      "carry\nprefixes (`module.`, `model.`). float16, bfloat16, float32, float64, integers and "
      "bool become float32;\nviews, shared and transposed storages become plain arrays. NaN or "
      "infinite weights give a warning that\nnames the tensor.\n\nRefused, each with the next step "
      "in the message: files of PyTorch before 0.1.10, TorchScript archives, whole\nmodules "
      "(`torch.save(model)`), quantised or complex tensors.\n\n",
      in_quotes(state_dict_wrappers()));
  return text;
}

std::string networks_section() {
  std::string text =
      "## Networks\n"
      "| whose | told by | names and shapes tell, besides all sizes | assumed unless given |\n"
      "|---|---|---|---|\n";
  for (const KnownNetwork& network : known_networks()) {
    text += fmt::format("| {} | `{}` | {} | {} |\n", network.toolkit, network.anchor, network.told,
                        network.assumed);
  }
  text +=
      "\nEvery assumption is a note. A value that the shapes contradict is an error that names the "
      "tensor, the shape\nexpected and the one found; keys missing or left over are listed. How "
      "blocks repeat, where it is assumed: 8 per\nrepeat if that divides their number, else two "
      "(three, ...) equal repeats. What a toolkit itself cannot run (even\ndepthwise kernels "
      "unless causal) is refused.\n\n"
      "Not read: filterbanks of Asteroid's other than `free`, and these networks, which are "
      "refused by name:\n\n| class | what it is |\n|---|---|\n";
  for (const ForeignNetwork& network : foreign_networks())
    text += fmt::format("| `{}` | {} |\n", network.name, network.what);
  text +=
      "\nAny other class that a file states is refused by its name, too. Where no class is stated, "
      "a tensor tells it:\n\n| part of a tensor's name | what it is |\n|---|---|\n";
  for (const ForeignLayer& layer : foreign_layers())
    text += fmt::format("| `{}` | {} |\n", layer.part, layer.what);
  return text + "\n";
}

std::string tcn_section() {
  std::string text =
      "## Networks of motion sensors\n"
      "TCNs as Bai, Kolter and Koltun wrote them (locuslab's `TemporalConvNet`, the package "
      "`pytorch-tcn`, and what is\nwritten like them): tensors `...0.conv1.weight`, `conv2`, ... "
      "or "
      "`...0.net.0.weight` of Conv1d with one group,\nwith weight norm (`weight_g` and `weight_v`, "
      "`parametrizations.weight.original0` and `1`) or without, batch norms\n`norm1`, `bn1`, a 1x1 "
      "`downsample` (`residual`, `shortcut`, ...), and linear layers after the blocks. Weight norm "
      "is\nfolded. `--model-arg NAME=VALUE` tells what the weights do not:\n\n"
      "| name | values |\n|---|---|\n";
  for (const TcnArgument& argument : tcn_arguments())
    text += fmt::format("| `{}` | {} |\n", argument.name, argument.values);
  return text + "\nOther networks of sensors come as ONNX (docs/onnx.md).\n\n";
}

std::string arguments_section() {
  std::string text =
      "## Arguments\n"
      "Beside the weights they are looked for here:\n\n| where | what is read |\n|---|---|\n";
  for (const ArgumentPlace& place : argument_places())
    text += fmt::format("| `{}` | {} |\n", place.key, place.what);
  text +=
      "\n`--model-arg NAME=VALUE` (repeatable) overrides them:\n\n"
      "| name | values | also called |\n|---|---|---|\n";
  for (const CommonArgument& argument : common_arguments()) {
    std::vector<std::string> others;
    for (const ArgumentName& other : argument_names()) {
      if (other.name == argument.name)
        others.push_back(fmt::format("`{}` ({})", other.other, other.toolkits));
    }
    text += fmt::format("| `{}` | {} | {} |\n", argument.name, argument.values,
                        fmt::join(others, ", "));
  }
  return text + "\n";
}

std::string pickles_section() {
  std::string text =
      "## What a pickle may hold\n"
      "Nothing in a file is ever run. These names make data:\n\n| module | names |\n|---|---|\n";
  std::map<std::string_view, std::vector<std::string_view>> by_module;
  for (const PermittedGlobal& global : permitted_globals())
    by_module[global.module].push_back(global.name);
  for (const auto& [module, names] : by_module)
    text += fmt::format("| `{}` | {} |\n", module, in_quotes(names));
  text +=
      "\nAny other name may be mentioned (a class as a dictionary's key), and of an object of such "
      "a "
      "class its attributes\nare kept (`argparse.Namespace`); a note lists the classes. A function "
      "that the pickle would call is refused by\nname, and so is every other name of these "
      "modules:\n\n";
  text += in_quotes(refused_modules());
  text +=
      "\n\n    bad.pth: data.pkl: the pickle asks for posix.system, which is not data (nothing was "
      "run; if you trust the file, save\n    only its weights: torch.save(model.state_dict(), "
      "path))\n\n";
  return text;
}

std::string foreign_files_section() {
  std::string text =
      "## What is found in place of a network\n"
      "| file | told by | next step |\n|---|---|---|\n";
  for (const ForeignFile& file : foreign_files())
    text += fmt::format("| {} | {} | {} |\n", file.kind, file.told_by, file.next);
  return text;
}

}  // namespace

std::string checkpoints_markdown() {
  return "# Checkpoints\n\n"
         "<!-- Written by `tessera formats checkpoints`; a test compares it with the readers. "
         "-->\n\n"
         "`tessera` reads the weights of Conv-TasNets and of TCNs for motion sensors from the "
         "files that "
         "their toolkits write.\n\n" +
         files_section() + networks_section() + tcn_section() + arguments_section() +
         pickles_section() + foreign_files_section();
}

}  // namespace tessera
