#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "base/descriptor.h"
#include "base/system_error.h"

extern char** environ;

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Words and environment as exec takes them, made before the fork: after it, nothing may allocate.
class ExecWords {
 public:
  ExecWords(const fs::path& program, const ProcessOptions& options) {
    texts_.push_back(program.string());
    for (const std::string& argument : options.arguments) texts_.push_back(argument);
    const size_t words = texts_.size();
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text(*entry);
      if (!options.environment.contains(std::string(text.substr(0, text.find('='))))) {
        texts_.emplace_back(text);
      }
    }
    for (const auto& [key, value] : options.environment) texts_.push_back(key + "=" + value);
    for (size_t i = 0; i < texts_.size(); ++i) {
      (i < words ? arguments_ : environment_).push_back(texts_[i].data());
    }
    arguments_.push_back(nullptr);
    environment_.push_back(nullptr);
  }

  char* const* arguments() { return arguments_.data(); }
  char* const* environment() { return environment_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> arguments_, environment_;
};

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error(errno, "a pipe", "open");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// In the child: signals as a fresh program expects them.
void reset_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGCHLD})
    ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The child's side: never returns. What fails is told as errno through `told`.
[[noreturn]] void become(ExecWords& words, const char* folder, int output, int told) {
  ::setpgid(0, 0);
  reset_signals();
  const int null = ::open("/dev/null", O_RDONLY);
  const bool ready = null >= 0 && ::dup2(null, 0) == 0 && ::dup2(output, 1) == 1 &&
                     ::dup2(output, 2) == 2 && (folder[0] == '\0' || ::chdir(folder) == 0);
  if (ready) ::execve(words.arguments()[0], words.arguments(), words.environment());
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(told, &error, sizeof(error));
  ::_exit(127);
}

class RunningProcess {
 public:
  RunningProcess(const ProcessOptions& options, pid_t child, Descriptor output)
      : options_(options), child_(child), output_(std::move(output)) {}
  ~RunningProcess() {
    if (!is_reaped_) end_group();
  }

  Result<ProcessEnd> wait(const Descriptor& log) {
    while (is_open_) {
      request_end();
      TESSERA_TRY_VOID(read_output(log));
      reap(WNOHANG);
      // What is left behind by a program that ended holds the output open: it is not waited for.
      if (is_reaped_ && !has_output(200)) break;
    }
    while (!is_reaped_) {
      request_end();
      reap(WNOHANG);
      if (!is_reaped_) ::usleep(20000);
    }
    ::kill(-child_, SIGKILL);
    end_.seconds = elapsed();
    return end_;
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  // Time limit and cancellation: first the request, later its enforcement.
  void request_end() {
    if (is_reaped_) return;
    const auto now = Clock::now();
    if (!asked_) {
      const bool late = options_.time_limit && now - begin_ >= *options_.time_limit;
      const bool cancelled = options_.is_cancelled && options_.is_cancelled();
      if (!late && !cancelled) return;
      end_.how = late ? ProcessEnd::How::timed_out : ProcessEnd::How::cancelled;
      asked_ = now;
      ::kill(-child_, SIGTERM);
    } else if (!killed_ && now - *asked_ >= options_.grace) {
      killed_ = true;
      ::kill(-child_, SIGKILL);
    }
  }

  bool has_output(int wait_ms) const {
    pollfd one{output_.get(), POLLIN, 0};
    return ::poll(&one, 1, wait_ms) > 0;
  }

  Result<void> read_output(const Descriptor& log) {
    if (!has_output(100)) return {};
    std::array<char, size_t{16} << 10> block;
    const ssize_t n = ::read(output_.get(), block.data(), block.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (n < 0) return system_error(errno, options_.program, "read the output of");
    if (n == 0) {
      is_open_ = false;
      return {};
    }
    std::string_view text(block.data(), static_cast<size_t>(n));
    const uint64_t room =
        options_.output_limit_bytes - std::min(options_.output_limit_bytes, end_.output_bytes);
    end_.output_truncated = end_.output_truncated || text.size() > room;
    text = text.substr(0, static_cast<size_t>(std::min<uint64_t>(room, text.size())));
    end_.output_bytes += text.size();
    if (options_.on_output && !text.empty()) options_.on_output(text);
    while (!text.empty()) {
      const ssize_t written = ::write(log.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error(errno, options_.output.string(), "write");
      text.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }

  void reap(int flags) {
    int status = 0;
    if (is_reaped_ || ::waitpid(child_, &status, flags) != child_) return;
    is_reaped_ = true;
    end_.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (end_.how == ProcessEnd::How::exited && !WIFEXITED(status))
      end_.how = ProcessEnd::How::signalled;
  }

  void end_group() {
    ::kill(-child_, SIGKILL);
    reap(0);
  }

  const ProcessOptions& options_;
  pid_t child_;
  Descriptor output_;
  Clock::time_point begin_ = Clock::now();
  std::optional<Clock::time_point> asked_;
  bool killed_ = false;
  bool is_open_ = true;
  bool is_reaped_ = false;
  ProcessEnd end_;
};

bool is_program(const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(path, unknown) && ::access(path.c_str(), X_OK) == 0;
}

std::optional<fs::path> find_in(const std::string& name, std::string_view search) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string::npos) {
    const fs::path whole = fs::absolute(name);
    return is_program(whole) ? std::optional(whole) : std::nullopt;
  }
  while (!search.empty()) {
    const size_t end = std::min(search.find(':'), search.size());
    const fs::path path = fs::absolute(fs::path(search.substr(0, end))) / name;
    if (is_program(path)) return path;
    search.remove_prefix(std::min(search.size(), end + 1));
  }
  return std::nullopt;
}

std::string_view search_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr ? "/usr/bin:/bin" : path;
}

Error not_there(const ProcessOptions& options) {
  return TESSERA_ERROR(kNotFound, options.program, "is no program here",
                       "install it, add its folder to PATH, or give its path");
}

}  // namespace

std::string to_string(const ProcessEnd& end) {
  switch (end.how) {
    case ProcessEnd::How::exited: return fmt::format("exit code {}", end.code);
    case ProcessEnd::How::signalled: return fmt::format("signal {}", end.code);
    case ProcessEnd::How::timed_out: return fmt::format("stopped after {:.0f} s", end.seconds);
    case ProcessEnd::How::cancelled: return "cancelled";
  }
  return "?";
}

std::optional<fs::path> find_program(const std::string& name) {
  return find_in(name, search_path());
}

Result<ProcessEnd> run_process(const ProcessOptions& options) {
  const auto path = options.environment.find("PATH");
  const auto program =
      find_in(options.program,
              path == options.environment.end() ? search_path() : std::string_view(path->second));
  if (!program) return not_there(options);
  const Descriptor log(
      ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (log.get() < 0) return system_error(errno, options.output.string(), "write");
  TESSERA_TRY(Pipe output, open_pipe());
  TESSERA_TRY(Pipe told, open_pipe());
  ExecWords words(*program, options);
  const std::string folder = options.folder.string();
  const pid_t child = ::fork();
  if (child < 0) {
    return TESSERA_ERROR(kResourceLimit, options.program, "the system allows no further process",
                         "end other programs, or start fewer at once");
  }
  if (child == 0) become(words, folder.c_str(), output.write.get(), told.write.get());
  ::setpgid(child, child);  // whichever of both is first
  RunningProcess running(options, child, std::move(output.read));
  output.write = Descriptor();
  told.write = Descriptor();
  int error = 0;
  if (::read(told.read.get(), &error, sizeof(error)) == ssize_t{sizeof(error)}) {
    const bool in_folder = !folder.empty() && !fs::is_directory(options.folder);
    return system_error(error, in_folder ? folder : program->string(), "start");
  }
  return running.wait(log);
}

}  // namespace tessera
