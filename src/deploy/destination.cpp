#include "deploy/destination.h"

#include <fmt/format.h>

#include <vector>

#include "base/process.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxOutputBytes = uint64_t{1} << 16;
constexpr std::chrono::seconds kCopyLimit{3600};
constexpr int kSshFailed = 255;  // ssh(1): its own failure, not the command's

bool is_plain(std::string_view text, std::string_view others) {
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && others.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const size_t begin = text.rfind('\n');
  return std::string(begin == std::string_view::npos ? text : text.substr(begin + 1));
}

}  // namespace

std::string single_quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

Result<Destination> Destination::parse(const std::string& text) {
  Destination destination;
  const size_t colon = text.find(':');
  const bool is_remote = colon != std::string::npos && text.find('/') > colon;
  if (is_remote) {
    destination.host_ = text.substr(0, colon);
    destination.folder_ = text.substr(colon + 1);
    if (!is_plain(destination.host_, "@._-") || destination.host_.front() == '-' ||
        destination.host_.front() == '@') {
      return TESSERA_ERROR(kInvalidArgument, text, "names no host",
                           "write it like pi@raspberrypi:/opt/tessera");
    }
    if (!destination.folder_.starts_with('/')) {
      return TESSERA_ERROR(kInvalidArgument, text,
                           "the folder on the other machine is not absolute",
                           "write it like pi@raspberrypi:/opt/tessera");
    }
  } else {
    std::error_code failure;
    destination.folder_ = fs::absolute(text, failure).lexically_normal().string();
  }
  while (destination.folder_.size() > 1 && destination.folder_.back() == '/')
    destination.folder_.pop_back();
  if (!is_plain(destination.folder_, "._+-/") || destination.folder_ == "/") {
    return TESSERA_ERROR(kInvalidArgument, text, "is no folder that a service can be told of",
                         "take one of letters, digits and ._+- as /opt/tessera");
  }
  return destination;
}

Result<ScriptAnswer> Destination::run_program(const std::string& program,
                                              std::vector<std::string> arguments,
                                              std::chrono::seconds limit) const {
  ScriptAnswer answer;
  ProcessOptions options;
  options.program = program;
  options.arguments = std::move(arguments);
  options.output = "/dev/null";
  options.time_limit = limit;
  options.is_cancelled = is_cancelled;
  options.on_output = [&](std::string_view text) {
    answer.output +=
        text.substr(0, kMaxOutputBytes - std::min<uint64_t>(kMaxOutputBytes, answer.output.size()));
  };
  TESSERA_TRY(const ProcessEnd end, run_process(options));
  switch (end.how) {
    case ProcessEnd::How::exited: answer.code = end.code; return answer;
    case ProcessEnd::How::cancelled:
      return TESSERA_ERROR(kCancelled, name(), "stopped", "run the same command again");
    case ProcessEnd::How::signalled:
    case ProcessEnd::How::timed_out: break;
  }
  return TESSERA_ERROR(kUnavailable, name(), fmt::format("{} there: {}", program, to_string(end)),
                       "look at what that machine does");
}

Result<ScriptAnswer> Destination::run(const std::string& script, std::chrono::seconds limit) const {
  if (!is_remote()) return run_program("sh", {"-c", script}, limit);
  TESSERA_TRY(ScriptAnswer answer, run_program("ssh",
                                               {"-o", "BatchMode=yes", "-o", "ConnectTimeout=15",
                                                "--", host_, "exec sh -c " + single_quoted(script)},
                                               limit));
  if (answer.code == kSshFailed) {
    return TESSERA_ERROR(kUnavailable, host_,
                         fmt::format("cannot be reached by ssh: {}", last_line(answer.output)),
                         fmt::format("'ssh {} true' must work without a question", host_));
  }
  return answer;
}

Result<void> Destination::copy(const fs::path& from, const std::string& to) const {
  const std::string to_there = is_remote() ? host_ + ":" + to : to;
  const std::vector<std::string> arguments =
      is_remote() ? std::vector<std::string>{"-B", "-q", "-r", "-p", "--", from.string(), to_there}
                  : std::vector<std::string>{"-R", "-p", "--", from.string(), to_there};
  TESSERA_TRY(const ScriptAnswer answer,
              run_program(is_remote() ? "scp" : "cp", arguments, kCopyLimit));
  if (answer.code == 0) return {};
  return TESSERA_ERROR(kIo, name(),
                       fmt::format("the release could not be copied: {}", last_line(answer.output)),
                       "nothing was switched; mend that and run the same command again");
}

}  // namespace tessera
