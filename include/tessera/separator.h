// Separator: a recording of several voices in, one wave per voice out, at the recording's own rate
// and exact length.
//
//   TESSERA_TRY(auto separator, Separator::open("net.tess"));
//   TESSERA_TRY(auto recording, read_audio("meeting.wav"));
//   TESSERA_TRY(auto separation, separator.separate(recording));
//   separation.voices[0], at separation.sample_rate
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/audio.h"
#include "tessera/backend.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/package.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

// Reference check: how far what a backend computed lies from what plain loops compute.

struct OutputDifference {
  double max_abs = 0;
  double peak = 0;  // of the reference's finite values
};

// `outputs` and `reference`: the values of every output. Errors, with `subject`: kMismatch beyond
// 1e-4 of the reference's peak (1e-7 for silence), or where a value is finite on one side only;
// kInvalidModel where it is finite on neither, which says nothing.
Result<OutputDifference> compare_outputs(std::span<const std::vector<float>> reference,
                                         std::span<const std::vector<float>> outputs,
                                         const std::string& subject);

// Evaluates `graph` on the reference backend, which is slow, and compares. `memory_limit_bytes` as
// in BackendOptions. Errors: those of Session and of compare_outputs().
Result<OutputDifference> compare_with_reference(const Graph& graph,
                                                std::span<const std::vector<float>> inputs,
                                                std::span<const std::vector<float>> outputs,
                                                const std::string& subject,
                                                int64_t memory_limit_bytes = 0);

// In integers: plays `plan` on `devices` and compares every code at every border, as
// check_bit_exact() does. Returns how many codes. Errors: those of check_bit_exact(); kMismatch,
// with `subject`, where one code differs.
Result<int64_t> compare_codes_with_reference(const Plan& plan, const Encodings& encodings,
                                             const Devices& devices,
                                             std::span<const std::vector<float>> inputs,
                                             const std::string& subject);

// Networks trained for SI-SNR give voices of any level. One factor is for all voices of a
// recording.
enum class VoiceLevel : uint8_t {
  fit,      // the network's own; where that exceeds full scale, the mixture's or less: none is
            // clipped
  mixture,  // as Asteroid does it, sum|mixture| / sum|voices|, whatever comes of it
  network,  // the network's own, beyond full scale, too
};

struct SeparatorOptions {
  // Of a model file, as ImportOptions::model_args; a package has its own.
  std::map<std::string, std::string> model_args = {};
  // One of backend_names(). Empty: LoadedNetwork::default_backend(). One that computes in floats
  // may be named for a quantised package, too, with a warning.
  std::string backend = {};
  // One of backend_names() for the host steps of a package's plan. Empty: `backend`, or
  // LoadedNetwork::default_backend() where that runs no host steps.
  std::string host_backend = {};
  // Pieces that `backend` cannot run go to LoadedNetwork::default_backend(), each with the reason
  // in devices(). Without it such a piece is an error.
  bool allow_fallback = false;
  int threads = 0;                 // 0: as many as the process may use
  int64_t memory_limit_bytes = 0;  // activations; 0: no limit of our own
  // The network's, in Hz, where its file does not tell; overrides what it tells, with a warning.
  // Without either the recording's own is taken, with a warning.
  std::optional<int> sample_rate = {};
  ChannelPolicy channels = {};
  VoiceLevel level = VoiceLevel::fit;
  // A recording that is longer is evaluated in stretches, in memory that does not grow with it:
  //  - where every sample of the voices depends on a bounded part of the recording (batch norm,
  //    channel-wise norms, none), in chunks that overlap by that part: the voices of the whole
  //    recording, but for rounding;
  //  - where they depend on its past by sums (cumulative norms), in steps that carry these on: the
  //    same; not with pieces on a device of their own;
  //  - otherwise (norms over time) in windows of this length that overlap and fade into each other,
  //    their voices in one order and at the mixture's level, with a warning: that is another
  //    function than the network of the whole recording, and usually a better one, since such
  //    networks are trained on seconds.
  // 0: always the whole recording at once. Else 1 at least.
  double window_seconds = 30;
  // Where voices wait for their level, in a file without a name; empty: the system's folder for
  // temporary files. VoiceLevel::network needs none.
  std::filesystem::path scratch_folder = {};
  // Called now and then from separate(AudioReader&): which part of a long recording is done, 0
  // to 1.
  std::function<void(double)> progress = {};
  // Evaluate by plain loops, too, which is slow, and fail where the results differ: errors of
  // compare_with_reference(), or of compare_codes_with_reference() in integers.
  bool check = false;
  std::function<void()> before_check = {};  // called before that evaluation

  // Errors: kInvalidArgument; the subject is the field.
  Result<void> validate() const;
};

// What VoiceLevel::fit did to voices that exceeded full scale.
struct LevelChange {
  enum class To : uint8_t {
    mixture,     // to the mixture's level
    full_scale,  // just below full scale, where the mixture's level is beyond it
  };
  To to = To::mixture;
  float peak = 0;     // before, times full scale
  double factor = 1;  // of all voices
};

struct SeparationTiming {
  double load_seconds = 0;     // of a session; 0 where that of the last recording serves
  double network_seconds = 0;  // of its run
  double check_seconds = 0;    // SeparatorOptions::check
  double total_seconds = 0;    // of separate(), without the check
};

struct Separation {
  int sample_rate = 0;                     // Hz, the recording's
  int64_t frames = 0;                      // of the recording and of each voice
  int64_t stretches = 1;                   // that were evaluated, one after the other
  std::vector<std::vector<float>> voices;  // in the network's order, as long as the recording
  double scale = 1;                        // that the network's voices were multiplied by
  std::vector<LevelChange> level_changes;  // unasked; part of `scale`
  // What else was done to the recording and its voices, in order; sentences without a subject.
  std::vector<Note> notes;
  SeparationTiming timing;
  // What each piece of the plan ran on, with its calls and seconds in all stretches; empty without
  // a plan.
  std::vector<PieceDevice> pieces;
  // With SeparatorOptions::check: in floats how far the outputs are apart, in integers how many
  // codes were compared, which all are equal.
  std::optional<OutputDifference> difference;
  std::optional<int64_t> equal_codes;
};

// Takes the voices of a recording in their order, block by block: each time as many samples of
// every voice.
using WriteVoices = std::function<Result<void>(std::span<const std::vector<float>> voices)>;

// A network ready for one recording after another. The session of the last length is kept. One
// thread at a time may use a Separator.
class Separator {
 public:
  // `path` is a model file or a package. Errors: those of SeparatorOptions::validate(),
  // LoadedNetwork::open() and make_backend(); kInvalidArgument for a network that does not turn one
  // wave into waves.
  static Result<Separator> open(const std::filesystem::path& path, SeparatorOptions options = {});

  Separator(Separator&&) noexcept;
  Separator& operator=(Separator&&) noexcept;
  ~Separator();

  // `subject` names the recording in errors. Errors: kInvalidArgument for a recording without
  // samples or rate, with channels of different lengths, with several channels where the policy
  // allows one, or of a length that the network does not take; kCorrupt for samples that are NaN or
  // infinite; kInvalidArgument where the network's are; those of Session; kMismatch and
  // kInvalidModel from the check.
  Result<Separation> separate(const AudioBuffer& recording,
                              const std::string& subject = "recording");

  // The same for a recording of any length: reads, separates and hands the voices over block by
  // block; Separation::voices stays empty. With VoiceLevel::network `write` gets them as they come,
  // otherwise once all are known, since one factor is for all. Errors: those of separate() and of
  // AudioReader::read(); kNoSpace and kIo in SeparatorOptions::scratch_folder; those of `write`.
  Result<Separation> separate(AudioReader& recording, const WriteVoices& write,
                              const std::string& subject);

  // Whether the network takes `samples` at its own rate, without evaluating it. Errors, with
  // `subject`: those that separate() would have.
  Result<void> check_length(int64_t samples, const std::string& subject = "recording");
  // The network's file was exported for one length and no others.
  bool length_is_fixed() const;

  int voices() const;
  // Of the network: what the options or its file say.
  std::optional<int> sample_rate() const;
  std::string_view backend() const;       // its name
  std::string_view host_backend() const;  // of host steps: its name
  // Of every piece of the last session; empty before the first, and for networks without a plan.
  std::span<const PieceDevice> devices() const;
  Arithmetic arithmetic() const;
  // What the backend's device measures of itself now.
  std::vector<DeviceReading> readings() const;
  // What the importer noted, and where the options override the network's file or its integers.
  std::span<const Note> notes() const;

 private:
  struct State;
  explicit Separator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Writes each voice into one of `files`. All are complete before the first gets its name. Errors:
// those of AudioWriter.
Result<std::vector<AudioWriteReport>> write_voices(std::span<AudioWriter> files,
                                                   std::span<const std::vector<float>> voices);

// Gives files that were written block by block their names. All are complete before the first gets
// its own. Errors: those of AudioWriter.
Result<std::vector<AudioWriteReport>> finish_voices(std::span<AudioWriter> files);

// All voices into voice_1.wav, voice_2.wav, ... in `folder`, which is made if it is missing.
Result<std::vector<AudioWriteReport>> write_voices(const std::filesystem::path& folder,
                                                   const Separation& separation,
                                                   const AudioWriteOptions& options = {});

}  // namespace tessera
