// export_onnx: a Graph out as an ONNX file that any ONNX consumer runs.
//
// Opset 17, IR version 8, static shapes, float32, every weight inside the file. Values are [1, C,
// W] where the whole graph has H = 1 (audio), else [1, C, H, W]. Inputs and outputs have that
// layout too ([1, 1, T] in, [1, sources, T] out for a separator) unless layouts are given. Norms
// are written with ReduceMean, CumSum or BatchNormalization, PReLU as PRelu. The same graph gives
// the same bytes, and importing the file gives the same graph.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/file.h"
#include "tessera/result.h"

namespace tessera {

struct ExportOptions {
  // One per graph input and output, in order, as ImportedModel gives them; empty: plain layouts.
  std::vector<IoLayout> inputs;
  std::vector<IoLayout> outputs;
  // Written as metadata_props, e.g. "sample_rate" (which import reads back).
  std::map<std::string, std::string> metadata;
  // [1, C, H, W] even where H is 1 everywhere: for compilers of chips, which know no Conv1d.
  bool four_axes = false;
};

// Errors: kResourceLimit when the weights exceed what one file may hold (2 GB); kInvalidModel when
// a layout does not fit its value or the ONNX checker refuses the result.
Result<std::vector<uint8_t>> export_onnx(const Graph& graph, const ExportOptions& options = {});

// The same into a file, written atomically. Errors: also those of write_file_atomically.
Result<void> export_onnx(const Graph& graph, const std::filesystem::path& path,
                         const ExportOptions& options = {}, WriteOptions write = {});

// export_integers: a quantised network (or a piece of one) as an ONNX file in integers. Opset 17,
// inputs and outputs float32 [1, C, H, W]; encoded ones are quantised, and dequantised.
//
// qlinear: so that any ONNX runtime can judge our arithmetic, code by code. Codes of 8 bits are
// uint8 tensors, made by QuantizeLinear; convolutions are QLinearConv where the result is codes of
// 8 bits with nothing between, else ConvInteger + bias + Mul. Codes of 16 bits, which these ops do
// not take, are int32 tensors made by Div, Round, Clip and Cast, and are convolved as two halves of
// 8 bits. Activations of codes other than ReLU and PReLU, and affines, are tables (Gather).
// Scale-shifts and wide affines are computed in double, as the emulator does. Statistics of norms,
// and curved activations of codes of 16 bits, are float ops, rounded by each runtime in its own
// way: between them, all agree bit for bit.
//
// qdq: what compilers of accelerators and runtimes' optimisers read. Float ops between
// DequantizeLinear and QuantizeLinear; int8 weights per output channel, int32 biases in units of
// operand scale * weight scale. Activations have one scale and one zero point: where a value has a
// scale per channel, the file holds it in steps of 1 and the scales are in the weights that make
// and read it, so that only inputs and outputs are quantised per channel; where the host gives it a
// zero point per channel, the reader takes codes from 0 and its bias holds them. Codes of 16 bits
// are int16, and their QuantizeLinear and DequantizeLinear those of ONNX Runtime (com.microsoft).
// What a runtime computes from it is its own choice: sums in float32 round, so that a value near
// the middle between two codes may become the other one.

//
// tflite: not ONNX, but a TensorFlow Lite file, of networks quantised for that arithmetic alone.
// See export_tflite().

enum class IntegerForm : uint8_t { qlinear, qdq, tflite };
std::string_view to_string(IntegerForm form);
// The forms that say integers of this arithmetic, and the extension of their files: ".onnx".
std::span<const IntegerForm> integer_forms(IntegerArithmetic arithmetic);
std::string_view file_extension(IntegerForm form);

// Errors: those of check_encodings(), export_onnx() and export_tflite(); kUnsupported for a form
// that does not say integers of this arithmetic.
Result<std::vector<uint8_t>> export_integers(const Graph& graph, const Encodings& encodings,
                                             IntegerForm form = IntegerForm::qlinear);

// export_tflite: a Graph out as a TensorFlow Lite file.
//
// Static shapes, float32, every weight inside the file, constants aligned to 16 bytes, one
// signature "serving_default" with the graph's names. Values are [1, H, W, C], inputs and outputs
// too: audio goes in as [1, 1, samples, 1] and comes out as [1, 1, samples, sources]. The same
// graph gives the same bytes.
struct TfliteOptions {
  // Written as metadata of these names, e.g. "sample_rate".
  std::map<std::string, std::string> metadata;
};

// Errors: kUnsupported naming a node that the format has no operators for; kResourceLimit for
// weights of more than 2 GB, and for values of more than 2^31 elements.
Result<std::vector<uint8_t>> export_tflite(const Graph& graph, const TfliteOptions& options = {});

// A quantised network, or a piece of one: codes are int8 or int16 (with biases of 64 bits), inputs
// and outputs that are encoded too; weights int8 with a scale per output channel. Ops without an
// integer operator are float ones between DEQUANTIZE and QUANTIZE. A value has one scale and zero
// point in the file: where it has a scale per channel, the file's is the first, and the others are
// in the weights that make and read it. Errors: those above and of check_encodings(); kUnsupported
// for encodings that TensorFlow Lite's integers cannot obey.
Result<std::vector<uint8_t>> export_tflite(const Graph& graph, const Encodings& encodings,
                                           const TfliteOptions& options = {});

}  // namespace tessera
