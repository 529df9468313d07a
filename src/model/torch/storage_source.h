// Where the bytes of a checkpoint's storages lie: files of a zip, or a row of them in a file of the
// format before it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/zip_archive.h"
#include "model/torch/pickle_value.h"
#include "tessera/result.h"

namespace tessera {

class StorageSource {
 public:
  virtual ~StorageSource() = default;
  // Error: kCorrupt where there is no such storage or its bytes cannot be read.
  virtual Result<std::span<const uint8_t>> storage(const std::string& key) = 0;
  // How a message names it: "archive/data/0".
  virtual std::string name_of(const std::string& key) const = 0;
};

class ZipStorages final : public StorageSource {
 public:
  // `folder` is the archive's top folder with its slash ("archive/", or empty). `archive` must
  // outlive this.
  ZipStorages(const ZipArchive& archive, std::string folder)
      : archive_(archive), folder_(std::move(folder)) {}

  Result<std::span<const uint8_t>> storage(const std::string& key) override;
  std::string name_of(const std::string& key) const override { return folder_ + "data/" + key; }

  // Checksums of the storages read so far.
  int checksums_right() const { return checksums_right_; }
  int checksums_wrong() const { return checksums_wrong_; }

 private:
  const ZipArchive& archive_;
  std::string folder_;
  int checksums_right_ = 0;
  int checksums_wrong_ = 0;
  std::map<std::string, ZipBytes> storages_;
};

// PyTorch 0.1.10 to 1.5: after the pickles, for every key its number of elements and its bytes,
// little-endian.
class RowOfStorages final : public StorageSource {
 public:
  // `keys` in the order written, `bytes` from the first storage on; types and sizes come from the
  // persistent ids in `document`. Error: kCorrupt where these do not agree.
  static Result<RowOfStorages> open(const PickleDocument& document,
                                    const std::vector<std::string>& keys,
                                    std::span<const uint8_t> bytes);

  Result<std::span<const uint8_t>> storage(const std::string& key) override;
  std::string name_of(const std::string& key) const override { return "storage " + key; }

 private:
  std::map<std::string, std::span<const uint8_t>> storages_;
};

}  // namespace tessera
