#include <fmt/format.h>

#include "tessera/compiler/rewrite.h"

namespace tessera {

std::string rewrite_rules_markdown() {
  std::string page =
      "# Rewrites\n\n"
      "<!-- Written by `tessera rewrite --list --markdown`; a test compares it with the list in "
      "the code. "
      "-->\n\n"
      "Rules run in this order. *Exact* rules keep every output to float rounding, which property "
      "tests hold\n"
      "them to; *approximate* ones make another network, run only when named (`--enable RULE`), "
      "and print\n"
      "their measured cost. *On request* rules run when a target needs them or when named.\n\n"
      "| rule | class | runs | what it does | why it is here |\n"
      "|---|---|---|---|---|\n";
  for (const ListedRule& listed : rewrite_rules()) {
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", listed.rule->name,
                        to_string(listed.rule->exactness), to_string(listed.use),
                        listed.rule->summary, listed.reason);
  }
  return page;
}

}  // namespace tessera
