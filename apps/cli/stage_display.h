// The stages of a build as they go by: the running one moves on a terminal, each leaves a line.
#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/progress.h"
#include "tessera/build.h"

namespace tessera::cli {

class StageDisplay {
 public:
  explicit StageDisplay(Console& console) : console_(console) {}

  // For build(): the display must outlive it.
  StageCallback observer();
  // Likewise.
  StageProgress progress();
  // What --json tells of the stages that ended.
  const Document& document() const { return document_; }

 private:
  void show(const StageEvent& event);

  Console& console_;
  std::unique_ptr<Progress> progress_;
  Document document_ = Document::array();
};

}  // namespace tessera::cli
