#include "cli/separation_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "cli/output_files.h"
#include "tessera/file.h"

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

bool is_audio_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".wav" || extension == ".flac" || extension == ".ogg";
}

// The recordings of a folder, in order of their names; folders inside it are left alone.
Result<std::vector<std::string>> recordings_in(const fs::path& folder) {
  std::error_code failed;
  std::vector<std::string> found;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    if (at->is_regular_file(ignored) && is_audio_name(at->path())) {
      found.push_back(at->path().string());
    }
  }
  if (failed) {
    return TESSERA_ERROR(kIo, folder.string(),
                         fmt::format("the folder cannot be read: {}", failed.message()),
                         "check its permissions");
  }
  if (found.empty()) {
    return TESSERA_ERROR(kNotFound, folder.string(),
                         "the folder holds no .wav, .flac or .ogg files",
                         "name the recordings themselves");
  }
  std::sort(found.begin(), found.end());
  return found;
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
      ->type_name("{wav,flac,ogg}")
      ->capture_default_str();
  app.add_option("--subtype", options.subtype,
                 "How samples are stored; default: 16 bit in wav and flac, Vorbis in ogg")
      ->one_of(names)
      ->type_name(fmt::format("{{{}}}", fmt::join(names, ",")))
      ->capture_default_str();
  app.add_flag("--force", options.force, "Replace voices that exist");
}

Result<std::vector<SeparationJob>> plan_jobs(const std::vector<std::string>& inputs, int sources,
                                             const OutputOptions& options) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    std::error_code ignored;
    if (!fs::is_directory(input, ignored)) {
      files.push_back(input);
      continue;
    }
    TESSERA_TRY(const auto found, recordings_in(input));
    files.insert(files.end(), found.begin(), found.end());
  }
  std::vector<SeparationJob> jobs;
  std::vector<OutputFile> outputs;
  std::map<std::string, std::string> writer_of;  // output -> input
  for (const std::string& file : files) {
    SeparationJob job{file, {}};
    for (int s = 1; s <= sources; ++s) {
      const fs::path output =
          fs::path(options.folder) /
          fmt::format("{}_s{}.{}", fs::path(file).stem().string(), s, options.container);
      const auto [other, is_new] = writer_of.emplace(output.string(), file);
      if (!is_new) {
        return TESSERA_ERROR(
            kInvalidArgument, file,
            fmt::format("would write {} as {} does", output.string(), other->second),
            "separate them into different folders");
      }
      job.outputs.push_back(output.string());
    }
    for (const std::string& output : job.outputs) outputs.push_back({output, std::nullopt});
    jobs.push_back(std::move(job));
  }
  TESSERA_TRY_VOID(check_folder_name(options.folder, "voices"));
  std::error_code absent;
  if (fs::is_directory(options.folder, absent)) {
    TESSERA_TRY_VOID(check_outputs(outputs, files, options.force));
  }
  return jobs;
}

Result<std::vector<AudioWriter>> open_writers(const SeparationJob& job, int sample_rate,
                                              const OutputOptions& options) {
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  std::vector<AudioWriter> writers;
  for (const std::string& output : job.outputs) {
    TESSERA_TRY(AudioWriter writer, AudioWriter::create(output, sample_rate, 1,
                                                        {.format = subtype_of(options.subtype),
                                                         .force = options.force}));
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
  // All voices are complete before the first gets its name.
  for (size_t s = 0; s < voices.size(); ++s) {
    const std::span<const float> channel(voices[s]);
    TESSERA_TRY_VOID(writers[s].write({&channel, 1}));
  }
  Document written = Document::array();
  for (size_t s = 0; s < voices.size(); ++s) {
    TESSERA_TRY(const AudioWriteReport report, writers[s].finish());
    if (report.clipped_samples > 0) {
      console.warning(
          fmt::format("{}: {} samples were clipped (peak {:.2f}); --subtype float avoids it",
                      job.outputs[s], report.clipped_samples, report.peak));
    }
    written.push_back({{"path", job.outputs[s]},
                       {"frames", report.frames},
                       {"clipped_samples", report.clipped_samples},
                       {"peak", report.peak}});
  }
  return written;
}

}  // namespace tessera::cli
