#include "compile/package_contents.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/hash.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxModelBytes = uint64_t{4} << 30;

}  // namespace

void PackageContents::add(std::string_view name, std::string_view kind, std::string_view text) {
  list_.push_back({std::string(name), std::string(kind), {text.begin(), text.end()}});
}

Result<void> PackageContents::add_model(const std::filesystem::path& path,
                                        const ImportedModel& model, PackageModel& listed) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  const std::filesystem::path folder = is_folder ? path : path.parent_path();
  if (!std::filesystem::is_regular_file(folder / model.file_name, ignored)) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         "is no file, so that its bytes cannot go into the package",
                         "write the model to a file first");
  }
  std::vector<std::string> names{model.file_name};
  names.insert(names.end(), model.files_beside.begin(), model.files_beside.end());
  for (const std::string& name : names) {
    TESSERA_TRY(std::vector<uint8_t> bytes, read_file(folder / name, kMaxModelBytes));
    if (listed.files.empty()) listed.hash = content_hash(bytes);
    std::string entry = entries::of_model_file(name);
    while (holds(entry)) entry += '_';
    listed.files.push_back({name, entry});
    list_.push_back({std::move(entry), "model", std::move(bytes)});
  }
  return {};
}

Result<size_t> PackageContents::add_pieces(const Plan& plan) {
  size_t pieces = 0;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(std::vector<uint8_t> file, entries::piece_file(piece));
      list_.push_back({entries::of_piece(piece), "piece", std::move(file)});
      ++pieces;
    }
  }
  return pieces;
}

Result<void> PackageContents::add_integer_pieces(const Plan& plan, const Encodings& encodings,
                                                 IntegerForm form) {
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(std::vector<uint8_t> file, entries::piece_file(piece, encodings, form));
      list_.push_back({entries::of_piece(piece, form), entries::kind_of(form), std::move(file)});
    }
  }
  return {};
}

bool PackageContents::holds(const std::string& name) const {
  return std::any_of(list_.begin(), list_.end(),
                     [&](const PackageContent& content) { return content.name == name; });
}

}  // namespace tessera
