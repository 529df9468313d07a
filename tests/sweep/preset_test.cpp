// Presets are data: each is read, and its networks are those behind the recorded compiles.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sweep/case_network.h"
#include "sweep_fixture.h"

namespace tessera::test {
namespace {

using Json = nlohmann::ordered_json;

// One operator as the records have it; an activation belongs to the convolution before it.
std::vector<std::string> operators_of(const Graph& graph) {
  std::vector<std::string> list;
  for (int32_t i = 0; i < graph.id_limit(); ++i) {
    const Node& node = graph.node(NodeId{i});
    if (node.removed || std::holds_alternative<Input>(node.op)) continue;
    const Shape in = graph.operand_shapes(node.id)[0];
    const auto* unary = std::get_if<Unary>(&node.op);
    if (unary != nullptr) {
      const bool fused = graph.get_if<Conv>(node.inputs[0]) != nullptr;
      if (fused) {
        list.back() += " " + std::string(to_string(unary->kind));
      } else {
        list.push_back(fmt::format("{} {}->{} {}>{}", to_string(unary->kind), in.c, node.shape.c,
                                   in.w, node.shape.w));
      }
      continue;
    }
    std::string op = "add";
    int64_t kernel = 1, dilation = 1, stride = 1, groups = 1, cin = in.c;
    bool bias = false;
    if (const auto* conv = std::get_if<Conv>(&node.op)) {
      op = conv->groups > 1 ? "dw" : "conv";
      kernel = conv->weight.dim(3), dilation = conv->dilation.w, stride = conv->stride.w;
      groups = conv->groups, bias = !conv->bias.empty();
    } else if (const auto* deconv = std::get_if<ConvTranspose>(&node.op)) {
      op = "deconv";
      kernel = deconv->weight.dim(3), stride = deconv->stride.w, groups = deconv->groups;
      bias = !deconv->bias.empty();
    } else if (std::holds_alternative<Mul>(node.op)) {
      op = "mul";
    } else if (std::holds_alternative<Concat>(node.op)) {
      op = "concat";
      cin = in.c * static_cast<int64_t>(node.inputs.size());
    }
    list.push_back(fmt::format("{} {}->{} k{} d{} s{} g{} {}>{}{}", op, cin, node.shape.c, kernel,
                               dilation, stride, groups, in.w, node.shape.w, bias ? " b" : ""));
  }
  return list;
}

std::vector<std::string> recorded_operators(const Json& ops) {
  std::vector<std::string> list;
  for (const Json& one : ops) {
    const std::string op = one["op"];
    const auto number = [&](const char* key) { return one.value(key, int64_t{1}); };
    if (op == "sigmoid") {
      list.push_back(fmt::format("{} {}->{} {}>{}", op, number("cin"), number("cout"),
                                 number("win"), number("wout")));
      continue;
    }
    const bool bias = one.contains("bias") && one["bias"].is_boolean() && one["bias"].get<bool>();
    std::string text =
        fmt::format("{} {}->{} k{} d{} s{} g{} {}>{}{}", op, number("cin"), number("cout"),
                    number("k"), number("d"), number("s"), number("groups"), number("win"),
                    number("wout"), bias ? " b" : "");
    if (one.contains("act") && one["act"].is_string()) text += " " + one["act"].get<std::string>();
    list.push_back(text);
  }
  return list;
}

struct Recorded {
  std::string preset;
  std::string profile;
  std::string prefix;  // of the record's name before the case's
};

TEST(Preset, EveryOneIsReadAndEveryNetworkOfItIsMade) {
  const std::vector<std::filesystem::path> folders = {std::filesystem::path(TESSERA_SOURCE_DIR) /
                                                      "presets"};
  const std::vector<SweepFile> files = list_sweeps(folders);
  EXPECT_EQ(files.size(), 15U);
  for (const SweepFile& file : files) {
    const auto definition = read_sweep(file.path);
    ASSERT_TRUE(definition) << definition.error().to_string();
    EXPECT_EQ(definition->name, file.name);
    for (const SweepCase& one : definition->cases) {
      const auto network = case_network(one.parameters, {});
      EXPECT_TRUE(network) << file.name << ": " << one.name << ": "
                           << (network ? "" : network.error().to_string());
    }
  }
}

TEST(Preset, NetworksAreThoseOfTheRecordedCompilesOperatorByOperator) {
  const Json records = Json::parse(
      text_of(std::filesystem::path(TESSERA_SOURCE_DIR) / "tests/data/outcomes_graphs.json"));
  const std::vector<Recorded> presets = {
      {"modules", "", "modgate/"},
      {"calib-match", "", "calibmatch/"},
      {"smallest-full", "", ""},
      {"fine", "", ""},
      {"micro", "", ""},
      {"allocator-fixes", "full", ""},
      {"masker-fixes", "full", ""},
      {"stage7", "", ""},
      {"monolithic", "extended", ""},
      {"stages", "", ""},
  };
  std::set<std::string> compared;
  for (const Recorded& one : presets) {
    const SweepDefinition definition = preset(one.preset).selected(one.profile, "").value();
    for (const SweepCase& which : definition.cases) {
      const auto found = records.find(one.prefix + which.name);
      if (found == records.end()) continue;
      EXPECT_EQ(operators_of(case_network(which.parameters, {}).value()),
                recorded_operators((*found)["ops"]))
          << one.preset << ": " << which.name;
      compared.insert(found.key());
    }
  }
  EXPECT_EQ(compared.size(), 111U);
}

TEST(Preset, TopologiesAreThoseOfTheRecordedCompiles) {
  const Json records = Json::parse(
      text_of(std::filesystem::path(TESSERA_SOURCE_DIR) / "tests/data/outcomes_graphs.json"));
  const SweepDefinition definition =
      preset("topology").selected("quick", "project_bypass*").value();
  const std::map<std::string, std::string> names = {
      {"project_bypass_grouped_k1", "feb17_project_bypass_grouped_deconv"},
      {"project_bypass_ungrouped_blockdiag_k1", "feb17_project_bypass_ungrouped_blockdiag"},
      {"project_bypass_reduced_128_k1", "feb17_project_bypass_reduced_deconv_128"},
      {"project_bypass_reduced_64_k1", "feb17_project_bypass_reduced_deconv_64"},
      {"project_bypass_conv1x1_head_k1", "feb17_project_bypass_conv1x1_head"}};
  ASSERT_EQ(definition.cases.size(), names.size());
  for (const SweepCase& one : definition.cases) {
    EXPECT_EQ(operators_of(case_network(one.parameters, {}).value()),
              recorded_operators(records[names.at(one.name)]["ops"]))
        << one.name;
  }
}

TEST(Preset, APartialLayerHasTheWeightsOfTheWholeOne) {
  const auto parameters = [](const char* text) {
    return parse_sweep(std::string("name = \"x\"\n[[case]]\nname = \"x\"\nn_filters = 128\n"
                                   "hid_chan = 128\nbn_chan = 64\nskip_chan = 64\nwidth = 8\n") +
                           text,
                       "x")
        .value()
        .cases[0]
        .parameters;
  };
  const Graph whole = case_network(parameters("network = \"masker\""), {}).value();
  const Graph part =
      case_network(parameters("network = \"partial\"\nof = \"mask_head\"\nout_block = 2\n"
                              "block_chan = 32\nn_src = 2\nin_block = 1"),
                   {})
          .value();
  const auto& weight = whole.get_if<Conv>(whole.find("mask_head"))->weight;
  const auto& block = part.get_if<Conv>(part.find("mask_head"))->weight;
  ASSERT_EQ(block.dims(), (std::vector<int64_t>{32, 32, 1, 1}));
  for (int64_t o = 0; o < 32; ++o) {
    for (int64_t i = 0; i < 32; ++i) ASSERT_EQ(block[o * 32 + i], weight[(64 + o) * 64 + 32 + i]);
  }
  EXPECT_TRUE(part.get_if<Conv>(part.find("mask_head"))->bias.empty());
}

}  // namespace
}  // namespace tessera::test
