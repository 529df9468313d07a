// The operations of docs/onnx.md from the table that files are read by, so that neither lags
// behind.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "model/onnx/model_file.h"
#include "model/onnx/op_families.h"
#include "tessera/compiler/import.h"

namespace tessera {
namespace {

// Names that share a condition, in the table's order.
std::vector<std::pair<std::string_view, std::string>> rows_of(const onnx_import::OpFamily& family) {
  std::vector<std::pair<std::string_view, std::string>> rows;
  for (const onnx_import::OpEntry& entry : family.ops) {
    auto row = rows.begin();
    while (row != rows.end() && row->first != entry.condition) ++row;
    if (row == rows.end()) row = rows.insert(rows.end(), {entry.condition, ""});
    if (!row->second.empty()) row->second += ", ";
    row->second += entry.name;
  }
  return rows;
}

}  // namespace

std::vector<OnnxOperation> onnx_operations() {
  std::vector<OnnxOperation> list;
  for (const onnx_import::OpFamily& family : onnx_import::op_families()) {
    for (const onnx_import::OpEntry& entry : family.ops)
      list.push_back({family.title, entry.name, entry.condition});
  }
  return list;
}

std::string onnx_operations_markdown() {
  std::string text = fmt::format(
      "Opsets {} to {}; an operation that a later one has not changed is read there too.\n\n"
      "| family | operations | what of them |\n|---|---|---|\n",
      onnx_import::kMinOpset, onnx_import::kTestedOpset);
  for (const onnx_import::OpFamily& family : onnx_import::op_families()) {
    for (const auto& [condition, names] : rows_of(family))
      text += fmt::format("| {} | {} | {} |\n", family.title, names,
                          condition.empty() ? "all" : condition);
  }
  return text;
}

}  // namespace tessera
