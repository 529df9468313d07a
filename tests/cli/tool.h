// Runs the built command line tool as a user would.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/scratch_folder.h"

namespace tessera {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A tool that hangs is ended by SIGALRM after so long, before ctest ends the test.
inline constexpr unsigned kToolDeadline_s = 120;

// Runs `program` with `arguments` in `folder`; standard output goes to `stdout_path` if given.
inline Outcome run_program(const std::string& program, std::vector<std::string> arguments,
                           const std::filesystem::path& folder = ".",
                           std::string stdout_path = "") {
  const ScratchFolder streams;
  const std::string out_path = stdout_path.empty() ? (streams / "out").string() : stdout_path;
  const std::string err_path = (streams / "err").string();
  const pid_t child = ::fork();
  if (child == 0) {
    const int out = ::open(out_path.c_str(), O_WRONLY | O_CREAT, 0600);
    const int err = ::open(err_path.c_str(), O_WRONLY | O_CREAT, 0600);
    const int in = ::open("/dev/null", O_RDONLY);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::alarm(kToolDeadline_s);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    ::execvp(program.c_str(), words.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (stdout_path.empty()) outcome.out = contents(out_path);
  outcome.err = contents(err_path);
  return outcome;
}

inline Outcome tessera_tool(std::vector<std::string> arguments,
                            const std::filesystem::path& folder = ".",
                            std::string stdout_path = "") {
  return run_program(TESSERA_CLI, std::move(arguments), folder, std::move(stdout_path));
}

inline const std::string kDemoModel = TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth";
inline const std::string kDemoMixture = TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav";

}  // namespace tessera
