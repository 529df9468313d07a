#include "model/onnx/batch_rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::onnx_import {

Result<void> keep_rows_apart(const OpContext& context, const ViewDim& dim, std::string_view what) {
  if (!dim.has_batch()) return {};
  return context.unsupported(
      fmt::format("{} the rows of a batch", what),
      "a network exported for a fixed batch is read where its rows do not meet; export it with a "
      "batch of 1 or an open batch dimension");
}

Result<ConstArray> one_row(const OpContext& context, const ConstArray& array, const View& like) {
  if (array.rank() > like.size()) return array;
  ConstArray row = array;
  const size_t missing = like.size() - array.rank();
  for (size_t i = 0; i < row.rank(); ++i) {
    const ViewDim& dim = like[i + missing];
    const int64_t rows = row.dims()[i];
    if (!dim.has_batch() || rows == 1) continue;
    if (dim.real()) {
      return context.unsupported(
          fmt::format("joins a constant of {} to a batch laid out with other dimensions as {}",
                      dims_to_string(array.dims()), to_string(like)),
          "export the network with a batch of 1 or an open batch dimension");
    }
    Dims strides = row_major_strides(row.dims());
    Dims first = strides;
    first[i] = 0;
    if (row.size() > kMaxFoldedElements && !row.is_splat())
      return TESSERA_ERROR(kResourceLimit, context.subject(), "a constant is too large", "");
    for (IndexWalk walk(row.dims(), {strides, first}); !row.is_splat() && !walk.done();
         walk.next()) {
      const double here = row.real_at(walk.offset(0));
      const double there = row.real_at(walk.offset(1));
      if (here == there || (here != here && there != there)) continue;
      return context.unsupported(
          fmt::format(
              "has a constant of {} whose rows differ along the batch: row {} holds {} where "
              "row 0 holds {}",
              dims_to_string(array.dims()), walk.coordinate(i), here, there),
          "each row of the batch is another network; export it with a batch of 1");
    }
    Result<ConstArray> cut = slice(row, i, 0, 1, 1);
    if (!cut) return context.located(std::move(cut).error());
    row = std::move(*cut);
  }
  return row;
}

void share_rows(std::vector<Value>& parts, size_t dim) {
  for (size_t i = 0; i < parts[0].view.size(); ++i) {
    const auto rows = std::find_if(parts.begin(), parts.end(), [i](const Value& part) {
      return part.view[i].has_batch() && !part.view[i].real();
    });
    if (i == dim || rows == parts.end()) continue;
    const ViewDim batch = rows->view[i];
    for (Value& part : parts) {
      const ViewDim& own = part.view[i];
      if (!own.real() && !own.has_batch() && own.size() == batch.size()) part.view[i] = batch;
    }
  }
}

Result<void> check_rows(const std::string& output, const View& view, int64_t rows) {
  for (const ViewDim& dim : view) {
    if (!dim.has_batch() || dim == batch_of(rows)) continue;
    return TESSERA_ERROR(
        kUnsupported, fmt::format("output '{}'", output),
        fmt::format("lays the rows of a batch of {} out as {}", rows, to_string(view)),
        "export the network with a batch of 1 or an open batch dimension");
  }
  return {};
}

}  // namespace tessera::onnx_import
