#include "model/onnx/view.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::onnx_import {

int64_t ViewDim::size() const {
  int64_t size = 1;
  for (const Atom& atom : atoms) size *= atom.size;
  return size;
}

bool ViewDim::on(Axis axis) const {
  return std::any_of(atoms.begin(), atoms.end(),
                     [axis](const Atom& a) { return !a.repeat && a.axis == axis; });
}

bool ViewDim::real() const {
  return std::any_of(atoms.begin(), atoms.end(), [](const Atom& a) { return !a.repeat; });
}

bool ViewDim::has_batch() const {
  return std::any_of(atoms.begin(), atoms.end(), [](const Atom& a) { return a.batch; });
}

ViewDim batch_of(int64_t rows) {
  ViewDim dim;
  if (rows > 1) dim.atoms.push_back({true, Axis::c, rows, 1, true});
  return dim;
}

Dims dims_of(const View& view) {
  Dims dims;
  for (const ViewDim& dim : view) dims.push_back(dim.size());
  return dims;
}

std::string to_string(const View& view) {
  std::string text = "[";
  for (size_t i = 0; i < view.size(); ++i) {
    if (i > 0) text += ", ";
    if (view[i].atoms.empty()) text += "1";
    for (size_t k = 0; k < view[i].atoms.size(); ++k) {
      const Atom& atom = view[i].atoms[k];
      if (k > 0) text += "*";
      text += fmt::format("{}:{}",
                          atom.batch    ? "batch"
                          : atom.repeat ? "repeat"
                                        : to_string(atom.axis),
                          atom.size);
    }
  }
  return text + "]";
}

int64_t extent(const Shape& shape, Axis axis) {
  return axis == Axis::c ? shape.c : axis == Axis::h ? shape.h : shape.w;
}

ViewDim whole(const Shape& shape, Axis axis) {
  ViewDim dim;
  dim.hint = axis;
  if (extent(shape, axis) > 1) dim.atoms.push_back({false, axis, extent(shape, axis), 1});
  return dim;
}

bool is_whole(const ViewDim& dim, const Shape& shape, Axis axis) {
  return dim.atoms == whole(shape, axis).atoms;
}

std::optional<Axis> whole_axis(const ViewDim& dim, const Shape& shape) {
  if (dim.atoms.size() != 1 || dim.atoms[0].repeat) return std::nullopt;
  const Axis axis = dim.atoms[0].axis;
  if (!is_whole(dim, shape, axis)) return std::nullopt;
  return axis;
}

std::vector<Atom> joined(std::span<const Atom> atoms) {
  std::vector<Atom> result;
  for (const Atom& atom : atoms) {
    if (atom.size == 1) continue;
    if (!result.empty()) {
      Atom& last = result.back();
      if (last.repeat && atom.repeat && !last.batch && !atom.batch) {
        last.size *= atom.size;
        continue;
      }
      if (last.repeat == atom.repeat && last.batch == atom.batch && last.axis == atom.axis &&
          last.stride == atom.size * atom.stride) {
        last.size *= atom.size;
        last.stride = atom.stride;
        continue;
      }
    }
    result.push_back(atom);
  }
  return result;
}

std::vector<Atom> flattened(const View& view) {
  std::vector<Atom> atoms;
  for (const ViewDim& dim : view) atoms.insert(atoms.end(), dim.atoms.begin(), dim.atoms.end());
  return joined(atoms);
}

std::optional<View> reshaped(const View& view, std::span<const int64_t> dims) {
  std::vector<Atom> atoms = flattened(view);
  View result;
  size_t at = 0;
  for (int64_t dim : dims) {
    ViewDim out;
    int64_t wanted = dim;
    while (wanted > 1) {
      if (at == atoms.size()) return std::nullopt;
      Atom& atom = atoms[at];
      if (wanted % atom.size == 0) {
        wanted /= atom.size;
        out.atoms.push_back(atom);
        ++at;
      } else if (atom.size % wanted == 0) {
        Atom major = atom;
        major.size = wanted;
        major.stride = atom.stride * (atom.size / wanted);
        out.atoms.push_back(major);
        atom.size /= wanted;
        wanted = 1;
      } else {
        return std::nullopt;
      }
    }
    out.atoms = joined(out.atoms);
    result.push_back(std::move(out));
  }
  if (at != atoms.size()) return std::nullopt;

  // A dim of size 1 that keeps its place between the same neighbours keeps its hint.
  if (result.size() == view.size()) {
    for (size_t i = 0; i < view.size(); ++i) {
      if (result[i].atoms.empty()) result[i].hint = view[i].hint;
    }
  }
  return result;
}

int dims_on(const View& view, Axis axis) {
  return static_cast<int>(
      std::count_if(view.begin(), view.end(), [axis](const ViewDim& d) { return d.on(axis); }));
}

Dims element_strides(const Shape& shape, const std::vector<Atom>& atoms) {
  const int64_t axis_stride[] = {shape.h * shape.w, shape.w, 1};
  Dims strides;
  for (const Atom& atom : atoms)
    strides.push_back(atom.repeat ? 0 : axis_stride[static_cast<size_t>(atom.axis)] * atom.stride);
  return strides;
}

}  // namespace tessera::onnx_import
