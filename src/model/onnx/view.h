// View: how the dimensions of an ONNX tensor lie over the axes of a graph value [C, H, W].
//
// Each ONNX dimension is a product of atoms, major to minor. An atom is a factor of one axis: in a
// value of C = 2*64 channels, the source index is the atom {c, 2, stride 64} and the channel within
// a source is {c, 64, stride 1}. Transposes and reshapes change only the view, so they never enter
// the graph. A repeat atom stands for a dimension along which the same values are repeated
// (Expand). A batch atom is a repeat atom that stands for the rows of a batch: the graph computes
// one of them, and whatever would mix rows is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/onnx/const_array.h"
#include "tessera/compiler/op.h"
#include "tessera/result.h"

namespace tessera::onnx_import {

struct Atom {
  bool repeat = false;
  Axis axis = Axis::c;
  int64_t size = 1;
  int64_t stride = 1;  // elements along the axis; rows of the batch
  bool batch = false;
  friend bool operator==(const Atom&, const Atom&) = default;
};

// Major to minor; neighbours that form one run of an axis are one atom. Size 1 has no atoms.
struct ViewDim {
  std::vector<Atom> atoms;
  std::optional<Axis> hint;  // for a dim of size 1: the axis it stood for before it was reduced

  int64_t size() const;
  bool on(Axis axis) const;  // some atom lies on the axis
  bool real() const;         // some atom is not a repeat
  bool has_batch() const;    // some atom counts rows of the batch
  friend bool operator==(const ViewDim& a, const ViewDim& b) { return a.atoms == b.atoms; }
};

using View = std::vector<ViewDim>;

Dims dims_of(const View& view);
std::string to_string(const View& view);

int64_t extent(const Shape& shape, Axis axis);

// The dim that spans a whole axis (no atoms when the axis has one element).
ViewDim whole(const Shape& shape, Axis axis);
// True when the dim is exactly the whole axis in order; a dim of size 1 is whole where the axis has
// one element.
bool is_whole(const ViewDim& dim, const Shape& shape, Axis axis);
// The axis a dim wholly covers; nothing for a dim of size 1.
std::optional<Axis> whole_axis(const ViewDim& dim, const Shape& shape);

// Other dims of equal product over the same elements in row-major order. nothing when a dim would
// cut an atom at a place that is not a factor of it.
std::optional<View> reshaped(const View& view, std::span<const int64_t> dims);

// All atoms of all dims in order, neighbours joined.
std::vector<Atom> flattened(const View& view);
std::vector<Atom> joined(std::span<const Atom> atoms);

// The dim that spans the rows of a batch.
ViewDim batch_of(int64_t rows);

// Number of dims whose real atoms lie (also) on the axis.
int dims_on(const View& view, Axis axis);

// Row-major offset in [C, H, W] of each element of the view, for laying out constants.
Dims element_strides(const Shape& shape, const std::vector<Atom>& atoms);

}  // namespace tessera::onnx_import
