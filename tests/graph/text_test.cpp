#include "tessera/compiler/graph.h"

#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "graph/prototype.h"
#include "support/random_graph.h"

namespace tessera {
namespace {

// A small network that shows every part of the format.
Graph example() {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{1, 1, 16}}, {}, "wav").value();
  const NodeId encoded = editor
                             .add(Conv{.weight = Tensor::full({2, 1, 1, 4}, 0.5F),
                                       .bias = Tensor({2}, {0.1F, -3}),
                                       .stride = {1, 2},
                                       .padding = {0, 0, 1, 0}},
                                  {x}, "encoder", "encoder.filterbank")
                             .value();
  GraphEditor rule(graph, "fold_norm");
  const NodeId normed = rule.add(Norm{.kind = NormKind::channel_wise,
                                      .gamma = Tensor({2}, {1, 2}),
                                      .beta = Tensor({2}, {1, 2}),
                                      .eps = 1e-12},
                                 {encoded}, "norm \"a\"\n", "x\\y")
                            .value();
  editor.add_output("voices", editor.add(Add{}, {encoded, normed}, "sum").value());
  editor.enter(GraphForm::imported).value();
  return graph;
}

constexpr std::string_view kExample =
    R"(tessera-graph 1
stage imported
%0 = input() shape=[1,1,16] -> [1,1,16] "wav" from "" by "import"
%1 = conv(%0) weight=@HASH1[2,1,1,4] bias=@HASH2[2] stride=[1,2] padding=[0,0,1,0] -> [2,1,7] "encoder" from "encoder.filterbank" by "import"
%2 = norm.channel_wise(%1) gamma=@HASH3[2] beta=@HASH3.2[2] eps=1e-12 -> [2,1,7] "norm \"a\"\x0a" from "x\\y" by "fold_norm"
%3 = add(%1, %2) -> [2,1,7] "sum" from "" by "import"
output "voices" = %3
weights
@HASH1 8 full 0.5
@HASH2 2 values 0.1 -3
@HASH3 2 values 1 2
@HASH3.2 2 values 1 2
)";

// Hashes become HASH1, HASH2, ... in order of appearance.
std::string with_plain_hashes(std::string text) {
  for (int number = 1;; ++number) {
    size_t at = text.find('@');
    while (at != std::string::npos && text.compare(at, 5, "@HASH") == 0)
      at = text.find('@', at + 1);
    if (at == std::string::npos) return text;
    const std::string hash = text.substr(at, 17);
    for (size_t i = text.find(hash); i != std::string::npos; i = text.find(hash, i))
      text.replace(i, hash.size(), "@HASH" + std::to_string(number));
  }
}

TEST(PrintGraph, WritesOneReadableLinePerNode) {
  EXPECT_EQ(with_plain_hashes(print_graph(example())), kExample);
}

TEST(OpPrototype, ExistsForEveryOpAndOnlyForOps) {
  std::set<size_t> alternatives;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const Graph graph = test::random_graph(seed, {.rewritten = true});
    for (NodeId id : graph.order()) {
      const Op& op = graph.node(id).op;
      alternatives.insert(op.index());
      const std::optional<Op> prototype = op_prototype(op_name(op));
      ASSERT_TRUE(prototype.has_value()) << op_name(op);
      EXPECT_EQ(op_name(*prototype), op_name(op));
    }
  }
  EXPECT_EQ(alternatives.size(), kOpKinds);
  EXPECT_FALSE(op_prototype("norm").has_value());
  EXPECT_FALSE(op_prototype("").has_value());
}

TEST(PrintGraph, LeavesWeightsOutOnDemand) {
  const std::string text = print_graph(example(), {.weights = false});
  EXPECT_EQ(text.find("weights"), std::string::npos);
  EXPECT_NE(text.find("weight=@"), std::string::npos);
}

// Every bit: structure, names, origins, fields and weights, and which weights share storage.
void expect_identical(const Graph& a, const Graph& b) {
  const std::vector<NodeId> order_a = a.order();
  const std::vector<NodeId> order_b = b.order();
  ASSERT_EQ(order_a.size(), order_b.size());
  std::vector<int32_t> position(static_cast<size_t>(a.id_limit()), -1);
  for (size_t i = 0; i < order_a.size(); ++i) {
    const Node& node_a = a.node(order_a[i]);
    const Node& node_b = b.node(order_b[i]);
    position[static_cast<size_t>(index_of(order_a[i]))] = static_cast<int32_t>(i);
    EXPECT_EQ(node_a.name, node_b.name);
    EXPECT_EQ(node_a.origin.source, node_b.origin.source);
    EXPECT_EQ(node_a.origin.rule, node_b.origin.rule);
    EXPECT_EQ(node_a.shape, node_b.shape);
    ASSERT_EQ(op_name(node_a.op), op_name(node_b.op));
    ASSERT_EQ(node_a.inputs.size(), node_b.inputs.size());
    for (size_t j = 0; j < node_a.inputs.size(); ++j) {
      EXPECT_EQ(position[static_cast<size_t>(index_of(node_a.inputs[j]))],
                index_of(node_b.inputs[j]));
    }
    const auto weights_a = weights_of(node_a.op);
    const auto weights_b = weights_of(node_b.op);
    ASSERT_EQ(weights_a.size(), weights_b.size());
    for (size_t j = 0; j < weights_a.size(); ++j) {
      EXPECT_EQ(weights_a[j].name, weights_b[j].name);
      EXPECT_TRUE(*weights_a[j].tensor == *weights_b[j].tensor);
    }
  }
  EXPECT_EQ(a.form(), b.form());
  ASSERT_EQ(a.outputs().size(), b.outputs().size());
  for (size_t i = 0; i < a.outputs().size(); ++i)
    EXPECT_EQ(a.outputs()[i].name, b.outputs()[i].name);
}

TEST(ParseGraph, RestoresTheGraphThatWasPrinted) {
  const Graph graph = example();
  expect_identical(graph, parse_graph(print_graph(graph)).value());
}

TEST(ParseGraph, TakesWhatTheFormatDescriptionShows) {
  expect_identical(example(), parse_graph(kExample).value());
}

TEST(ParseGraph, RestoresRandomGraphsOfEveryOp) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    const Graph graph = test::random_graph(seed, {.rewritten = seed % 2 == 1});
    const std::string text = print_graph(graph);
    const Result<Graph> parsed = parse_graph(text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    expect_identical(graph, *parsed);
    ASSERT_EQ(print_graph(*parsed), text) << "seed " << seed;
  }
}

TEST(ParseGraph, RestoresRandomConvTasNets) {
  for (uint32_t seed = 0; seed < 30; ++seed) {
    const Graph graph = test::random_conv_tasnet(seed);
    const std::string text = print_graph(graph);
    const Graph parsed = parse_graph(text).value();
    expect_identical(graph, parsed);
    ASSERT_EQ(print_graph(parsed), text);
  }
}

TEST(ParseGraph, RestoresWeightsBitForBit) {
  const float strange[] = {0.0F,
                           -0.0F,
                           std::numeric_limits<float>::denorm_min(),
                           std::numeric_limits<float>::max(),
                           1.0F / 3,
                           std::numeric_limits<float>::infinity(),
                           std::bit_cast<float>(0x7FC12345U),
                           std::bit_cast<float>(0xFF800001U)};
  for (size_t count = 1; count <= 8; ++count) {
    Graph graph;
    GraphEditor editor(graph, "import");
    const auto channels = static_cast<int64_t>(count);
    const NodeId x = editor.add(Input{{channels, 1, 1}}, {}).value();
    const Affine affine{Tensor({channels}, {strange, strange + count}),
                        Tensor::full({channels}, -0.0F)};
    editor.add_output("out", editor.add(affine, {x}).value());
    expect_identical(graph, parse_graph(print_graph(graph)).value());
  }
}

TEST(ParseGraph, RestoresRealAttributesBitForBit) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{1, 1, 1}}, {}).value();
  const double infinity = std::numeric_limits<double>::infinity();
  const NodeId y =
      editor.add(Unary{.kind = UnaryKind::clip, .alpha = -infinity, .beta = 1.0 / 3}, {x}).value();
  editor.add_output("out", y);
  const Graph parsed = parse_graph(print_graph(graph)).value();
  const auto* clip = parsed.get_if<Unary>(parsed.outputs()[0].node);
  EXPECT_EQ(clip->alpha, -infinity);
  EXPECT_EQ(clip->beta, 1.0 / 3);
}

TEST(ParseGraph, RestoresWhichWeightsShareStorage) {
  const Tensor shared({4}, {1, 2, 3, 4});
  const Tensor equal({4}, {1, 2, 3, 4});
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{4, 1, 1}}, {}).value();
  const NodeId a = editor.add(Affine{shared, equal}, {x}, "a").value();
  editor.add_output("out", editor.add(Gemm{shared.reshaped({1, 4})}, {a}, "b").value());
  const Graph parsed = parse_graph(print_graph(graph)).value();
  const auto* affine = parsed.get_if<Affine>(parsed.find("a"));
  const auto* gemm = parsed.get_if<Gemm>(parsed.find("b"));
  EXPECT_TRUE(affine->scale.same_storage(gemm->weight));
  EXPECT_FALSE(affine->scale.same_storage(affine->bias));
}

TEST(ParseGraph, SkipsCommentsAndEmptyLinesAndTakesAnyLabels) {
  const Graph graph = parse_graph(R"(# before
tessera-graph 1
stage importing

%x = input() shape=[4,1,8] -> [4,1,8] "x" from "" by "import"
  # a comment
%scaled=affine( %x )  scale=@s[4] bias=@zero[4]  ->[4,1,8] "y" from "" by "import"
output "out" = %scaled
weights
@zero 4 full 0
@s 4 values 1 2 3 4
)")
                          .value();
  EXPECT_EQ(graph.get_if<Affine>(graph.find("y"))->scale[3], 4);
}

// Errors: the text up to the last line given is right; the message starts with its position.
std::string error_of(std::string_view lines, const GraphTextLimits& limits = {}) {
  const Result<Graph> graph = parse_graph(lines, "net.graph", limits);
  return graph ? "no error" : graph.error().to_string();
}
const std::string kStart =
    "tessera-graph 1\nstage importing\n"
    "%0 = input() shape=[4,1,8] -> [4,1,8] \"x\" from \"\" by \"import\"\n";
std::string node_error(const std::string& line, const std::string& weights = "") {
  return error_of(kStart + line + "\noutput \"o\" = %0\nweights\n" + weights);
}

TEST(ParseGraphErrors, AboutTheHeader) {
  EXPECT_EQ(error_of(""), "net.graph:1:1: is empty");
  EXPECT_EQ(error_of("PK\3\4"),
            "net.graph:1:1: is not a graph: expected 'tessera-graph 1' (print_graph() writes "
            "graphs as text)");
  EXPECT_EQ(error_of("tessera-graph 2\n"), "net.graph:1:16: another version of graph text than 1");
  EXPECT_EQ(error_of("tessera-graph 1\n%0"), "net.graph:2:1: expected 'stage'");
  EXPECT_EQ(error_of("tessera-graph 1\nstage cooked\n"), "net.graph:2:13: unknown stage 'cooked'");
}

TEST(ParseGraphErrors, AboutOperations) {
  EXPECT_EQ(node_error("%1 = gru(%0) -> [4,1,8]"), "net.graph:4:6: unknown operation 'gru'");
  EXPECT_EQ(node_error("%1 = norm(%0) -> [4,1,8]"), "net.graph:4:6: unknown operation 'norm'");
  EXPECT_EQ(node_error("hello"),
            "net.graph:4:1: expected a node ('%'), 'output', 'basis' or 'weights'");
  EXPECT_EQ(node_error("%0 = add(%0, %0) -> [4,1,8]"), "net.graph:4:1: label '%0' is given twice");
}

TEST(PrintGraph, SaysWhichValuesAreInAnotherBasis) {
  Graph graph = example();
  GraphEditor editor(graph, "rule");
  ASSERT_TRUE(editor.record_basis({Tensor({2, 2}, {1, 2, 0, 4}), {"encoder", "a \"b\""}}));
  const std::string text = print_graph(graph);
  EXPECT_NE(text.find("[2,2] \"encoder\" \"a \\\"b\\\"\"\nweights\n"), std::string::npos) << text;
  const Result<Graph> parsed = parse_graph(text);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(print_graph(*parsed), text);
  ASSERT_NE(parsed->basis_of("encoder"), nullptr);
  EXPECT_EQ(*parsed->basis_of("encoder"), *graph.basis_of("a \"b\""));
  EXPECT_EQ(parsed->basis_of("sum"), nullptr);
}

TEST(ParseGraphErrors, AboutBases) {
  const std::string weights = "@m 4 values 1 0 0 1\n@v 2 full 1\n";
  EXPECT_EQ(node_error("basis @v[2] \"x\"", weights),
            "net.graph:4:7: basis: [2] is no square matrix");
  EXPECT_EQ(node_error("basis @m[2,2]", weights),
            "net.graph:4:14: expected a value's name in double quotes");
  EXPECT_EQ(node_error("basis @m[2,2] \"x\"\nbasis @m[2,2] \"y\" \"x\"", weights),
            "net.graph:5:7: basis of 'x': was changed before");
}

TEST(ParseGraphErrors, AboutOperands) {
  EXPECT_EQ(node_error("%1 = unary.relu(%7) -> [4,1,8]"),
            "net.graph:4:17: '%7' is not defined above");
  EXPECT_EQ(node_error("%1 = unary.relu(%1) -> [4,1,8]"),
            "net.graph:4:17: '%1' is not defined above");
  EXPECT_EQ(node_error("%1 = unary.relu(x) -> [4,1,8]"),
            "net.graph:4:17: expected an operand: '%' and a label");
  EXPECT_EQ(node_error("%1 = unary.relu(%0 -> [4,1,8]"), "net.graph:4:20: expected ')'");
}

TEST(ParseGraphErrors, AboutFields) {
  EXPECT_EQ(node_error("%1 = unary.relu(%0) colour=3 -> [4,1,8]"),
            "net.graph:4:21: unary.relu has no field 'colour'");
  EXPECT_EQ(node_error("%1 = slice(%0) begin=x -> [4,1,8]"), "net.graph:4:22: expected an integer");
  EXPECT_EQ(node_error("%1 = slice(%0) begin=99999999999999999999 -> [4,1,8]"),
            "net.graph:4:22: an integer is out of range");
  EXPECT_EQ(node_error("%1 = slice(%0) begin=1 begin=2 -> [4,1,8]"),
            "net.graph:4:24: field 'begin' is given twice");
  EXPECT_EQ(node_error("%1 = slice(%0) axis=t -> [4,1,8]"),
            "net.graph:4:21: expected an axis: c, h or w");
  EXPECT_EQ(node_error("%1 = reduce.sum(%0) over_c=1 -> [4,1,8]"),
            "net.graph:4:28: expected true or false");
  EXPECT_EQ(node_error("%1 = pad.zero(%0) padding=[1,2] -> [4,1,8]"),
            "net.graph:4:32: expected 4 numbers");
  EXPECT_EQ(node_error("%1 = pad.zero(%0) padding=[1,2,3,4,5] -> [4,1,8]"),
            "net.graph:4:36: numbers has more than 4 numbers");
}

TEST(ParseGraphErrors, AboutShapes) {
  EXPECT_EQ(node_error("%1 = unary.relu(%0) -> [4,1,9] \"y\" from \"\" by \"import\""),
            "net.graph:4:1: states shape [4,1,9], its operands give [4,1,8]");
  EXPECT_EQ(node_error("%1 = slice(%0) end=9 -> [4,1,9] \"y\" from \"\" by \"import\""),
            "net.graph:4:1: node 'y' (slice): slice 0:9:1 along w does not lie inside 8 elements");
}

TEST(ParseGraphErrors, AboutNames) {
  EXPECT_EQ(node_error("%1 = unary.relu(%0) -> [4,1,8] \"x\" from \"\" by \"import\""),
            "net.graph:4:1: node name 'x' is empty or taken");
  EXPECT_EQ(node_error("%1 = unary.relu(%0) -> [4,1,8] \"y"),
            "net.graph:4:34: the node's name has no closing quote");
  EXPECT_EQ(node_error("%1 = unary.relu(%0) -> [4,1,8] \"\\q\" from \"\" by \"import\""),
            "net.graph:4:34: unknown escape; there are \\\\, \\\" and \\x with two hexadecimal "
            "digits");
  EXPECT_EQ(node_error("%1 = unary.relu(%0) -> [4,1,8] \"y\" from \"\" by \"import\" x"),
            "net.graph:4:56: expected the end of the line");
}

TEST(ParseGraphErrors, AboutWeights) {
  const std::string node =
      "%1 = affine(%0) scale=@a[4] bias=@a[4] -> [4,1,8] \"y\" from \"\" by \"\"";
  EXPECT_EQ(node_error(node),
            "net.graph:4:23: weight '@a' is not in this text (a graph printed without its weights "
            "is for reading only)");
  EXPECT_EQ(node_error(node, "@a 3 full 0\n"),
            "net.graph:4:23: dimensions [4] do not hold the 3 values of '@a'");
  EXPECT_EQ(node_error(node, "@a 4 full 0\n@a 4 full 0\n"),
            "net.graph:8:1: weight '@a' is given twice");
  EXPECT_EQ(node_error(node, "@a 0 full 0\n"), "net.graph:7:5: a weight has at least one value");
  EXPECT_EQ(node_error(node, "@a 4 values 1 2 3\n"),
            "net.graph:7:18: expected a space and the next value");
  EXPECT_EQ(node_error(node, "@a 4 values 1 2 3 4 5\n"),
            "net.graph:7:21: expected the end of the line");
  EXPECT_EQ(node_error(node, "@a 4 zip 1\n"),
            "net.graph:7:6: expected 'full', 'values' or 'base64' and values");
  EXPECT_EQ(node_error(node, "@a 4 base64 AA=A\n"), "net.graph:7:13: not base64");
  EXPECT_EQ(node_error(node, "@a 4 base64 AAAA\n"),
            "net.graph:7:13: base64 holds 3 bytes, 4 values need 16");
  EXPECT_EQ(node_error(node, "@a 99999 full 0\n"),
            "net.graph:7:15: 'full' holds at most 65536 values");
}

TEST(ParseGraphErrors, AboutOutputs) {
  EXPECT_EQ(error_of(kStart), "net.graph: graph: has no output");
  EXPECT_EQ(error_of(kStart + "output out = %0\n"),
            "net.graph:4:8: expected the output's name in double quotes");
  EXPECT_EQ(error_of(kStart + "output \"out\" = %4\n"),
            "net.graph:4:16: '%4' is not defined above");
}

TEST(ParseGraphErrors, AboutLimits) {
  EXPECT_EQ(error_of(kStart + "%1 = add(%0, %0) -> [4,1,8] \"y\" from \"\" by \"\"", {.nodes = 1}),
            "net.graph:4:1: more than 1 nodes");
  EXPECT_EQ(error_of(kStart + "weights\n@a 4 full 0\n@b 5 full 0\n", {.weight_values = 8}),
            "net.graph:6:5: the weights have too many values (raise the limit if the text is "
            "trusted)");
}

// Whether the text is a graph, which then prints and parses to itself; else the error names a
// place.
bool is_graph_or_refused(const std::string& text) {
  const Result<Graph> graph = parse_graph(text, "net.graph");
  if (!graph) {
    EXPECT_TRUE(graph.error().subject.starts_with("net.graph")) << graph.error().to_string();
    EXPECT_NE(graph.error().message, "");
    return false;
  }
  const std::string printed = print_graph(*graph);
  const Result<Graph> again = parse_graph(printed);
  EXPECT_TRUE(again && print_graph(*again) == printed) << printed;
  return true;
}

TEST(ParseGraph, RefusesEveryPrefixAndParsesOrRefusesEveryChangeOfAByte) {
  const std::string text = print_graph(example());
  for (size_t i = 0; i + 1 < text.size(); ++i)
    EXPECT_FALSE(is_graph_or_refused(text.substr(0, i))) << i;
  int64_t parsed = 0;
  int64_t refused = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    for (char c : {'\0', '9', '-', '%', ']', '"', '\n', '\xFF'}) {
      std::string changed = text;
      changed[i] = c;
      ++(is_graph_or_refused(changed) ? parsed : refused);
    }
  }
  EXPECT_GT(parsed, 0);
  EXPECT_GT(refused, parsed);
}

}  // namespace
}  // namespace tessera
