// Prints what a compiler prints, line by line, told apart by the piece.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "cli/console.h"

namespace tessera::cli {

class CompilerTail {
 public:
  explicit CompilerTail(Console& console) : console_(console) {}

  // From any thread.
  void hear(const std::string& name, std::string_view text);

 private:
  Console& console_;
  std::mutex mutex_;
  std::map<std::string, std::string> rest_;
};

}  // namespace tessera::cli
