// Where things lie in a package, and the pieces as files.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "package/manifest.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera::entries {

inline constexpr std::string_view kLegal = "graph/legal.txt";
inline constexpr std::string_view kPlan = "plan.json";
inline constexpr std::string_view kPlacement = "placement.json";
inline constexpr std::string_view kEncodings = "quantize/encodings.json";
inline constexpr std::string_view kCalibration = "calibration/statistics.json";
inline constexpr std::string_view kFrozenNorms = "calibration/frozen_norms.json";
inline constexpr std::string_view kChannelBases = "calibration/channel_bases.json";

// "model/net.pth": the name with everything replaced that a zip's name should not have.
std::string of_model_file(std::string_view name);
std::string of_target(std::string_view target);
std::string of_piece(const Piece& piece);

// "pieces/qdq/seg00_0.onnx", and its kind: "piece-qdq".
std::string of_piece(const Piece& piece, IntegerForm form);
std::string kind_of(IntegerForm form);

// Formats of what compilers of chips make of a piece: "pieces/seg00_0.hef" of kind "piece-hef".
inline constexpr std::string_view kArtifactFormats[] = {"har", "hef", "vela.tflite"};
std::string of_artifact(std::string_view piece, std::string_view format);
std::string kind_of_artifact(std::string_view format);

// Files that several pieces share, and which: pieces/joined.json.
inline constexpr std::string_view kJoined = "pieces/joined.json";
inline constexpr std::string_view kJoinedKind = "joined";
inline constexpr std::string_view kJoinedFileKind = "joined-file";
struct JoinedEntry {
  std::string file;                             // its entry: "pieces/joined_1.hef"
  std::map<std::string, std::string> networks;  // by piece, the name of its network in the file
};
// Errors: kCorrupt, with the entry for subject.
Result<std::vector<JoinedEntry>> read_joined(std::span<const uint8_t> text);
// Appends the files and what they hold; nothing where there are none.
void add_joined(std::span<const JoinedArtifact> artifacts, std::vector<PackageContent>& contents);

// graph/legal.txt: the graph without its weights, each of which is named by the hash of its values.
std::string legal_text(const Graph& legal);

// The piece as an ONNX file: the same piece gives the same bytes.
Result<std::vector<uint8_t>> piece_file(const Piece& piece);
Result<std::vector<uint8_t>> piece_file(const Piece& piece, const Encodings& encodings,
                                        IntegerForm form);

}  // namespace tessera::entries
