// The rows of a batch that the file fixes: the graph computes one of them, so nothing may mix them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/onnx/op_context.h"
#include "model/onnx/value.h"

namespace tessera::onnx_import {

// Refuses an operation that `what` ("averages") says of the rows of a batch, where the dim holds
// any.
Result<void> keep_rows_apart(const OpContext& context, const ViewDim& dim, std::string_view what);

// A constant that meets a tensor laid out as `like`: where it has a dimension of the batch, its one
// row. Errors: kUnsupported where its rows differ.
Result<ConstArray> one_row(const OpContext& context, const ConstArray& array, const View& like);

// What is repeated along the batch in one part is joined, along `dim`, row by row to the rows of
// another.
void share_rows(std::vector<Value>& parts, size_t dim);

// An output has each row of the batch in its place and nothing else in its dimension.
// Errors: kUnsupported.
Result<void> check_rows(const std::string& output, const View& view, int64_t rows);

}  // namespace tessera::onnx_import
