#include "server/recording_bytes.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "base/descriptor.h"
#include "base/system_error.h"
#include "base/write_all.h"

namespace tessera::server {
namespace {

constexpr int64_t kBlockFrames = int64_t{1} << 16;
// Of all channels: what a recording may take in memory, whatever rate and channels its header
// claims.
constexpr int64_t kMaxSamples = int64_t{1} << 27;

Result<Descriptor> memory_file() {
  Descriptor file(::memfd_create("recording", MFD_CLOEXEC));
  if (file.get() < 0) return system_error(errno, "memory", "create a file in");
  return file;
}

Error too_long(double max_seconds, const std::string& name) {
  return TESSERA_ERROR(
      kResourceLimit, name,
      fmt::format("is longer than the {:g} s that one request may hold", max_seconds),
      "send it in parts");
}

}  // namespace

Result<AudioBuffer> decode_recording(std::string_view bytes, double max_seconds,
                                     const std::string& name) {
  TESSERA_TRY(const Descriptor file, memory_file());
  TESSERA_TRY_VOID(
      write_all(file.get(), {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, name));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return system_error(errno, name, "read");
  TESSERA_TRY(AudioReader reader, AudioReader::open_stream(file.get(), name));
  const AudioInfo& info = reader.info();
  const auto most = std::min(static_cast<int64_t>(std::ceil(max_seconds * info.sample_rate)),
                             kMaxSamples / std::max(1, info.channels));
  if (info.frames > most) return too_long(max_seconds, name);
  AudioBuffer recording;
  for (;;) {
    TESSERA_TRY(const AudioBuffer block, reader.read(kBlockFrames));
    if (block.frames() == 0) break;
    recording.sample_rate = block.sample_rate;
    recording.channels.resize(block.channels.size());
    for (size_t c = 0; c < block.channels.size(); ++c)
      recording.channels[c].insert(recording.channels[c].end(), block.channels[c].begin(),
                                   block.channels[c].end());
    if (recording.frames() > most) return too_long(max_seconds, name);
  }
  recording.notes = reader.notes();
  return recording;
}

Result<std::string> encode_recording(std::span<const float> samples, int sample_rate,
                                     SampleFormat format,
                                     const std::filesystem::path& scratch_folder,
                                     const std::string& file_name) {
  TESSERA_TRY(const Descriptor file, memory_file());
  TESSERA_TRY(AudioWriter writer,
              AudioWriter::create(scratch_folder / file_name, sample_rate, 1, {.format = format}));
  TESSERA_TRY_VOID(writer.write(std::span(&samples, 1)));
  TESSERA_TRY_VOID(writer.finish_to(file.get(), file_name));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(errno, file_name, "read");
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return system_error(errno, file_name, "read");
    at += static_cast<size_t>(got);
  }
  return bytes;
}

}  // namespace tessera::server
