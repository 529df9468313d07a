// What rewriting did, as a table and as a document.
#pragma once

#include <string>

#include "cli/command.h"
#include "tessera/compiler/rewrite.h"

namespace tessera::cli {

struct RewriteSubject {
  std::string model;
  std::string measured_on;  // file, or "noise"
};

// One line per rule that did or declined something.
void print_rewrite(Console& console, const RewriteSubject& subject, const RewriteLog& log);
// What each rule did where, and why it declined, equal reasons together.
void show_rewrite(Console& console, const RewriteLog& log);

// The ordered list with class and reason.
void print_rules(Console& console);

}  // namespace tessera::cli
