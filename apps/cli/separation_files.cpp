#include "cli/separation_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/counted.h"
#include "tessera/file.h"
#include "tessera/separator.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

struct SubtypeName {
  std::string_view name;
  SampleFormat format;
};
constexpr SubtypeName kSubtypes[] = {
    {"default", SampleFormat::kDefault}, {"pcm16", SampleFormat::kPcm16},
    {"pcm24", SampleFormat::kPcm24},     {"pcm32", SampleFormat::kPcm32},
    {"float", SampleFormat::kFloat},     {"vorbis", SampleFormat::kVorbis},
};

SampleFormat subtype_of(const std::string& name) {
  const auto* found = std::find_if(std::begin(kSubtypes), std::end(kSubtypes),
                                   [&](const SubtypeName& row) { return row.name == name; });
  return found->format;  // the parser lets no other name through
}

}  // namespace

void add_output_options(CommandLine& app, OutputOptions& options) {
  std::vector<std::string> names;
  for (const SubtypeName& row : kSubtypes) names.emplace_back(row.name);
  app.add_option("-o,--output", options.folder,
                 "The folder for the voices; made if missing. -: standard output, one file with a "
                 "channel for each voice")
      ->required()
      ->type_name("DIR");
  app.add_option("--format", options.container,
                 "Container of the voices; raw: samples without a header")
      ->one_of({"wav", "flac", "ogg", "raw"})
      ->capture_default_str();
  app.add_option("--subtype", options.subtype,
                 "How samples are stored; default: 16 bit in wav, flac and raw, Vorbis in ogg")
      ->one_of(names)
      ->capture_default_str();
  app.add_flag("--force", options.force, "Replace voices that exist");
}

Result<std::vector<AudioWriter>> VoiceFiles::open() const {
  if (to_standard_output()) {
    const std::string name = fmt::format("tessera-{}-voices.{}", ::getpid(), options_.container);
    std::vector<AudioWriter> one;
    TESSERA_TRY(AudioWriter writer,
                AudioWriter::create(fs::temp_directory_path() / name, sample_rate_, voices_,
                                    {.format = subtype_of(options_.subtype), .force = true}));
    one.push_back(std::move(writer));
    return one;
  }
  TESSERA_TRY_VOID(ensure_directory(options_.folder));
  std::vector<AudioWriter> writers;
  for (const std::string& output : job_.outputs) {
    TESSERA_TRY_VOID(ensure_directory(fs::path(output).parent_path()));
    TESSERA_TRY(AudioWriter writer,
                AudioWriter::create(output, sample_rate_, 1,
                                    {.format = subtype_of(options_.subtype),
                                     .force = options_.force || job_.replaces}));
    writers.push_back(std::move(writer));
  }
  return writers;
}

Result<void> VoiceFiles::check() const {
  TESSERA_TRY(const auto dropped, open());
  return {};
}

Result<void> VoiceFiles::write(std::span<const std::vector<float>> voices) {
  if (writers_.empty()) {
    TESSERA_TRY(writers_, open());
  }
  const std::vector<std::span<const float>> channels(voices.begin(), voices.end());
  if (to_standard_output()) return writers_[0].write(channels);
  for (size_t v = 0; v < voices.size(); ++v) {
    TESSERA_TRY_VOID(writers_[v].write({&channels[v], 1}));
  }
  return {};
}

Result<std::vector<AudioWriteReport>> VoiceFiles::finish() {
  if (!to_standard_output()) return finish_voices(writers_);
  TESSERA_TRY(const AudioWriteReport report,
              writers_[0].finish_to(STDOUT_FILENO, "standard output"));
  return std::vector<AudioWriteReport>{report};
}

Document document_of(const SeparationJob& job, std::span<const AudioWriteReport> files,
                     Console& console) {
  Document written = Document::array();
  for (size_t s = 0; s < files.size(); ++s) {
    const AudioWriteReport& report = files[s];
    if (report.clipped_samples > 0) {
      console.warning(fmt::format("{}: {} {} clipped (peak {:.2f}); --subtype float avoids it",
                                  job.outputs[s], counted(report.clipped_samples, "sample"),
                                  noun_for(report.clipped_samples, "was", "were"), report.peak));
    }
    written.push_back({{"path", job.outputs[s]},
                       {"frames", report.frames},
                       {"clipped_samples", report.clipped_samples},
                       {"peak", report.peak}});
  }
  return written;
}

}  // namespace tessera::cli
