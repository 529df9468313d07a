#include "support/graph_text.h"

#include <string>

#include <fmt/format.h>

#include "tessera/compiler/graph.h"

namespace tessera::test {
namespace {

// A node's line with its name and origin, any other line as it is. What stands behind the shape
// comes behind the origin.
std::string whole_line(std::string_view line) {
  const size_t label = line.find('%');
  const size_t arrow = line.find("->");
  if (label != 0 || arrow == std::string_view::npos) return std::string(line);
  const size_t end = line.find(']', arrow) + 1;
  return fmt::format(R"({} "{}" from "" by "test"{})", line.substr(0, end),
                     line.substr(1, line.find(' ') - 1), line.substr(end));
}

}  // namespace

Graph graph_of(std::string_view lines, GraphForm form) {
  std::string text = fmt::format("tessera-graph 1\nstage {}\n", to_string(form));
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    text += whole_line(line) + '\n';
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  if (text.find("\nweights\n") == std::string::npos) text += "weights\n";
  return parse_graph(text, "test").value();
}

const Node& node_of(const Graph& graph, std::string_view name) {
  const NodeId id = graph.find(std::string(name));
  TESSERA_CHECK(id != kNoNode, name);
  return graph.node(id);
}

}  // namespace tessera::test
