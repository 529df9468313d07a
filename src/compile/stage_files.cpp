#include "compile/stage_files.h"

#include <fmt/format.h>

#include "tessera/file.h"

namespace tessera {

std::string_view to_string(BuildStage stage) {
  switch (stage) {
    case BuildStage::import: return "import";
    case BuildStage::freeze: return "freeze";
    case BuildStage::channel_basis: return "channel_basis";
    case BuildStage::rewrite: return "rewrite";
    case BuildStage::plan: return "plan";
    case BuildStage::quantize: return "quantize";
    case BuildStage::compile: return "compile";
    case BuildStage::verify: return "verify";
    case BuildStage::save: return "save";
  }
  return "";
}

std::string stage_file(BuildStage stage) {
  switch (stage) {
    case BuildStage::import:
    case BuildStage::rewrite: return fmt::format("{}.graph", to_string(stage));
    case BuildStage::freeze:
    case BuildStage::channel_basis:
    case BuildStage::plan:
    case BuildStage::quantize:
    case BuildStage::compile: return fmt::format("{}.json", to_string(stage));
    case BuildStage::verify:
    case BuildStage::save: break;
  }
  return "";
}

Result<void> StageFiles::prepare(std::span<const BuildStage> stages) const {
  if (folder_.empty()) return {};
  TESSERA_TRY_VOID(ensure_directory(folder_));
  for (BuildStage stage : stages) {
    if (wants(stage))
      TESSERA_TRY_VOID(check_writable(folder_ / stage_file(stage), {.force = force_}));
  }
  return {};
}

Result<void> StageFiles::write(BuildStage stage, const std::string& text) const {
  return write_file_atomically(folder_ / stage_file(stage), text, {.force = force_});
}

}  // namespace tessera
