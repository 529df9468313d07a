#include "package/entries.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "base/text_bytes.h"
#include "tessera/compiler/export.h"
#include "tessera/compiler/graph.h"

namespace tessera::entries {
namespace {

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '/';
}

std::string plain_name(std::string_view name) {
  std::string text(name);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return !plain(c); }, '_');
  return text;
}

Result<std::vector<uint8_t>> at_piece(Result<std::vector<uint8_t>> file, const Piece& piece) {
  if (file) return file;
  Error error = std::move(file).error();
  error.subject = fmt::format("piece '{}': {}", piece.name, error.subject);
  return error;
}

}  // namespace

std::string of_model_file(std::string_view name) {
  return "model/" + plain_name(name);
}

std::string of_target(std::string_view target) {
  return fmt::format("target/{}.toml", plain_name(target));
}

std::string of_piece(const Piece& piece) {
  return of_artifact(piece.name, "onnx");
}

std::string of_piece(const Piece& piece, IntegerForm form) {
  return fmt::format("pieces/{}/{}{}", to_string(form), plain_name(piece.name),
                     file_extension(form));
}

std::string kind_of(IntegerForm form) {
  return fmt::format("piece-{}", to_string(form));
}

std::string of_artifact(std::string_view piece, std::string_view format) {
  return fmt::format("pieces/{}.{}", plain_name(piece), format);
}

std::string kind_of_artifact(std::string_view format) {
  return fmt::format("piece-{}", format);
}

Result<std::vector<JoinedEntry>> read_joined(std::span<const uint8_t> text) {
  const std::string subject(kJoined);
  TESSERA_TRY(const Json json, parse_json(text, subject));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, subject));
  TESSERA_TRY(const auto files, fields.objects("files"));
  std::vector<JoinedEntry> joined;
  for (const JsonFields& file : files) {
    JoinedEntry& entry = joined.emplace_back();
    TESSERA_TRY(entry.file, file.text("file"));
    TESSERA_TRY(entry.networks, file.texts("networks"));
  }
  return joined;
}

void add_joined(std::span<const JoinedArtifact> artifacts, std::vector<PackageContent>& contents) {
  if (artifacts.empty()) return;
  Json files = Json::array();
  for (size_t i = 0; i < artifacts.size(); ++i) {
    const JoinedArtifact& artifact = artifacts[i];
    const std::string name = fmt::format("pieces/joined_{}.{}", i + 1, artifact.format);
    files.push_back({{"file", name}, {"networks", artifact.networks}});
    contents.push_back({name, std::string(kJoinedFileKind), artifact.bytes});
  }
  const std::string text = print_json({{"files", std::move(files)}});
  const auto bytes = bytes_of(text);
  contents.push_back(
      {std::string(kJoined), std::string(kJoinedKind), {bytes.begin(), bytes.end()}});
}

std::string legal_text(const Graph& legal) {
  return print_graph(legal, {.weights = false});
}

Result<std::vector<uint8_t>> piece_file(const Piece& piece) {
  return at_piece(export_onnx(piece.graph), piece);
}

Result<std::vector<uint8_t>> piece_file(const Piece& piece, const Encodings& encodings,
                                        IntegerForm form) {
  return at_piece(export_integers(piece.graph, encodings, form), piece);
}

}  // namespace tessera::entries
