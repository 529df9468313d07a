#include "evidence/runs/find_run.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "evidence/runs/run_folder.h"

namespace tessera {

namespace fs = std::filesystem;

Result<fs::path> find_run(const fs::path& root, const std::string& word) {
  constexpr size_t kShown = 5;
  if (!word.empty() && is_run_folder(word)) return fs::path(word);
  std::vector<std::string> fitting;
  std::error_code failed;
  for (fs::directory_iterator at(root, failed), end; !failed && at != end; at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (word.empty() || name.starts_with('.') || !name.starts_with(word) ||
        !is_run_folder(at->path()))
      continue;
    if (name == word) return at->path();
    fitting.push_back(std::move(name));
  }
  if (fitting.size() == 1) return root / fitting.front();
  if (fitting.empty()) {
    return TESSERA_ERROR(kNotFound, word,
                         fmt::format("is no run in {} and no folder of one", root.string()),
                         "'tessera runs ls' lists the runs; one elsewhere is given by its path");
  }
  std::sort(fitting.begin(), fitting.end());
  const size_t count = fitting.size();
  fitting.resize(std::min(count, kShown));
  return TESSERA_ERROR(kInvalidArgument, word,
                       fmt::format("{} runs begin so: {}{}", count, fmt::join(fitting, ", "),
                                   count > kShown ? ", ..." : ""),
                       "give more of the name");
}

}  // namespace tessera
