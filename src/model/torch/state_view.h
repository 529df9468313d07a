// StateView: a state dict as a network's builder asks for it, name by name, with every disagreement
// reported.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/torch/checkpoint.h"
#include "tessera/result.h"

namespace tessera {

class StateView {
 public:
  // Sees the tensors whose name starts with `prefix`, without it. `checkpoint` must outlive the
  // view.
  StateView(const Checkpoint& checkpoint, std::string_view prefix);

  bool has(std::string_view name) const { return find(name) != nullptr; }
  const NamedTensor* find(std::string_view name) const;
  // Size of dimension `axis` of a tensor, 0 when it is absent or has fewer dimensions.
  int64_t dim(std::string_view name, size_t axis) const;

  // The tensor under its expected shape. A missing one is remembered for finish() and gives an
  // absent Tensor. Error: kInvalidModel naming tensor, expected and found shape.
  Result<Tensor> take(const std::string& name, const std::vector<int64_t>& dims);
  // The same, when absence is fine.
  Result<Tensor> take_optional(const std::string& name, const std::vector<int64_t>& dims);
  // Marks a tensor as accounted for.
  void skip(const std::string& name) { used_.insert(name); }

  // Error: kInvalidModel listing keys missing and keys nobody took.
  Result<void> finish() const;

 private:
  std::map<std::string, const NamedTensor*, std::less<>> tensors_;
  std::set<std::string, std::less<>> used_;
  std::vector<std::string> missing_;
};

// Removes path segments that only wrappers add (DataParallel's "module", torch.compile's
// "_orig_mod"). Error: kInvalidModel when two tensors end up with one name.
Result<void> strip_wrapper_segments(Checkpoint& checkpoint);

// Every prefix ("", "model.") under which `anchor` occurs, in the order found.
std::vector<std::string> prefixes_of(const Checkpoint& checkpoint, std::string_view anchor);

}  // namespace tessera
