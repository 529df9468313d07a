// The files of a package while a build makes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "package/entries.h"
#include "package/manifest.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/result.h"

namespace tessera {

class PackageContents {
 public:
  void add(std::string_view name, std::string_view kind, std::string_view text);

  // The model's file as it is on the disk, and what was read beside it; their names and hash in
  // `listed`. `path` is the file or its folder. Errors: kInvalidArgument where it is no regular
  // file; those of read_file().
  Result<void> add_model(const std::filesystem::path& path, const ImportedModel& model,
                         PackageModel& listed);

  // Every piece of the plan in float; returns how many. Errors: those of entries::piece_file().
  Result<size_t> add_pieces(const Plan& plan);
  Result<void> add_integer_pieces(const Plan& plan, const Encodings& encodings, IntegerForm form);

  const std::vector<PackageContent>& list() const { return list_; }
  void clear() { list_.clear(); }

 private:
  bool holds(const std::string& name) const;

  std::vector<PackageContent> list_;
};

}  // namespace tessera
