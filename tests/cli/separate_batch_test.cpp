// tessera separate on many recordings: folders, bad files among good ones, going on after a run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/full_disk.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kData = TESSERA_SOURCE_DIR "/tests/data";

class CliSeparateBatch : public ::testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view bytes) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    EXPECT_TRUE(write_file_atomically(path, bytes, {.force = true}));
    return path.string();
  }
  std::string recording(const std::string& name, int64_t frames = 2000, float amplitude = 0.15F,
                        int channels = 1) {
    std::vector<float> samples(static_cast<size_t>(frames));
    for (size_t i = 0; i < samples.size(); ++i) {
      samples[i] = amplitude * (2 * static_cast<float>(i * 7 % 23) / 23 - 1);
    }
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    const AudioBuffer audio{8000, std::vector(static_cast<size_t>(channels), samples)};
    const auto written = write_audio(
        path, audio,
        {.format = amplitude > 1 ? SampleFormat::kFloat : SampleFormat::kDefault, .force = true});
    EXPECT_TRUE(written) << written.error().to_string();
    return path.string();
  }
  Outcome separate(std::vector<std::string> arguments, const std::string& model = kDemoModel) {
    arguments.insert(arguments.begin(), {"separate", model});
    arguments.insert(arguments.end(), {"-o", out("").string()});
    return tessera_tool(arguments);
  }
  fs::path out(const std::string& name) const { return folder_ / "out" / name; }
  std::string in() const { return (folder_ / "in").string(); }

  ScratchFolder folder_;
};

TEST_F(CliSeparateBatch, StreamedWavFilesGiveTheVoicesOfTheWholeOne) {
  const fs::path streamed = kData / "field/wav_streamed_headers";
  const Outcome outcome = separate({streamed.string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"size_zero", "size_7fffffff", "size_ffffffff_ok"}) {
    EXPECT_NE(outcome.err.find(fmt::format("{}.wav: its length was never stored", name)),
              std::string::npos)
        << outcome.err;
    for (const char* voice : {"s1", "s2"}) {
      EXPECT_EQ(contents(out(fmt::format("{}_{}.wav", name, voice))),
                contents(out(fmt::format("plain_{}.wav", voice))))
          << name;
    }
  }
}

TEST_F(CliSeparateBatch, EveryContainerGivesTheVoicesOfThePlainWav) {
  ASSERT_EQ(separate({(kData / "field/wav_streamed_headers/plain.wav").string()}).code, 0);
  const std::string voice = contents(out("plain_s2.wav"));
  for (const char* name : {"plain.aiff", "plain.caf", "plain.w64", "plain.au", "plain.flac",
                           "plain.sph", "plain.bw64", "ffmpeg_stream.caf"}) {
    const Outcome outcome = separate({(kData / "sound" / name).string(), "--force"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(contents(out(fs::path(name).stem().string() + "_s2.wav")), voice) << name;
  }
  ASSERT_EQ(separate({(kData / "sound/lame.mp3").string()}).code, 0);
  EXPECT_EQ(read_audio(out("lame_s1.wav")).value().frames(), 2000);
}

TEST_F(CliSeparateBatch, OthersAreDoneWhereOneIsBadAndTheExitCodeTells) {
  const fs::path field = kData / "field/separate_messages";
  const Outcome outcome = separate({(field / "broken.wav").string(), (field / "mix.wav").string()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  EXPECT_TRUE(fs::exists(out("mix_s1.wav")));
  EXPECT_TRUE(fs::exists(out("mix_s2.wav")));
  EXPECT_FALSE(fs::exists(out("broken_s1.wav")));
  EXPECT_NE(outcome.out.find("not separated"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("broken.wav  is truncated: its header announces 4000 bytes"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.err.find("error: 1 of 2 recordings was not separated\n"), std::string::npos);
  // Told before the work: its warning is the first line.
  EXPECT_TRUE(outcome.err.starts_with("warning: ")) << outcome.err;
}

TEST_F(CliSeparateBatch, EveryKindOfBadFileIsListedInJson) {
  recording("in/good.wav");
  recording("in/other.flac");
  const std::string whole = contents(folder_ / "in/good.wav");
  file("in/cut.wav", whole.substr(0, 1000));
  file("in/empty.wav", "");
  file("in/text.wav", "dear diary");
  file("in/short.wav", "");
  recording("in/short.wav", 5);
  recording("in/stereo.wav", 2000, 0.15F, 1);
  AudioBuffer stereo{8000, {std::vector<float>(2000, 0.1F), std::vector<float>(2000, 0.2F)}};
  ASSERT_TRUE(write_audio(folder_ / "in/stereo.wav", stereo, {.force = true}));
  std::string damaged = contents(folder_ / "in/other.flac");
  file("in/damaged.flac", damaged.substr(0, damaged.size() - 40));
  const Outcome outcome = separate({in(), "--json"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  const json document = json::parse(outcome.out);
  std::map<std::string, std::string> failed;
  for (const json& entry : document.at("failed")) {
    failed[fs::path(entry.at("input").get<std::string>()).filename()] = entry.at("code");
    EXPECT_FALSE(entry.at("message").get<std::string>().empty());
    EXPECT_FALSE(entry.at("hint").get<std::string>().empty());
  }
  EXPECT_EQ(failed, (std::map<std::string, std::string>{{"cut.wav", "corrupt"},
                                                        {"damaged.flac", "corrupt"},
                                                        {"empty.wav", "invalid_argument"},
                                                        {"short.wav", "invalid_argument"},
                                                        {"stereo.wav", "invalid_argument"},
                                                        {"text.wav", "unsupported"}}));
  ASSERT_EQ(document.at("files").size(), 2U);
  EXPECT_TRUE(fs::exists(out("good_s2.wav")));
  EXPECT_TRUE(fs::exists(out("other_s2.wav")));
  EXPECT_EQ(document.at("error").at("message"), "6 of 8 recordings were not separated");
}

TEST_F(CliSeparateBatch, WhatIsNoRecordingIsNamedAndHiddenFilesAreLeftOut) {
  recording("in/talk.wav");
  file("in/notes.txt", "x");
  file("in/call.m4a", "x");
  file("in/._talk.wav", std::string("\0\5\x16\7", 4));
  file("in/.DS_Store", "x");
  recording("in/deeper/more.wav");
  Outcome outcome = separate({in()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find(fmt::format("note: 2 files left out, no recordings by their names: "
                                         "{0}/call.m4a, {0}/notes.txt\n",
                                         in())),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("note: 2 hidden files left out\n"), std::string::npos);
  EXPECT_FALSE(fs::exists(out("more_s1.wav")));
  outcome = separate({in(), "--force", "--json"});
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("skipped"), (json{in() + "/call.m4a", in() + "/notes.txt"}));
  EXPECT_EQ(document.at("hidden"), 2);
  EXPECT_EQ(document.at("failed"), json::array());
}

TEST_F(CliSeparateBatch, FoldersInsideKeepTheirPlaces) {
  recording("in/a/talk.wav");
  recording("in/b/c/talk.wav");
  recording("in/talk.AIF.wav");
  recording("in/.hidden/talk.wav");
  const Outcome outcome = separate({in(), "--recursive"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"a/talk_s1.wav", "b/c/talk_s2.wav", "talk.AIF_s1.wav"}) {
    EXPECT_TRUE(fs::exists(out(name))) << name;
  }
  EXPECT_FALSE(fs::exists(out(".hidden")));
  EXPECT_FALSE(fs::exists(out("talk_s1.wav")));
}

TEST_F(CliSeparateBatch, VoicesInsideTheFolderOfRecordingsAreNoRecordings) {
  recording("in/a.wav");
  const std::vector<std::string> line = {"separate", kDemoModel, in(), "--recursive", "-o"};
  const auto with = [&](std::vector<std::string> rest) {
    std::vector<std::string> words = line;
    words.insert(words.end(), rest.begin(), rest.end());
    return tessera_tool(words);
  };
  ASSERT_EQ(with({in() + "/voices"}).code, 0);
  Outcome outcome = with({in() + "/voices", "--skip-existing"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(fs::exists(in() + "/voices/voices"));
  ASSERT_EQ(tessera_tool({"separate", kDemoModel, in(), "-o", in()}).code, 0);
  outcome = tessera_tool({"separate", kDemoModel, in(), "-o", in(), "--skip-existing", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(json::parse(outcome.out).at("voices_left_out").size(), 2U);
  EXPECT_FALSE(fs::exists(in() + "/a_s1_s1.wav"));
}

TEST_F(CliSeparateBatch, TwoRecordingsThatWouldWriteOneFileAreRefusedBeforeTheWork) {
  recording("in/talk.wav");
  recording("in/talk.flac");
  const Outcome outcome = separate({in()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err, fmt::format("error: would write {0}/talk_s1.wav as {1}/talk.flac does\n  "
                                     "in: {1}/talk.wav\n  next: separate them into different "
                                     "folders\n",
                                     (folder_ / "out").string(), in()));
  EXPECT_FALSE(fs::exists(out("")));
}

TEST_F(CliSeparateBatch, GoesOnWhereARunEnded) {
  const std::string a = recording("in/a.wav");
  const std::string b = recording("in/b.wav", 2100);
  const std::string c = recording("in/c.wav", 2200);
  ASSERT_EQ(separate({a}).code, 0);
  ASSERT_EQ(separate({b}).code, 0);
  fs::remove(out("b_s2.wav"));  // a run that ended between the voices
  const auto before = fs::last_write_time(out("a_s1.wav"));
  EXPECT_EQ(separate({in()}).code, exit_code(ErrorCode::kAlreadyExists));
  const Outcome outcome = separate({in(), "--skip-existing", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("existing"), json{a});
  ASSERT_EQ(document.at("files").size(), 2U);
  EXPECT_EQ(document.at("files")[0].at("input"), b);
  EXPECT_EQ(fs::last_write_time(out("a_s1.wav")), before);
  EXPECT_TRUE(fs::exists(out("b_s2.wav")));
  EXPECT_EQ(separate({in(), "--skip-existing"}).code, 0);
  EXPECT_EQ(separate({in(), "--skip-existing", "--force"}).code, kExitUsage);
}

TEST_F(CliSeparateBatch, AFolderWithoutRecordingsSaysWhereTheyMayBe) {
  recording("in/deeper/talk.wav");
  file("in/notes.txt", "x");
  const Outcome outcome = separate({in()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_EQ(outcome.err, "error: the folder holds no recordings (1 other file)\n  in: " + in() +
                             "\n  next: --recursive looks into the folders inside it\n");
  EXPECT_EQ(separate({in(), "--recursive"}).code, 0);
}

TEST_F(CliSeparateBatch, AFullDiskEndsTheBatchAndSaysWhatWasDone) {
  const std::string first = recording("a.wav", 4000);
  const std::string second = recording("b.wav", 80000);
  const std::string third = recording("c.wav", 4000);
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {  // 64 KiB hold the first's voices
    const Outcome outcome =
        tessera_tool({"separate", kDemoModel, first, second, third, "-o", disk.string(), "--json"});
    const json document = json::parse(outcome.out);
    return outcome.code == exit_code(ErrorCode::kNoSpace) && document.at("files").size() == 1 &&
           document.at("error").at("code") == "no_space" && !fs::exists(disk / "c_s1.wav") &&
           !fs::exists(disk / "b_s1.wav");
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST_F(CliSeparateBatch, SeveralAtTheSameTimeGiveTheSameInTheSameOrder) {
  std::vector<std::string> names;
  for (int i = 0; i < 9; ++i) {
    names.push_back(fmt::format("talk{}", i));
    recording("in/" + names.back() + ".wav", 9000 - 900 * i, 0.1F + 0.02F * static_cast<float>(i));
  }
  file("in/talk4b.wav", "dear diary");
  const auto told = [&](int jobs) {
    const Outcome outcome = separate({in(), "--json", "--force", "--jobs", std::to_string(jobs)});
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kUnsupported)) << outcome.err;
    json document = json::parse(outcome.out);
    for (json& of : document.at("files"))
      for (const char* time : {"seconds", "real_time_factor", "network_seconds"}) of.erase(time);
    std::string voices;
    for (const std::string& name : names) voices += contents(out(name + "_s2.wav"));
    return std::pair(document.dump(), voices);
  };
  const auto alone = told(1);
  EXPECT_FALSE(alone.second.empty());
  for (const int jobs : {2, 4, 20}) EXPECT_EQ(told(jobs), alone) << jobs;
}

TEST_F(CliSeparateBatch, AFullDiskEndsTheBatchOfSeveralAtTheSameTimeToo) {
  std::vector<std::string> arguments{"separate", kDemoModel};
  for (int i = 0; i < 12; ++i)
    arguments.push_back(recording(fmt::format("in/{:02}.wav", i), i == 1 ? 80'000 : 4000));
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  arguments.insert(arguments.end(), {"-o", disk.string(), "--jobs", "3", "--json"});
  const auto result = on_full_disk(disk, [&] {
    const Outcome outcome = tessera_tool(arguments);
    const json document = json::parse(outcome.out);
    size_t voices = 0;
    for (const auto& entry : fs::directory_iterator(disk)) voices += entry.is_regular_file();
    return outcome.code == exit_code(ErrorCode::kNoSpace) &&
           document.at("error").at("code") == "no_space" &&
           voices == 2 * document.at("files").size();
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST_F(CliSeparateBatch, StandardOutputTakesOneRecordingAtATime) {
  const Outcome outcome =
      tessera_tool({"separate", kDemoModel, recording("a.wav"), "-o", "-", "--jobs", "2"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(outcome.err.find("in: --jobs"), std::string::npos) << outcome.err;
}

TEST_F(CliSeparateBatch, AFileThatIsNotThereIsOneOfTheBad) {
  const Outcome outcome = separate({recording("a.wav"), "nowhere.wav", recording("b.wav"), in()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_TRUE(fs::exists(out("a_s1.wav")));
  EXPECT_TRUE(fs::exists(out("b_s2.wav")));
  EXPECT_NE(outcome.err.find("2 of 4 recordings were not separated"), std::string::npos);
}

TEST_F(CliSeparateBatch, ACutRecordingIsUsedOnRequestAndTheMissingSamplesAreCounted) {
  const std::string broken = (kData / "field/separate_messages/broken.wav").string();
  EXPECT_EQ(separate({broken}).code, exit_code(ErrorCode::kCorrupt));
  const Outcome outcome = separate({broken, "--allow-truncated"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("broken.wav: is cut off: 501 of 2000 frames are missing\n"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(read_audio(out("broken_s1.wav")).value().frames(), 1499);
}

TEST_F(CliSeparateBatch, IdenticalChannelsAreOne) {
  const std::string stereo = recording("stereo.wav", 2000, 0.15F, 2);
  const std::string mono = recording("mono.wav");
  const Outcome outcome = separate({stereo, mono});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("stereo.wav: took one of 2 channels: they are identical"),
            std::string::npos);
  EXPECT_EQ(contents(out("stereo_s1.wav")), contents(out("mono_s1.wav")));
}

TEST_F(CliSeparateBatch, AFileOfOneLengthSaysSoAndNamesNoOptionThatIsNotThere) {
  const fs::path field = kData / "field/separate_messages";
  const std::string fixed = (field / "fixed_800.onnx").string();
  const std::string mix = (field / "mix.wav").string();
  Outcome outcome = separate({mix, "--sample-rate", "8000"}, fixed);
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err,
            fmt::format("error: has 2000 samples at the network's rate; {} was exported for 800 "
                        "and no others\n  in: {}\n  next: export the network again with an open "
                        "time dimension (dynamic_axes), or give its checkpoint\n",
                        fixed, mix));
  const std::string exact = recording("exact.wav", 800);
  EXPECT_EQ(separate({exact, "--sample-rate", "8000"}, fixed).code, 0);
  const std::string longer = recording("longer.wav", 801);
  const std::string shorter = recording("shorter.wav", 799);
  outcome = separate({exact, longer, shorter, "--sample-rate", "8000", "--force", "--json"}, fixed);
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("files").size(), 1U);
  EXPECT_EQ(document.at("failed").size(), 2U);
}

TEST_F(CliSeparateBatch, FloatsBeyondFullScaleAreNotClippedUnlessTheScaleIsChosen) {
  const std::string loud = recording("loud.wav", 8000, 12);
  Outcome outcome = separate({loud, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  json file = json::parse(outcome.out).at("files")[0];
  for (const json& output : file.at("outputs")) EXPECT_EQ(output.at("clipped_samples"), 0);
  float peak = 0;
  for (const char* name : {"loud_s1.wav", "loud_s2.wav"}) {
    const AudioBuffer voice = read_audio(out(name)).value();
    for (const float x : voice.channels[0]) peak = std::max(peak, std::abs(x));
  }
  EXPECT_NEAR(peak, 0.999F, 1e-3F);
  EXPECT_NE(outcome.out.find("so that none is clipped"), std::string::npos) << outcome.out;
  const double scale = file.at("scaled_by");

  // In floats every value is kept; the integers are those, scaled.
  const std::vector<float> scaled = read_audio(out("loud_s1.wav")).value().channels[0];
  outcome = separate({loud, "--subtype", "float", "--force", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  file = json::parse(outcome.out).at("files")[0];
  EXPECT_EQ(file.at("scaled_by"), 1);
  const std::vector<float> kept = read_audio(out("loud_s1.wav")).value().channels[0];
  for (size_t i = 0; i < kept.size(); i += 97) {
    EXPECT_NEAR(static_cast<double>(kept[i]) * scale, scaled[i], 2e-5) << i;
  }
  outcome = separate({loud, "--rescale", "--force", "--json"});
  EXPECT_GT(json::parse(outcome.out).at("files")[0].at("outputs")[0].at("clipped_samples"), 0);
}

TEST_F(CliSeparateBatch, ShortRecordingsWorkWithAPackageOrAreRefusedByTheRightLength) {
  const std::string package = (folder_ / "net.tess").string();
  const Outcome built = tessera_tool({"build", kDemoModel, "--length", "4000", "-o", package});
  ASSERT_EQ(built.code, 0) << built.err;
  int64_t least = 0;
  for (const int64_t frames : {15, 16, 20, 23, 24, 31, 32, 40}) {
    const std::string name = fmt::format("n{}.wav", frames);
    const Outcome outcome = separate({recording(name, frames)}, package);
    if (outcome.code == 0) {
      if (least == 0) least = frames;
      continue;
    }
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << outcome.err;
    EXPECT_EQ(least, 0) << frames << " is refused, a shorter one is not";
    EXPECT_NE(outcome.err.find(fmt::format("an input of {} samples is shorter than the ", frames)),
              std::string::npos)
        << outcome.err;
    EXPECT_EQ(outcome.err.find("phase"), std::string::npos) << outcome.err;
    // The length that it names is one that works.
    const size_t at = outcome.err.find("give at least ");
    ASSERT_NE(at, std::string::npos) << outcome.err;
    const int64_t told = std::stoll(outcome.err.substr(at + 14));
    if (frames >= 16) {
      const std::string enough = recording(fmt::format("e{}.wav", frames), told);
      EXPECT_EQ(separate({enough}, package).code, 0);
      const std::string one_less = recording(fmt::format("f{}.wav", frames), told - 1);
      EXPECT_NE(separate({one_less}, package).code, 0);
    }
  }
  EXPECT_GT(least, 15);
}

TEST_F(CliSeparateBatch, HowManyRecordingsWereScaledIsOneNoteOfEachKind) {
  for (int i = 0; i < 5; ++i) recording(fmt::format("in/{}.wav", i), 2000, 4.0F);
  const Outcome outcome = separate({in()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  size_t notes = 0;
  for (size_t at = outcome.err.find("times full scale"); at != std::string::npos;
       at = outcome.err.find("times full scale", at + 1)) {
    ++notes;
  }
  EXPECT_GE(notes, 1U) << outcome.err;
  EXPECT_LE(notes, 2U) << outcome.err;
  EXPECT_NE(outcome.err.find("the voices of 5 recordings reach up to "), std::string::npos)
      << outcome.err;
}

TEST_F(CliSeparateBatch, ARecordingTooLoudForTheArithmeticIsRefused) {
  const std::string loud = recording("loud.wav", 2000, 1e38F);
  const Outcome outcome = separate({loud});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << outcome.err;
  EXPECT_NE(outcome.err.find(" that the network makes of it is NaN or infinite\n  in: " + loud),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(outcome.err.find("scaled by"), std::string::npos) << outcome.err;
  EXPECT_FALSE(fs::exists(out("loud_s1.wav")));
}

}  // namespace
}  // namespace tessera
