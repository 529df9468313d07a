// Windows through a network: arrays that someone made in, arrays in the file's layout out.
//
//   TESSERA_TRY(auto batch, read_windows({{"five.npy", array}}, model, at_length));
//   TESSERA_TRY(auto run, run_windows(session, batch, model.outputs));
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "graph/window_batch.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"
#include "tessera/session.h"

namespace tessera {

// By input: how the model's file lays it out, else [1, C, T] or [1, C, H, T]. `graph` may be the
// network at another length than the model's own.
std::vector<IoLayout> input_layouts(const ImportedModel& model, const Graph& graph);

// The model at another length; null: there is none.
using ModelAtLength = std::function<Result<ImportedModel>(int64_t length)>;

// Arrays for the inputs of `model`, in their order: each one window, or a stack of them. Where the
// arrays have another length than the model has, the model becomes the one of `at_length` for
// theirs. Errors: kInvalidArgument for an array that does not fit, naming the axis and whether the
// length can be another; those of WindowBatch::create() and of `at_length`.
Result<WindowBatch> read_windows(std::vector<WindowArray> arrays, ImportedModel& model,
                                 const ModelAtLength& at_length);

// An output of every window.
struct StackedOutput {
  std::string name;
  std::vector<int64_t> dims;
  std::vector<float> values;
};
struct WindowOutputs {
  std::vector<StackedOutput> outputs;
  double seconds = 0;  // of the runs, all windows together
};
// After each window: how many are done. False stops (kCancelled).
using WindowProgress = std::function<bool(int64_t done, int64_t all)>;

// Runs one window after the other; each begins without state. Outputs lie as `layouts` say (empty:
// [1, C, T] and the like), stacked as the batch is. Errors: those of Session::run().
Result<WindowOutputs> run_windows(Session& session, const WindowBatch& batch,
                                  const std::vector<IoLayout>& layouts,
                                  const WindowProgress& progress = nullptr);

}  // namespace tessera
