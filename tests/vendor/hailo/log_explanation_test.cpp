// Real output of the vendor's tools: what the label of each log says is what is found in it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "vendor/hailo/labelled_logs.h"
#include "vendor/hailo/log/explanation.h"

namespace tessera::hailo {
namespace {

using testing::labelled_logs;
using testing::LabelledLog;

const std::string kFolder = std::string(TESSERA_SOURCE_DIR) + "/tests/data/vendor_logs";

// What a label knows from the place the log was found at, not from its text.
const std::set<std::string> kToolNotInText = {"026_success_single_context_8l.log"};
const std::set<std::string> kNumbersNotInText = {
    "024_success_with_infeasible_iterations.log contexts"};

// The library speaks in programs of several kinds: a log may show no more than it.
bool is_said_wider(std::string_view told, std::string_view label) {
  return (told == "HailoRT" && label == "pyhailort") ||
         ((told == "ClientRunner" || told == "hailo") && label.starts_with("hailo"));
}

std::string unescaped(std::string text) {
  for (size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at + 1))
    text.replace(at, 2, "\n");
  return text;
}

TEST(VendorWording, OfEverySingleMessageHasItsFamilyAndNoLayerThatItLacks) {
  std::ifstream file(kFolder + "/wordings.tsv");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#') || line.starts_with("family\t")) continue;
    const auto columns = testing::split(line, '\t');
    ASSERT_EQ(columns.size(), 3U) << line;
    const std::string text = unescaped(columns[2]);
    const LogExplanation told = explain_log(text + "\n");
    EXPECT_EQ(told.family, columns[0]) << text;
    EXPECT_EQ(told.outcome, LogOutcome::fail) << text;
    for (const std::string& layer : told.layers)
      EXPECT_NE(text.find(layer), std::string::npos) << layer;
    ++count;
  }
  EXPECT_EQ(count, 74);
}

class VendorLog : public ::testing::TestWithParam<LabelledLog> {};

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ","));
}

TEST_P(VendorLog, IsWhatItsLabelSays) {
  const LabelledLog& log = GetParam();
  const auto label = [&](const char* column) { return log.label.at(column); };
  const LogExplanation told = explain_log(log.text);
  EXPECT_EQ(told.family, label("family"));
  EXPECT_EQ(to_string(told.outcome), label("outcome"));
  EXPECT_EQ(told.exception_type, label("exception_type"));
  EXPECT_EQ(joined(told.layers), label("first_failing_layers"));
  EXPECT_EQ(joined(told.reshape_layers), label("reshape_layers"));
  EXPECT_EQ(joined(told.recommended_start_nodes), label("recommended_start_nodes"));
  EXPECT_EQ(joined(told.recommended_end_nodes), label("recommended_end_nodes"));
  for (const std::string& number : testing::split(label("numbers"), ';')) {
    const size_t sign = number.find('=');
    const std::string key = number.substr(0, sign);
    if (kNumbersNotInText.count(log.file + " " + key) > 0) continue;
    EXPECT_EQ(told.number(key), number.substr(sign + 1)) << key;
  }
  // Tool and version are told where the text tells them; never another one.
  if (kToolNotInText.count(log.file) == 0 && !told.tool.empty()) {
    EXPECT_TRUE(label("tool").starts_with(told.tool) || is_said_wider(told.tool, label("tool")))
        << told.tool;
  }
  if (told.version.starts_with("DFC")) {
    EXPECT_TRUE(told.version.starts_with(label("version")));
  }
  if (told.stage != LogStage::info && told.stage != LogStage::none) {
    EXPECT_EQ(to_string(told.stage), label("stage"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, VendorLog, ::testing::ValuesIn(labelled_logs(kFolder)),
                         [](const auto& log) {
                           return log.param.file.substr(0, log.param.file.find('.'));
                         });

// Wordings that the labelled logs do not have, made here from what the tools say.
struct Wording {
  const char* text;
  const char* family;
  const char* layers;
};

TEST(VendorLogWordings, AreUnderstood) {
  const Wording kWordings[] = {
      {"[error] Mapping Failed (allocation time: 13s)\nNo successful assignments: concat24 "
       "errors:\n"
       "\tAgent infeasible\n[error] Failed to produce compiled graph\n",
       "allocator_infeasible", "concat24"},
      {"    slice1 failed on kernel validation: slice1 has 2 APUs but max allowed is 1\n"
       "    BackendAllocatorException: No successful assignments: ne_activation_ew_sub_softmax4\n",
       "allocator_infeasible", "slice1,ne_activation_ew_sub_softmax4"},
      {"slice1 failed on kernel validation: slice1 has 2 APUs but max allowed is 1\n",
       "unsupported_kernel", "slice1"},
      {"BackendAllocatorException: No successful assignments: net/conv215_dc errors:\n\tAgent "
       "infeasible\n",
       "allocator_infeasible", "net/conv215_dc"},
      {"No successful assignments: concat21. That is a matter of placement, not of memory\n",
       "allocator_infeasible", "concat21"},
      {"BackendAllocatorException: Compilation failed: No successful assignments: PrePostAgent "
       "errors:\n"
       "\tAgent infeasible\n",
       "allocator_infeasible", ""},
      {"hailo_sdk_client.allocator.allocator_exceptions.BackendAllocatorException: Compilation "
       "failed: Reshape "
       "is needed for layers: conv5, conv9, shortcut1, concat1, ew_mult1, but adding a reshape has "
       "failed.\n",
       "skip_concat_maskmul", "conv5,conv9,shortcut1,concat1,ew_mult1"},
      {"Reshape is needed for layers: ew_mult1, but adding a reshape has failed.\n", "maskmul",
       "ew_mult1"},
      {"Reshape is needed for layers: conv5, conv6, but adding a reshape has failed.\n",
       "conv_chain_layout", "conv5,conv6"},
      {"[error] Memory units required 133 available 128\n", "memory_units", ""},
      {"[error] shmifo in capacity exceeded (available: 20, required: 37)\n", "resources", ""},
      {"Context switch is disabled, but model could not fit in single context\n", "resources", ""},
      {"Compiler failed: Context-Partition topology error\n", "no_partition", ""},
      {"[error] BackendAllocatorException: Compilation failed: buffers key conv1_ws doesn't "
       "exist\n",
       "model_script", "conv1_ws"},
      {"hailo_sdk_client.tools.core_postprocess.nms_postprocess.NMSConfigPostprocessException: The "
       "layer "
       "yolov8n/conv41 doesn't have one output layer\n",
       "model_script", "yolov8n/conv41"},
      {"AllocatorScriptParserException: Error in the last layers of the model, expected conv but "
       "found "
       "LayerType.depth_to_space layer.\n",
       "model_script", ""},
      {"NegativeSlopeExponentNonFixable: Quantization failed in layer net/ne_activation_fc50 due "
       "to unsupported "
       "required slope. Desired shift is 11.0, but op has only 8 data bits.\n",
       "quantization_negative_exponent", "net/ne_activation_fc50"},
      {"hailo_sdk_client.model_translator.exceptions.ParsingWithRecommendationException: Parsing "
       "failed. The "
       "errors found in the graph are:\n UnsupportedLSTMLayerError in op LSTM__159: activation "
       "types "
       "['Sigmoid', 'Tanh'] are not supported\n UnexpectedNodeError in op Squeeze__77: Unexpected "
       "node "
       "Squeeze__77 (Squeeze)\nPlease try to parse the model again, using these end node names: "
       "a/transpose, "
       "Concat__153\n",
       "parser_unsupported", "LSTM__159,Squeeze__77"},
      {"hailo_sdk_common.hailo_nn.exceptions.UnsupportedModelError: ew mult layer ew_mult1 "
       "(translated from "
       "/blocks.0/attn/Mul) expects 2 inputs but found 1\n",
       "parser_unsupported", "ew_mult1"},
      {"UnsupportedConv3DError: conv at vertex /conv is not supported\n", "unsupported_dimensions",
       ""},
      {"ValueError: 'onnx::Sub_640' is not in list\n", "tool_crash", ""},
      {"hailo_model_optimization.acceleras.utils.acceleras_exceptions.AccelerasNumerizationError: "
       "Shift delta in conv12/conv_op is 2.00 > 2 in layer conv12\n",
       "quantization_negative_exponent", "conv12"},
      {"RuntimeError: CUDA error: out of memory\n", "out_of_memory", ""},
      {"hailo 0000:01:00.0: firmware: failed to load hailo/hailo8_fw.4.17.0.bin (-2)\n",
       "runtime_firmware", ""},
      {"[HailoRT] [error] CHECK failed - Trying to compile network for hailo8 while device is "
       "hailo15h\n",
       "runtime_wrong_device", ""},
      {"E tensorflow/core/util.cc:1] error\n[error] hailo: error: unrecognized arguments: "
       "--hef-output\n",
       "usage", ""},
      {"terminate called after throwing an instance of 'std::bad_alloc'\n what(): "
       "std::bad_alloc\nAborted\n",
       "out_of_memory", ""},
      {"hailodfc/compiler: symbol lookup error: hailodfc/compiler: undefined symbol: _ZN6g\n",
       "environment", ""},
      {"NameError: name 'VDevice' is not defined\n", "runtime_missing", ""},
      {"hailo1x 0000:02:00.0: Probing: Failed init pcie resources\nhailo1x 0000:02:00.0: probe "
       "with driver "
       "hailo1x failed with error -22\n",
       "runtime_no_driver", ""},
      {"[    3.4] hailo: Init module. driver version 4.20.0\n[    3.5] Failed to write file "
       "hailo/hailo8_board_cfg.bin\n[    3.6] hailo 0000:01:00.0: Probing: Added board 1e60-2864, "
       "/dev/hailo0\n",
       "info", ""},
      {"Operation failed\nFailed to create VDevice: HAILO_INVALID_SERVICE_VERSION\n",
       "runtime_service", ""},
      {"[HailoRT] [error] CHECK failed - HEF file length does not match\n[HailoRT] [error] "
       "CHECK_SUCCESS failed "
       "with status=HAILO_INVALID_HEF(26)\n",
       "runtime_hef", ""},
      {"[HailoRT] [error] HEF format is not compatible with device. Device arch: HAILO10H, HEF "
       "compatible for: "
       "HAILO8 \n",
       "runtime_wrong_device", ""},
      {"hailo_platform.pyhailort._pyhailort.HailoRTStatusException: 7\n", "runtime_usage", ""},
      {"[ERROR   ] [viseron.components.hailo.utils] - returncode=76 stderr=[HailoRT] [error] CHECK "
       "failed - "
       "Driver version (4.20.0) is different from library version (4.22.0)\n",
       "runtime_version", ""},
      {"[HailoRT] [error] Ioctl HAILO_QUERY_DRIVER_INFO failed due to inappropriate ioctl for "
       "device (can "
       "happen due to version mismatch or unsupported feature)\n[HailoRT] [error] Failed to query "
       "driver info "
       "with HAILO_DRIVER_INVALID_IOCTL(86)\n",
       "runtime_version", ""},
      {"[HailoRT] [error] Failed waiting for threads with status HAILO_TIMEOUT(4)\n[HailoRT] "
       "[error] Ioctl "
       "HAILO_FW_CONTROL failed with 19. Read dmesg log for more info\n[HailoRT] [error] "
       "CHECK_SUCCESS failed "
       "with status=HAILO_DRIVER_OPERATION_FAILED(36) - Failed in fw_control\n",
       "runtime_timeout", ""},
      {"[HailoRT] [error] CHECK failed - Waiting for async job to finish has failed with timeout "
       "(5000ms)\n"
       "[HailoRT] [error] CHECK_SUCCESS failed with status=HAILO_DRIVER_OPERATION_FAILED(36)\n",
       "runtime_timeout", ""},
      {"[HailoRT] [error] Failed to allocate buffer with errno: 12\n[HailoRT] [error] "
       "CHECK_EXPECTED failed "
       "with status=HAILO_DRIVER_FAIL(36)\n",
       "out_of_memory", ""},
      {"[HailoRT] [error] CHECK failed - System role messages can only be provided on the first "
       "prompt\n",
       "runtime_usage", ""},
      {"hailo 0000:01:00.0: Failed writing fw control to pcie\nhailo 0000:01:00.0: Device "
       "disconnected while "
       "opening device\n",
       "runtime_no_driver", ""},
      {"[HailoRT] [error] CHECK failed - Failed to create vdevice. there are not enough free "
       "devices. "
       "requested: 1, found: 0\nHAILO_OUT_OF_PHYSICAL_DEVICES(74)\nSegmentation fault\n",
       "runtime_busy", ""},
      {"[info] According to recommendations, retrying parsing with end node names: "
       "['/model.22/Concat'].\n"
       "hailo_sdk_client.sdk_backend.sdk_backend_exceptions.AllocatorScriptParserException: Error "
       "in the last "
       "layers of the model, expected conv but found concat layer.\n",
       "model_script", ""},
      {"hailo_sdk_client.sdk_backend.sdk_backend_exceptions.BackendScriptParserException: Parsing "
       "failed at:\n"
       ">!<normalization([127.5,127.5,127.5],[127.5,127.5,127.5])\n",
       "model_script", ""},
      {"hailo_sdk_client.sdk_backend.sdk_backend_exceptions.BackendRuntimeException: Model "
       "requires quantized "
       "weights in order to run on HW, but none were given. Did you forget to quantize?\n",
       "usage", ""},
      {"> UnsupportedModelError: x\n", "parser_unsupported", ""},
      {"#hailo_sdk_common.hailo_nn.exceptions.UnsupportedModelError: 1D form is not supported in "
       "layer "
       "Identity_1 of type ConcatLayer.\n",
       "unsupported_dimensions", "Identity_1"},
      {"2026-01-15 01:54:01,011 - ERROR - hailo_tools_runner.py:582 - Failed to produce compiled "
       "graph\n"
       "2026-01-15 01:54:01,012 - ERROR - hailo_tools_runner.py:231 - BackendAllocatorException: "
       "Compilation "
       "failed: No successful assignments: format_conversion8 errors:\n\tAgent infeasible\n",
       "allocator_infeasible", "format_conversion8"},
      {"[default] [info] No successful assignment for conv3, most common errors: Agent infeasible\n"
       "[default] [info] Partition iteration #4:\n",
       "info", ""},
      {"Just a text about networks.\n", "info", ""},
      {"", "info", ""},
  };
  for (const Wording& wording : kWordings) {
    const LogExplanation told = explain_log(wording.text);
    EXPECT_EQ(told.family, wording.family) << wording.text;
    EXPECT_EQ(joined(told.layers), wording.layers) << wording.text;
  }
}

TEST(VendorLogRuns, OfOneFileAreKeptApart) {
  const std::string failed =
      "[info] Running `hailo parser onnx a.onnx`\n[info] Translation started on ONNX model a\n"
      "UnsupportedOperationError in op /x/TopK: TopK operation is unsupported\n";
  const std::string fine =
      "[info] Running `hailo parser onnx b.onnx`\n[info] Translation started on ONNX model b\n"
      "[info] Translation completed on ONNX model b\n[info] Saved HAR to: /w/b.har\n";
  EXPECT_EQ(explain_log(failed + fine).family, "ok");
  EXPECT_TRUE(explain_log(failed + fine).layers.empty());
  EXPECT_EQ(explain_log(fine + failed).family, "parser_unsupported");
  EXPECT_EQ(explain_log(failed + "[info] Running `hailo parser onnx b.onnx`\n").family,
            "parser_unsupported");
  EXPECT_EQ(explain_log(fine).number("har_path"), "/w/b.har");
}

TEST(VendorLogTables, OfContextsAreRead) {
  const auto told = explain_log(testing::whole_file(kFolder + "/028_success_no_ansi_960.log"));
  ASSERT_EQ(told.utilization.size(), 3u);
  EXPECT_EQ(told.utilization[1].context, "yolo_v8_custom_context_1");
  ASSERT_EQ(told.utilization[1].rows.size(), 5u);
  EXPECT_EQ(told.utilization[1].rows[0].compute, "89.1");
  EXPECT_EQ(told.utilization[1].rows[4].name, "Total");
}

TEST(VendorLogNegativeExponent, HasLayerAndBits) {
  const auto told = explain_log(testing::whole_file(kFolder + "/051_negexp_conv80.log"));
  ASSERT_TRUE(told.negative_exponent.has_value());
  EXPECT_EQ(told.negative_exponent->layer, "probe/conv80");
  EXPECT_EQ(told.negative_exponent->desired_shift, "8");
  EXPECT_EQ(told.negative_exponent->data_bits, "8");
  EXPECT_EQ(told.signature, "NegativeSlopeExponentNonFixable:probe/conv80");
}

}  // namespace
}  // namespace tessera::hailo
