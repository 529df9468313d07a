// Recordings over HTTP: the voices that the library gives, as a zip or a form; and what is no
// recording.
#include <gtest/gtest.h>

#include <fstream>

#include "base/archive.h"
#include "running_server.h"
#include "serve/multipart.h"
#include "server/recording_bytes.h"
#include "support/recordings.h"
#include "support/scratch_folder.h"
#include "tessera/separator.h"

namespace tessera::test {
namespace {

const std::string kMixture = TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav";

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::span<const uint8_t> view(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class Separate : public ::testing::Test {
 protected:
  static server::ServeOptions options() {
    server::ServeOptions options;
    options.models = {{"voices", kDemoNetwork}};
    return options;
  }
  // The samples of a file in an answer.
  static std::vector<float> samples_of(std::string_view file) {
    auto audio = server::decode_recording(file, 100, "answer");
    EXPECT_TRUE(audio) << audio.error().to_string();
    return audio ? audio->channels[0] : std::vector<float>();
  }
  static Separation separated() {
    auto separator = Separator::open(kDemoNetwork, {.threads = 1});
    return separator->separate(read_audio(kMixture).value()).value();
  }
};

TEST_F(Separate, GivesTheVoicesOfTheLibraryInAZip) {
  RunningServer server(options());
  Client client(server.port());
  const Answer answer =
      client.ask(post("/v1/separate?format=float", bytes_of(kMixture), "audio/wav"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/zip");
  const auto entries = read_archive(view(answer.body));
  ASSERT_TRUE(entries) << entries.error().to_string();
  ASSERT_EQ(entries->size(), 3U);
  const Separation expected = separated();
  for (size_t v = 0; v < 2; ++v) {
    const ArchiveEntry& entry = (*entries)[v];
    EXPECT_EQ(entry.name, "voice_" + std::to_string(v + 1) + ".wav");
    const std::string_view file(reinterpret_cast<const char*>(entry.bytes.data()),
                                entry.bytes.size());
    EXPECT_TRUE(samples_of(file) == expected.voices[v]) << v;
  }
  const Json document = Json::parse((*entries)[2].bytes.begin(), (*entries)[2].bytes.end());
  EXPECT_EQ(document["sample_rate"], 8000);
  EXPECT_EQ(document["frames"], expected.frames);
  EXPECT_EQ(document["files"], (Json{"voice_1.wav", "voice_2.wav"}));
}

TEST_F(Separate, TakesAFormAndGivesOne) {
  RunningServer server(options());
  Client client(server.port());
  const std::string recording = bytes_of(kMixture);
  const std::vector<MultipartPart> parts{{"recording", "../../mix.wav", "audio/wav", recording}};
  const std::string boundary = free_boundary(parts);
  const Answer answer = client.ask(
      post("/v1/separate?format=flac", write_multipart(parts, boundary),
           "multipart/form-data; boundary=" + boundary, "Accept: multipart/form-data\r\n"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto of_answer = multipart_boundary(answer.headers.at("content-type"));
  ASSERT_TRUE(of_answer);
  const auto voices = read_multipart(answer.body, *of_answer);
  ASSERT_TRUE(voices) << voices.error().to_string();
  ASSERT_EQ(voices->size(), 3U);
  const Separation expected = separated();
  for (size_t v = 0; v < 2; ++v) {
    EXPECT_EQ((*voices)[v].content_type, "audio/flac");
    const std::vector<float> samples = samples_of((*voices)[v].body);
    ASSERT_EQ(samples.size(), expected.voices[v].size());
    for (size_t i = 0; i < samples.size(); ++i)
      ASSERT_NEAR(samples[i], expected.voices[v][i], 1.0 / 32768) << i;
  }
}

TEST_F(Separate, RefusesWhatIsNoRecordingAndGoesOn) {
  server::ServeOptions short_ones = options();
  short_ones.max_audio_seconds = 5;
  RunningServer server(short_ones);
  const std::string whole = bytes_of(kMixture);
  const ScratchFolder folder;
  ASSERT_TRUE(write_audio(folder / "stereo.wav", sawtooth(8000, 8000, 2)));
  ASSERT_TRUE(write_audio(folder / "long.wav", sawtooth(8000, 48000)));
  ASSERT_TRUE(write_audio(folder / "none.wav", std::vector<float>(), 8000));
  struct Case {
    std::string target;
    std::string body;
    std::string type;
    int status;
    std::string field;
  };
  const Case cases[] = {
      {"/v1/separate", whole.substr(0, whole.size() / 2), "audio/wav", 422, "recording"},
      {"/v1/separate", whole.substr(0, 30), "audio/wav", 422, "recording"},
      {"/v1/separate", "this is no sound", "audio/wav", 415, "recording"},
      {"/v1/separate", "", "audio/wav", 422, "body"},
      {"/v1/separate", whole, "text/plain", 415, "Content-Type"},
      {"/v1/separate", bytes_of((folder / "stereo.wav").string()), "audio/wav", 400, "recording"},
      {"/v1/separate", bytes_of((folder / "long.wav").string()), "audio/wav", 413, "recording"},
      {"/v1/separate", bytes_of((folder / "none.wav").string()), "audio/wav", 400, "recording"},
      {"/v1/separate?format=mp3", whole, "audio/wav", 400, "format"},
      {"/v1/separate?channel=0", whole, "audio/wav", 400, "channel"},
      {"/v1/separate?model=other", whole, "audio/wav", 404, "model"},
      {"/v1/separate", whole, "multipart/form-data", 422, "Content-Type"},
      {"/v1/separate", whole, "multipart/form-data; boundary=b", 422, "body"},
      {"/v1/separate", "--b\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--b--",
       "multipart/form-data; boundary=b", 422, "other"},
      {"/v1/separate", "--b--", "multipart/form-data; boundary=b", 422, "recording"},
  };
  for (const Case& refused : cases) {
    Client client(server.port());
    const Answer answer = client.ask(post(refused.target, refused.body, refused.type));
    EXPECT_EQ(answer.status, refused.status)
        << refused.target << " " << refused.type << " " << answer.body;
    EXPECT_EQ(answer.field(), refused.field) << answer.body;
    EXPECT_EQ(answer.body.find("/proc/"), std::string::npos) << answer.body;
  }
  Client client(server.port());
  EXPECT_EQ(client
                .ask(post("/v1/separate?channel=mix", bytes_of((folder / "stereo.wav").string()),
                          "audio/wav"))
                .status,
            200);
  EXPECT_EQ(client.ask(get("/readyz")).status, 200);  // none of it was the network's fault
}

TEST_F(Separate, EndsAtItsDeadline) {
  server::ServeOptions hurried = options();
  hurried.audio_deadline_seconds = 0.3;
  hurried.workers = 1;
  RunningServer server(hurried);
  const ScratchFolder folder;
  ASSERT_TRUE(write_audio(folder / "long.wav", sawtooth(8000, 8000 * 500)));
  Client client(server.port());
  const auto begin = std::chrono::steady_clock::now();
  const Answer answer =
      client.ask(post("/v1/separate", bytes_of((folder / "long.wav").string()), "audio/wav"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "deadline_exceeded");
  // The work ended, too: a server that stops waits for its workers.
  ASSERT_TRUE(server.stop());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST_F(Separate, SaysThatAnEncoderIsNotThere) {
  RunningServer server(options());
  Client client(server.port());
  const Answer answer = client.ask(post("/infer", kSmallWindow));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "not_loaded");
}

}  // namespace
}  // namespace tessera::test
