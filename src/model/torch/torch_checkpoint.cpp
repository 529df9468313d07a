#include "model/torch/torch_checkpoint.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "base/zip_archive.h"
#include "model/torch/checkpoint_facts.h"
#include "model/torch/legacy_file.h"
#include "model/torch/state_dict_finder.h"
#include "model/torch/storage_reader.h"
#include "model/torch/unpickler.h"

namespace tessera {
namespace {

constexpr std::string_view kResave =
    "re-save it with a recent PyTorch, from a source you trust: "
    "torch.save(torch.load(old), new, _use_new_zipfile_serialization=True)";

bool starts_with(std::span<const uint8_t> file, std::string_view magic, size_t at = 0) {
  return file.size() >= at + magic.size() &&
         std::memcmp(file.data() + at, magic.data(), magic.size()) == 0;
}

bool is_zip(std::span<const uint8_t> file) {
  return starts_with(file, "PK\x03\x04") || starts_with(file, std::string_view("PK\x05\x06", 4));
}
bool is_tar(std::span<const uint8_t> file) {
  return starts_with(file, "ustar", 257);
}
bool is_pickle(std::span<const uint8_t> file) {
  return file.size() >= 2 && file[0] == 0x80 && file[1] >= 2 && file[1] <= 5;
}
Error refuse_other_format(std::span<const uint8_t> file) {
  if (is_tar(file)) {
    return TESSERA_ERROR(kUnsupported, "", "this is the tar format of PyTorch before 0.1.10",
                         std::string(kResave));
  }
  if (is_pickle(file)) {
    return TESSERA_ERROR(kUnsupported, "", "this is a bare Python pickle, not a file of torch.save",
                         "save the weights with torch.save(state_dict, path)");
  }
  return TESSERA_ERROR(kCorrupt, "", "this is not a file of torch.save",
                       "give a .pth, .pt, .bin or .ckpt checkpoint");
}

// "archive/" for "archive/data.pkl"; an error when it is some other zip.
Result<std::string> find_folder(const ZipArchive& archive) {
  std::vector<std::string> folders;
  bool script = false;
  for (const ZipEntry& entry : archive.entries()) {
    const std::string_view name = entry.name;
    const size_t slash = name.find('/');
    const size_t begin = slash == name.npos ? 0 : slash + 1;
    const std::string_view inner = name.substr(begin);
    if (inner == "data.pkl" || name == "data.pkl") folders.emplace_back(name.substr(0, begin));
    script = script || inner == "constants.pkl" || inner.starts_with("code/");
  }
  if (script) {
    return TESSERA_ERROR(
        kUnsupported, "", "this is a TorchScript archive (torch.jit.save): it holds code",
        "save the weights instead: torch.save(torch.jit.load(path).state_dict(), new), or export "
        "the network to ONNX");
  }
  if (folders.size() != 1) {
    return TESSERA_ERROR(
        kUnsupported, "",
        fmt::format("this zip holds {} data.pkl files; torch.save writes one", folders.size()),
        "give a checkpoint written by torch.save, a .safetensors or an .onnx file");
  }
  return folders.front();
}

Result<bool> read_byte_order(const ZipArchive& archive, const std::string& folder) {
  const ZipEntry* entry = archive.find(folder + "byteorder");
  if (entry == nullptr) return false;  // PyTorch before 2.1 wrote little-endian files only
  TESSERA_TRY(const ZipBytes bytes, archive.read(*entry));
  const std::string_view text(reinterpret_cast<const char*>(bytes.view().data()),
                              bytes.view().size());
  if (text == "little") return false;
  if (text == "big") return true;
  return TESSERA_ERROR(kCorrupt, entry->name, "the byte order is neither little nor big",
                       "the file is damaged: save or download it again");
}

Error at_tensor(Error error, const std::string& name) {
  error.subject = error.subject.empty() ? name : fmt::format("{} ({})", name, error.subject);
  return error;
}

Result<void> read_tensors(const PickleDocument& document, const FoundStateDict& found,
                          StorageReader& storages, Checkpoint& checkpoint) {
  for (const auto& [name, id] : found.tensors) {
    const auto& source = *document.get_if<PickleTensor>(id);
    auto decoded = storages.decode(document, source);
    if (!decoded) return at_tensor(std::move(decoded).error(), name);
    checkpoint.tensors.push_back(
        {name, decoded->type, source.view.sizes, std::move(decoded->tensor)});
  }
  return {};
}

// PyTorch can be told to write no checksums (then none is right). One wrong among right ones is
// damage.
Result<void> judge_checksums(int right, int wrong, Checkpoint& checkpoint) {
  if (wrong == 0) return {};
  if (right > 0) {
    return TESSERA_ERROR(kCorrupt, "",
                         fmt::format("{} of {} parts have a wrong checksum", wrong, right + wrong),
                         "the file is damaged: copy or download it again");
  }
  checkpoint.notes.push_back(
      {NoteSeverity::warning, "the file was written without checksums; damage would go unnoticed"});
  return {};
}

// What lies beside the weights, and what there is to say about them.
void add_facts(const PickleDocument& document, const FoundStateDict& found,
               Checkpoint& checkpoint) {
  collect_facts(document, found, checkpoint);
  const auto note = [&](std::string text) {
    checkpoint.notes.push_back({NoteSeverity::info, std::move(text)});
  };
  if (!found.ignored.empty()) {
    const auto shown = static_cast<std::ptrdiff_t>(std::min<size_t>(found.ignored.size(), 5));
    note(fmt::format("{} {} left out: {}", found.ignored.size(),
                     noun_for(found.ignored.size(), "entry of the state dict is no tensor and was",
                              "entries of the state dict are no tensors and were"),
                     fmt::join(found.ignored.begin(), found.ignored.begin() + shown, ", ")));
  }
  if (!document.classes().empty()) {
    note(fmt::format("objects beside the weights were read as plain data: {}",
                     fmt::join(document.classes(), ", ")));
  }
  warn_about_non_finite(checkpoint);
}

Result<Checkpoint> read_zip(std::span<const uint8_t> file) {
  TESSERA_TRY(const ZipArchive archive, ZipArchive::open(file));
  TESSERA_TRY(const std::string folder, find_folder(archive));
  const ZipEntry& pickle_entry = *archive.find(folder + "data.pkl");
  TESSERA_TRY(const ZipBytes pickle, archive.read(pickle_entry));
  const bool pickle_right = ZipArchive::checksum_matches(pickle_entry, pickle.view());
  TESSERA_TRY(const PickleDocument document, Unpickler::read(pickle.view()));
  TESSERA_TRY(const FoundStateDict found, find_state_dict(document));

  TESSERA_TRY(const bool big_endian, read_byte_order(archive, folder));
  ZipStorages storages(archive, folder);
  StorageReader reader(storages, big_endian, element_limit(file.size()));
  Checkpoint checkpoint;
  TESSERA_TRY_VOID(read_tensors(document, found, reader, checkpoint));
  TESSERA_TRY_VOID(judge_checksums(storages.checksums_right() + (pickle_right ? 1 : 0),
                                   storages.checksums_wrong() + (pickle_right ? 0 : 1),
                                   checkpoint));
  add_facts(document, found, checkpoint);
  return checkpoint;
}

Result<Checkpoint> read_legacy(std::span<const uint8_t> file) {
  TESSERA_TRY(const LegacyFile legacy, read_legacy_file(file));
  TESSERA_TRY(const FoundStateDict found, find_state_dict(legacy.document));
  TESSERA_TRY(RowOfStorages storages,
              RowOfStorages::open(legacy.document, legacy.keys, legacy.storages));
  StorageReader reader(storages, false, element_limit(file.size()));
  Checkpoint checkpoint;
  TESSERA_TRY_VOID(read_tensors(legacy.document, found, reader, checkpoint));
  add_facts(legacy.document, found, checkpoint);
  return checkpoint;
}

}  // namespace

bool looks_like_torch(std::span<const uint8_t> file) {
  return is_zip(file) || is_tar(file) || is_pickle(file);
}

Result<Checkpoint> read_torch_checkpoint(std::span<const uint8_t> file) {
  if (is_zip(file)) return read_zip(file);
  if (is_legacy_file(file)) return read_legacy(file);
  return refuse_other_format(file);
}

}  // namespace tessera
