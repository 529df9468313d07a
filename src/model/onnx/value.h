// Value: what an ONNX tensor is while reading: a constant, a graph node seen through a view, or the
// outcome of a comparison with a constant (which only Where can use).
#pragma once

#include <memory>
#include <optional>

#include "model/onnx/const_array.h"
#include "model/onnx/view.h"
#include "tessera/compiler/graph.h"

namespace tessera::onnx_import {

struct Predicate;

struct Value {
  std::shared_ptr<const ConstArray> array;
  NodeId node = kNoNode;
  View view;
  std::shared_ptr<const Predicate> predicate;

  bool absent() const { return !is_constant() && !is_tensor() && !predicate; }
  bool is_constant() const { return array != nullptr; }
  bool is_tensor() const { return node != kNoNode; }
  const ConstArray& constant() const { return *array; }
  Dims dims() const { return is_constant() ? array->dims() : dims_of(view); }
  size_t rank() const { return is_constant() ? array->rank() : view.size(); }

  static Value of(ConstArray a) {
    Value v;
    v.array = std::make_shared<const ConstArray>(std::move(a));
    return v;
  }
  static Value of(NodeId node, View view) {
    Value v;
    v.node = node;
    v.view = std::move(view);
    return v;
  }
};

// value > threshold (or < when `below`); at the threshold itself, `at_threshold`.
struct Predicate {
  Value value;
  double threshold = 0;
  bool below = false;
  bool at_threshold = false;
};

}  // namespace tessera::onnx_import
