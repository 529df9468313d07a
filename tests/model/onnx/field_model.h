// Model files beside the arrays that they were run on.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/npy.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/session.h"

namespace tessera::test {

// stem + end, stem1 + end, stem2 + end, ... as far as they exist; the first may also be stem0 +
// end.
inline Result<std::vector<NpyArray>> read_arrays(const std::string& stem, const std::string& end) {
  std::vector<NpyArray> arrays;
  for (int i = 0;; ++i) {
    std::string path = stem + std::to_string(i) + end;
    if (i == 0 && !std::filesystem::exists(path)) path = stem + end;
    if (i > 0 && !std::filesystem::exists(path)) return arrays;
    TESSERA_TRY(NpyArray array, read_npy(path));
    arrays.push_back(std::move(array));
  }
}

// For the length of these inputs where the file leaves its length open.
inline Result<ImportedModel> import_for(const std::string& path,
                                        const std::vector<NpyArray>& inputs) {
  TESSERA_TRY(ImportedModel model, import_model(path));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape& shape = model.graph.node(model.graph.inputs()[i]).shape;
    const auto count = static_cast<int64_t>(inputs[i].values.size());
    if (count == shape.c * shape.h * shape.w || shape.w != model.length_samples) continue;
    ImportOptions options;
    options.length_samples = count / (shape.c * shape.h);
    return import_model(path, options);
  }
  return model;
}

// The reference backend's outputs in the file's layout.
inline Result<std::vector<NpyArray>> run(const ImportedModel& model,
                                         const std::vector<NpyArray>& inputs) {
  TESSERA_TRY(auto backend, make_backend("reference"));
  TESSERA_TRY(Session session, Session::create(model.graph, *backend));
  std::vector<std::vector<float>> given;
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::vector<float> values(inputs[i].values.size());
    TESSERA_TRY_VOID(to_graph_layout(model.inputs.at(i), inputs[i].values, values));
    given.push_back(std::move(values));
  }
  const std::vector<std::span<const float>> views(given.begin(), given.end());
  TESSERA_TRY(const auto outputs, session.run(views));
  std::vector<NpyArray> results;
  for (size_t i = 0; i < outputs.size(); ++i) {
    NpyArray result;
    result.dims = model.outputs.at(i).sizes();
    result.values.resize(outputs[i].size());
    TESSERA_TRY_VOID(to_file_layout(model.outputs.at(i), outputs[i], result.values));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace tessera::test
