#include "model/onnx/needed_nodes.h"

#include <algorithm>

namespace tessera::onnx_import {
namespace {

void collect_names(const ProtoNodes& nodes, std::unordered_set<std::string>& names, int depth) {
  if (depth > kMaxDepth) return;
  for (const auto& node : nodes) {
    names.insert(node.input().begin(), node.input().end());
    for (const auto& a : node.attribute()) {
      if (!a.has_g()) continue;
      for (const auto& output : a.g().output()) names.insert(output.name());
      collect_names(a.g().node(), names, depth + 1);
    }
  }
}

}  // namespace

std::vector<const onnx::NodeProto*> needed_nodes(const ProtoNodes& nodes,
                                                 std::unordered_set<std::string> names) {
  std::vector<const onnx::NodeProto*> needed;
  for (int i = nodes.size(); i-- > 0;) {
    const onnx::NodeProto& node = nodes.Get(i);
    if (std::none_of(node.output().begin(), node.output().end(),
                     [&](const std::string& o) { return names.contains(o); }))
      continue;
    needed.push_back(&node);
    names.insert(node.input().begin(), node.input().end());
    for (const auto& a : node.attribute()) {
      if (!a.has_g()) continue;
      for (const auto& output : a.g().output()) names.insert(output.name());
      collect_names(a.g().node(), names, 0);
    }
  }
  std::reverse(needed.begin(), needed.end());
  return needed;
}

std::unordered_set<std::string> names_read(const onnx::GraphProto& graph) {
  std::unordered_set<std::string> names;
  for (const auto& output : graph.output()) names.insert(output.name());
  for (const onnx::NodeProto* node : needed_nodes(graph.node(), names)) {
    names.insert(node->input().begin(), node->input().end());
    for (const auto& a : node->attribute()) {
      if (!a.has_g()) continue;
      for (const auto& output : a.g().output()) names.insert(output.name());
      collect_names(a.g().node(), names, 0);
    }
  }
  return names;
}

}  // namespace tessera::onnx_import
