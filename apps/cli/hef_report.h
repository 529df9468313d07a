// A HEF for people and as a document.
#pragma once

#include <string>

#include "cli/command.h"
#include "vendor/hailo/hef/hef.h"

namespace tessera::cli {

struct HefReportOptions {
  bool layers = false;  // also the table of physical layers
  bool edges = false;   // and of the buffers between them
  bool rules = false;   // and of what the compiler checked
};

// The verdict first.
void print_hef(const std::string& name, const Hef& hef, const HefReportOptions& options,
               Console& console);

Document hef_document(const Hef& hef);
Document damage_document(const DamageLog& damage);

// What a command ends with whose file is damaged: all that could be read has been said.
Error damaged_file(const std::string& name, const DamageLog& damage);

}  // namespace tessera::cli
