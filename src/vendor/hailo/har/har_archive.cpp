#include "vendor/hailo/har/har_archive.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "base/text_bytes.h"
#include "vendor/hailo/other_file.h"

namespace tessera {
namespace {

constexpr std::string_view kNotTrusted = "do not trust this file";

struct FreeReader {
  void operator()(struct archive* reader) const { archive_read_free(reader); }
};
using TarReader = std::unique_ptr<struct archive, FreeReader>;

bool looks_like_har(std::span<const uint8_t> file) {
  const std::string_view text = text_of(file);
  if (text.starts_with("\x1f\x8b")) return true;
  return text.size() > 262 && text.substr(257).starts_with("ustar");
}

// "a/../../b", "/b", "C:b": what would leave the folder that a member is written into.
bool leaves_folder(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != name.npos) return true;
  if (name.size() > 1 && name[1] == ':') return true;
  while (!name.empty()) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part == ".." || part == "." || part.empty()) return true;
    if (slash == name.npos) break;
    name.remove_prefix(slash + 1);
  }
  return false;
}

std::string name_of(struct archive_entry* entry) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) name = archive_entry_pathname_utf8(entry);
  std::string_view text = name == nullptr ? "" : name;
  while (text.starts_with("./")) text.remove_prefix(2);
  return std::string(text);
}

class HarReader {
 public:
  HarReader(std::span<const uint8_t> file, const HarLimits& limits)
      : file_(file), limits_(limits), reader_(archive_read_new()) {}

  Result<HarArchive> read() {
    har_.compressed = text_of(file_).starts_with("\x1f\x8b");
    archive_read_support_format_tar(reader_.get());
    archive_read_support_filter_gzip(reader_.get());
    if (archive_read_open_memory(reader_.get(), file_.data(), file_.size()) != ARCHIVE_OK) {
      return TESSERA_ERROR(kCorrupt, "", "cannot be unpacked: " + reason(),
                           "copy or download the file again");
    }
    for (;;) {
      struct archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status < ARCHIVE_WARN) {
        damaged();
        break;
      }
      TESSERA_TRY(const bool goes_on, read_member(entry));
      if (!goes_on) break;
    }
    check_end();
    return std::move(har_);
  }

 private:
  std::string reason() const {
    const char* text = archive_error_string(reader_.get());
    return text == nullptr ? "no reason is told" : text;
  }

  // In the file itself: behind a compression nothing else can be named.
  uint64_t place() const {
    const la_int64_t at = archive_filter_bytes(reader_.get(), har_.compressed ? -1 : 0);
    return std::min<uint64_t>(at < 0 ? 0 : static_cast<uint64_t>(at), file_.size());
  }

  void damaged() {
    har_.damage.add(place(), fmt::format("the archive breaks off here: {}", reason()));
  }

  // Two blocks of zeros end a tar: without them it may have been cut between two members.
  void check_end() {
    if (!har_.damage.empty() || har_.compressed) return;
    const size_t end = file_.size() >= 1024 ? file_.size() - 1024 : 0;
    const auto tail = file_.subspan(end);
    if (file_.size() >= 1024 && file_.size() % 512 == 0 &&
        std::all_of(tail.begin(), tail.end(), [](uint8_t byte) { return byte == 0; })) {
      return;
    }
    har_.damage.add(file_.size(), "the archive ends here without the zeros that end a tar");
  }

  Error unsafe(const std::string& name, std::string what) const {
    return TESSERA_ERROR(kUnsafe, name, std::move(what), std::string(kNotTrusted));
  }

  // False where the archive breaks off.
  Result<bool> read_member(struct archive_entry* entry) {
    const std::string name = name_of(entry);
    if (archive_entry_filetype(entry) == AE_IFDIR) return true;
    if (leaves_folder(name)) return unsafe(name, "is a name that leaves the folder");
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      return unsafe(name, "is a link or a device, which no HAR has");
    }
    if (!names_.insert(name).second) return unsafe(name, "appears twice in the archive");
    const la_int64_t size = archive_entry_size(entry);
    const uint64_t stated = size < 0 ? 0 : static_cast<uint64_t>(size);
    if (har_.members.size() >= limits_.members) {
      return TESSERA_ERROR(kResourceLimit, "", fmt::format("more than {} members", limits_.members),
                           "");
    }
    if (stated > limits_.bytes - bytes_) {
      return TESSERA_ERROR(
          kResourceLimit, name,
          fmt::format("with it the archive unpacks to more than {} bytes", limits_.bytes), "");
    }
    HarMember& member = har_.members.emplace_back();
    member.name = name;
    member.stated_bytes = stated;
    member.offset = static_cast<uint64_t>(archive_read_header_position(reader_.get()));
    return read_bytes(member);
  }

  Result<bool> read_bytes(HarMember& member) {
    for (;;) {
      const void* data = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int status = archive_read_data_block(reader_.get(), &data, &size, &offset);
      if (status == ARCHIVE_EOF) break;
      if (status < ARCHIVE_WARN) {
        har_.damage.add(place(), fmt::format("'{}', which begins at byte {} of the archive, has {} "
                                             "of its {} bytes: {}",
                                             member.name, member.offset, member.bytes.size(),
                                             member.stated_bytes, reason()));
        return false;
      }
      if (offset < 0 || static_cast<uint64_t>(offset) != member.bytes.size()) {
        return unsafe(member.name, "is a file with holes, which no HAR has");
      }
      if (size > member.stated_bytes - member.bytes.size()) {
        return unsafe(member.name, "has more bytes than it states");
      }
      const auto* bytes = static_cast<const uint8_t*>(data);
      member.bytes.insert(member.bytes.end(), bytes, bytes + size);
    }
    bytes_ += member.bytes.size();
    if (member.whole()) return true;
    har_.damage.add(place(), fmt::format("'{}' has {} of its {} bytes", member.name,
                                         member.bytes.size(), member.stated_bytes));
    return false;
  }

  std::span<const uint8_t> file_;
  HarLimits limits_;
  TarReader reader_;
  HarArchive har_;
  std::unordered_set<std::string> names_;
  uint64_t bytes_ = 0;
};

}  // namespace

const HarMember* HarArchive::find_ending(std::string_view suffix) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const HarMember& member) {
    return member.name.ends_with(suffix);
  });
  return found == members.end() ? nullptr : &*found;
}

Result<HarArchive> read_har_archive(std::span<const uint8_t> file, const HarLimits& limits) {
  if (!looks_like_har(file)) return other_file(file, "a HAR");
  return HarReader(file, limits).read();
}

}  // namespace tessera
