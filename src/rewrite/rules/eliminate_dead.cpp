#include <fmt/format.h>

#include "base/counted.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool eliminate_dead_concerns(const Graph& graph, NodeId node) {
  return graph.users(node).empty() && !graph.is_output(node) &&
         graph.get_if<Input>(node) == nullptr;
}

Result<Outcome> apply_eliminate_dead(GraphEditor& editor, NodeId, const RewriteParameters&) {
  const std::vector<std::string> names = editor.remove_dead();
  return Outcome{Changed{
      fmt::format("removed with the {} only it needed", counted(names.size() - 1, "node"))}};
}

}  // namespace

constinit const Rule eliminate_dead{
    "eliminate_dead", "Removes nodes that no output needs, and reports each by name and work.",
    Exactness::exact, eliminate_dead_concerns, apply_eliminate_dead};

}  // namespace tessera::rules
