#include "cli/separation_files.h"

#include <fmt/format.h>

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
  app.add_option("-o,--output", options.folder, "The folder for the voices; made if missing")
      ->required()
      ->type_name("DIR");
  app.add_option("--format", options.container, "Container of the voices")
      ->one_of({"wav", "flac", "ogg"})
      ->capture_default_str();
  app.add_option("--subtype", options.subtype,
                 "How samples are stored; default: 16 bit in wav and flac, Vorbis in ogg")
      ->one_of(names)
      ->capture_default_str();
  app.add_flag("--force", options.force, "Replace voices that exist");
}

Result<std::vector<AudioWriter>> open_writers(const SeparationJob& job, int sample_rate,
                                              const OutputOptions& options) {
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  std::vector<AudioWriter> writers;
  for (const std::string& output : job.outputs) {
    TESSERA_TRY_VOID(ensure_directory(fs::path(output).parent_path()));
    TESSERA_TRY(AudioWriter writer, AudioWriter::create(output, sample_rate, 1,
                                                        {.format = subtype_of(options.subtype),
                                                         .force = options.force || job.replaces}));
    writers.push_back(std::move(writer));
  }
  return writers;
}

Result<void> check_writers(const SeparationJob& job, int sample_rate,
                           const OutputOptions& options) {
  TESSERA_TRY(const auto dropped, open_writers(job, sample_rate, options));
  return {};
}

Result<Document> write_voices(std::vector<AudioWriter> writers, const SeparationJob& job,
                              std::span<const std::vector<float>> voices, Console& console) {
  TESSERA_TRY(const auto reports, tessera::write_voices(writers, voices));
  Document written = Document::array();
  for (size_t s = 0; s < reports.size(); ++s) {
    const AudioWriteReport& report = reports[s];
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
