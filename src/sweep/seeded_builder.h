// Puts a seeded network together, layer by layer.
#pragma once

#include <string>
#include <vector>

#include "sweep/parameters.h"
#include "sweep/seeded_weights.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// What the parameters say, with their defaults.
struct SeededSizes {
  explicit SeededSizes(const Parameters& parameters);

  int64_t samples, width, filters, bottleneck, hidden, skip, blocks, repeats, sources, truncate;
  int64_t dilation, kernel, stride, padding, crop, seed;
  bool affine;  // norms have a scale and an offset

  int64_t depth() const;  // blocks that there are
  int64_t representation() const { return sources * filters; }
};

// The first error stays, and every later call does nothing.
class SeededBuilder {
 public:
  explicit SeededBuilder(const SeededSizes& sizes) : sizes_(sizes) {}

  NodeId input(int64_t channels, int64_t width);
  struct Form {
    int64_t kernel = 1;
    int64_t stride = 1;
    int64_t dilation = 1;
    int64_t padding = 0;
    int64_t groups = 1;
    bool bias = true;
    WeightForm weights = WeightForm::random;
  };
  NodeId conv(NodeId x, int64_t out, const Form& form, const std::string& name);
  // A convolution with these weights.
  NodeId conv(NodeId x, Tensor weight, Tensor bias, const Form& form, const std::string& name);
  NodeId norm(NodeId x, const std::string& name);
  NodeId relu(NodeId x, const std::string& name);
  NodeId sigmoid(NodeId x, const std::string& name);
  NodeId add(NodeId a, NodeId b, const std::string& name);
  NodeId multiply(NodeId a, NodeId b, const std::string& name);
  NodeId concat(std::vector<NodeId> values, const std::string& name);

  // The modules.
  NodeId encoder(NodeId wave);
  NodeId bottleneck(NodeId representation);
  struct Block {
    NodeId residual = kNoNode;
    NodeId skip = kNoNode;
  };
  Block block(NodeId x, int64_t index, int64_t dilation, bool residual, bool skip);
  NodeId mask_head(NodeId x);
  NodeId masker(NodeId representation);
  NodeId projector(NodeId representation);
  NodeId decoder(NodeId masked, const std::string& form);

  Result<Graph> finish(std::string output, NodeId node);

 private:
  NodeId append(Op op, std::vector<NodeId> inputs, const std::string& name);
  bool fits(int64_t weights);
  int64_t channels(NodeId id) const { return graph_.node(id).shape.c; }

  const SeededSizes& sizes_;
  Graph graph_;
  GraphEditor editor_{graph_, "import"};
  Result<void> failed_;
  int64_t weights_ = 0;
};

}  // namespace tessera
