// Any bytes as a package: as they are; as a zip that its maker gave the digest of a package, so
// that what lies behind the digest is reached; and as the plan of an honest package, whose network
// is then made from it.
#include <cstdint>
#include <string_view>

#include "base/hash.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "rewrite/legalize.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace {

using namespace tessera;

void open(std::vector<uint8_t> bytes) {
  const auto package = Package::from_bytes(std::move(bytes), "fuzz");
  if (package) (void)package->network().has_value();
}

std::vector<uint8_t> with_digest(std::vector<uint8_t> zip) {
  constexpr std::string_view kLabel = "tessera package xxh3-128 ";
  zip[zip.size() - 2] = static_cast<uint8_t>(kLabel.size() + 32);
  zip[zip.size() - 1] = 0;
  zip.insert(zip.end(), kLabel.begin(), kLabel.end());
  const std::string digest = content_hash(zip);
  zip.insert(zip.end(), digest.begin(), digest.end());
  return zip;
}

// A dilated convolution, a global norm and a pointwise convolution, over 400 frames.
Graph network() {
  Graph graph;
  GraphEditor editor(graph, "import");
  Conv dilated;
  dilated.weight = Tensor::full({8, 1, 1, 3}, 0.5F);
  dilated.dilation = {1, 4};
  dilated.padding = {0, 0, 4, 4};
  Norm norm;
  norm.gamma = norm.beta = Tensor::full({8}, 1);
  Conv pointwise;
  pointwise.weight = Tensor::full({2, 8, 1, 1}, 0.5F);
  const NodeId input = *editor.add(Input{{1, 1, 400}}, {}, "x");
  const NodeId wide = *editor.add(dilated, {input}, "dilated");
  const NodeId normed = *editor.add(norm, {wide}, "norm");
  editor.add_output("y", *editor.add(pointwise, {normed}, "pointwise"));
  return graph;
}

struct Honest {
  PackageManifest manifest;
  std::vector<PackageContent> contents;  // all but the plan
};

Honest honest_package() {
  Graph graph = network();
  Honest honest;
  honest.manifest.model.files = {{"net.onnx", "model/net.onnx"}};
  honest.manifest.model.length_samples = 400;
  honest.manifest.target = "generic";
  honest.contents.push_back({"model/net.onnx", "model", *export_onnx(graph)});
  (void)legalize(graph, {}).has_value();
  const std::string legal = entries::legal_text(graph);
  honest.contents.push_back({"graph/legal.txt", "graph", {legal.begin(), legal.end()}});
  honest.contents.push_back(
      {"target/generic.toml", "target",
       read_file(TESSERA_SOURCE_DIR "/targets/generic.toml", uint64_t{1} << 20).value()});
  return honest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Honest honest = honest_package();
  const std::vector<uint8_t> bytes(data, data + size);
  open(bytes);
  if (size > 22) open(with_digest(bytes));
  std::vector<PackageContent> contents = honest.contents;
  contents.push_back({"plan.json", "plan", bytes});
  open(*write_package(honest.manifest, contents));
  return 0;
}
