#include "cli/compiler_tail.h"

#include <fmt/format.h>

#include "cli/table.h"

namespace tessera::cli {
namespace {

constexpr size_t kMaxLineBytes = 4096;

}  // namespace

void CompilerTail::hear(const std::string& name, std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::string& rest = rest_[name];
  rest += text;
  for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
    console_.note(fmt::format("{}: {}", name, printable_line(rest.substr(0, end))));
    rest.erase(0, end + 1);
  }
  if (rest.size() > kMaxLineBytes) rest.clear();
}

}  // namespace tessera::cli
