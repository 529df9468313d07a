#include "vendor/hailo/log/families.h"

#include <fmt/format.h>

namespace tessera::hailo {
namespace {

constexpr Family kFamilies[] = {
    {"parser_unsupported", LogStage::parse, "The parser names operations that it cannot translate.",
     "Let the named operations run on the host: end the network before them, or build it with "
     "'tessera build', which rewrites or keeps back what the chip cannot do."},
    {"parser_recommendation", LogStage::parse,
     "The parser stopped and only proposes other start or end nodes.",
     "Parse again with the proposed nodes as --end-node-names, and compute the rest on the host; "
     "never answer with -y, which silently leaves the rest out."},
    {"unsupported_dimensions", LogStage::parse,
     "A tensor has a rank or form that the chip does not know, such as 1-D or 3-D.",
     "Write the layer in four axes [N, C, 1, T]: 'tessera rewrite' turns Conv1d into Conv2d."},
    {"unsupported_grouped_deconv", LogStage::compile, "A transposed convolution has groups.",
     "Write it as one convolution per group, or build with 'tessera build', whose rewrite replaces "
     "grouped transposed convolutions."},
    {"har_build", LogStage::parse, "The network could not be translated into a HAR.",
     "Check the ONNX file with 'tessera check FILE --target hailo8', and parse its pieces one by "
     "one."},
    {"bad_inputs_shape", LogStage::optimize,
     "The calibration array has another shape than the network's input.",
     "Give one float array of [samples, height, width, channels]: no further axis, channels last."},
    {"quantization_negative_exponent", LogStage::optimize,
     "The ranges of a layer's data and weights differ by more than its bits can shift.",
     "Calibrate on real, normalised data; else add model_optimization_config(negative_exponent, "
     "layers=[LAYER], rank=0) for the named layer."},
    {"unsupported_precision", LogStage::optimize,
     "The quantiser refuses a precision, a bias mode or a signed output for this chip.",
     "Remove 16 bits from the named layers' quantization_param, or lower the optimization level."},
    {"model_script", LogStage::none, "The model script, or the NMS file it names, is refused.",
     "Correct the named command of the .alls file; commands must match this compiler's version "
     "and the layer names of this network."},
    {"reshape_allocator", LogStage::compile,
     "A layer's rows are wider than the chip takes, and no reshape could be placed.",
     "Cut the layer's time axis: 'tessera check' tells the row limit, 'tessera plan' the tiles."},
    {"conv_chain_layout", LogStage::compile,
     "A chain of convolutions has rows wider than the chip takes.",
     "Cut the time axis into tiles: 'tessera plan' finds widths whose rows fit."},
    {"maskmul", LogStage::compile,
     "The multiplication by the mask has rows wider than the chip takes.",
     "Let the host multiply by the mask, or cut the time axis with 'tessera plan'."},
    {"skip_concat_maskmul", LogStage::compile,
     "Skip sums, concatenation and mask multiplication together have rows that are too wide.",
     "Cut the time axis into tiles with 'tessera plan', and keep the masks on the host."},
    {"allocator_infeasible", LogStage::compile,
     "Every way to place the named layer breaks a limit of the chip.",
     "Cut the network before the named layer, or narrow its rows; where 16-bit biases are named, "
     "optimize at level 1 or higher on a machine with a GPU."},
    {"memory_units", LogStage::compile,
     "One layer's weights and buffers need more memory than a cluster has.",
     "Split the layer's output channels: 'tessera plan --block-channels N', or "
     "defuse(LAYER, N) in the model script."},
    {"no_partition", LogStage::compile,
     "No split of the network into contexts was found, and no layer is named.",
     "Compile smaller pieces ('tessera plan'), or raise the caps with resources_param(...)."},
    {"resources", LogStage::compile,
     "A total, or one layer's share, of the chip's units is exceeded.",
     "Raise the named cap with resources_param(...), allow several contexts, or cut the network "
     "smaller."},
    {"unsupported_kernel", LogStage::compile,
     "One layer's form is refused: its number of outputs, its microcode or its frame rate.",
     "Give the named layer one output or a smaller form, or end the piece before it."},
    {"timeout", LogStage::compile,
     "The search ended before an answer: this is no proof that the network does not fit.",
     "Give it longer with allocator_param(timeout=...), or compile smaller pieces."},
    {"out_of_memory", LogStage::none, "The host's or the GPU's memory ran out.",
     "Lower the batch of the failing algorithm, compile fewer pieces at once, or use a machine "
     "with more memory."},
    {"tool_crash", LogStage::none, "The tool itself failed: an assertion or a Python error.",
     "Compile the pieces one by one to find the smallest that fails, try another version of the "
     "tool, and report it to the vendor."},
    {"interrupted", LogStage::none, "Somebody, or a time limit, stopped the tool.",
     "Run it again; nothing is known about the network."},
    {"environment", LogStage::none, "The installation, its permissions or its requirements.",
     "Mend the installation as the message says; 'tessera doctor' checks this machine."},
    {"usage", LogStage::none, "A command's arguments are refused.",
     "Correct the named argument; see the tool's --help in this version."},
    {"runtime_version", LogStage::run, "Driver, library and firmware are of different versions.",
     "Install the driver, library and firmware of one release, equal to the last digit, and "
     "restart."},
    {"runtime_no_driver", LogStage::run, "The driver is not loaded, or it holds no device.",
     "Load the driver of this chip (hailo_pci for Hailo-8) and read 'dmesg | grep hailo'."},
    {"runtime_busy", LogStage::run, "The device is in use, or there are fewer than asked for.",
     "Stop the other process that holds the device, or share one VDevice through the service."},
    {"runtime_timeout", LogStage::run, "The device did not answer in time.",
     "Check the frame sizes of all inputs and outputs, then power and temperature; reset the "
     "device once."},
    {"runtime_wrong_device", LogStage::run, "The HEF was compiled for another chip.",
     "Compile again with --hw-arch of the device that the message names."},
    {"runtime_hef", LogStage::run,
     "The HEF is damaged, too new for the library or of another form.",
     "Compare 'tessera hef inspect FILE' with the library's version; compile or copy it again."},
    {"runtime_buffer_size", LogStage::run, "A buffer has another size than the stream expects.",
     "Give the expected number of bytes: check the format (uint8 or float32) and the batch."},
    {"runtime_usage", LogStage::run,
     "The runtime's functions are called in the wrong order or form.",
     "Follow the message: activate or configure the network group first, or drop the option."},
    {"runtime_driver_option", LogStage::run, "The driver needs a module parameter on this machine.",
     "Write 'options hailo_pci force_desc_page_size=4096' into /etc/modprobe.d/hailo_pci.conf and "
     "restart."},
    {"runtime_firmware", LogStage::run, "The firmware file is missing, too old or refused.",
     "Install the firmware of the driver's release as /lib/firmware/hailo/hailo8_fw.bin and "
     "restart."},
    {"runtime_service", LogStage::run, "The multi-process service does not answer or is not built.",
     "Start hailort.service of the library's version, or turn multi_process_service off."},
    {"runtime_missing", LogStage::run, "The runtime's Python package or library is not installed.",
     "Install HailoRT and its Python package into the environment that runs the program."},
    {"unknown", LogStage::none, "Something failed, and the log does not tell what.",
     "Give the whole log, hailo_sdk_client.log and hailo_sdk.core.log of the same run included."},
    {"ok", LogStage::none, "The stage finished.", "Nothing to do."},
    {"info", LogStage::none, "Neither a result nor a failure.",
     "Nothing to do; if something failed, give the rest of the log."},
};

}  // namespace

std::string_view to_string(LogStage stage) {
  switch (stage) {
    case LogStage::none: return "";
    case LogStage::parse: return "parse";
    case LogStage::optimize: return "optimize";
    case LogStage::compile: return "compile";
    case LogStage::run: return "run";
    case LogStage::info: return "info";
  }
  return "";
}

std::span<const Family> families() {
  return kFamilies;
}

const Family* find_family(std::string_view name) {
  for (const Family& family : kFamilies) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

std::string families_markdown() {
  std::string text = "| family | stage | meaning | next step |\n| --- | --- | --- | --- |\n";
  for (const Family& family : kFamilies) {
    text += fmt::format("| `{}` | {} | {} | {} |\n", family.name, to_string(family.stage),
                        family.meaning, family.next_step);
  }
  return text;
}

}  // namespace tessera::hailo
