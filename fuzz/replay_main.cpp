// Runs a fuzz harness without libFuzzer: once over every file given, and over the files of every
// folder given; then, with --seconds, over what mutation makes of them. Fails when a path is
// missing, when there was nothing to replay, or when something was found.
//
//   NAME_fuzzer [--seconds N [--seed N] [--max-len BYTES] [--finding FILE]] PATH...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "hunt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using tessera::InputBytes;

bool read(const std::filesystem::path& path, std::vector<InputBytes>& inputs) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return true;
}

// In the order of their names, so that a seed gives the same inputs everywhere.
bool read_all(const std::filesystem::path& path, std::vector<InputBytes>& inputs) {
  if (!std::filesystem::is_directory(path)) return read(path, inputs);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return std::all_of(files.begin(), files.end(),
                     [&](const auto& file) { return read(file, inputs); });
}

// False for what is no option.
bool take_option(std::string_view name, const char* value, tessera::HuntOptions& options) {
  if (name == "--finding") {
    options.finding = value;
    return true;
  }
  const int64_t number = std::atoll(value);
  if (name == "--seconds") options.seconds = static_cast<int>(number);
  if (name == "--seed") options.seed = static_cast<uint64_t>(number);
  if (name == "--max-len") options.most_bytes = static_cast<size_t>(number);
  return name == "--seconds" || name == "--seed" || name == "--max-len";
}

}  // namespace

int main(int argc, char** argv) {
  tessera::HuntOptions options;
  std::vector<InputBytes> inputs;
  for (int i = 1; i < argc; ++i) {
    if (i + 1 < argc && take_option(argv[i], argv[i + 1], options)) {
      ++i;
    } else if (!read_all(argv[i], inputs)) {
      return 1;
    }
  }
  for (const InputBytes& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
  std::printf("%zu inputs replayed\n", inputs.size());
  if (inputs.empty()) return 1;
  return options.seconds == 0 || tessera::hunt(std::move(inputs), options) ? 0 : 1;
}
