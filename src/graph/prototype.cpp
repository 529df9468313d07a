#include "graph/prototype.h"

#include <map>
#include <string>

namespace tessera {
namespace {

using Prototypes = std::map<std::string, Op, std::less<>>;

// Adds an op in each of its kinds, the last of which is given.
template <typename T, typename Kind>
void add_kinds(Prototypes& prototypes, Kind T::*kind, Kind last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    T op;
    op.*kind = static_cast<Kind>(i);
    prototypes.emplace(op_name(op), op);
  }
}

Prototypes all_prototypes() {
  Prototypes prototypes;
  for (const Op& op : {Op(Input{}), Op(Constant{}), Op(Conv{}), Op(ConvTranspose{}), Op(Affine{}),
                       Op(Add{}), Op(Mul{}), Op(Concat{}), Op(Slice{}), Op(Gemm{}),
                       Op(CumulativeSum{}), Op(OverlapAdd{}), Op(ScaleShift{})})
    prototypes.emplace(op_name(op), op);
  add_kinds(prototypes, &Norm::kind, NormKind::batch);
  add_kinds(prototypes, &Unary::kind, UnaryKind::erf);
  add_kinds(prototypes, &Softmax::over, SoftmaxOver::time);
  add_kinds(prototypes, &Binary::kind, BinaryKind::pow);
  add_kinds(prototypes, &Pad::mode, PadMode::edge);
  add_kinds(prototypes, &Pool::kind, PoolKind::max);
  add_kinds(prototypes, &GlobalPool::kind, PoolKind::max);
  add_kinds(prototypes, &Reduce::kind, ReduceKind::min);
  add_kinds(prototypes, &NormStatistics::kind, NormKind::cumulative);
  return prototypes;
}

}  // namespace

std::optional<Op> op_prototype(std::string_view name) {
  static const Prototypes prototypes = all_prototypes();
  const auto found = prototypes.find(name);
  if (found == prototypes.end()) return std::nullopt;
  return found->second;
}

}  // namespace tessera
