// What lies in a shared memory at one time, and the cycles of operators that follow each other.
#include "target/memory_ledger.h"

#include <gtest/gtest.h>

#include "target/target_text.h"
#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

const std::filesystem::path kFolders[] = {TESSERA_SOURCE_DIR "/targets"};

Target target_of(const std::string& name) {
  return find_target(name, kFolders).value();
}

struct Chain {
  Graph graph;
  GraphEditor editor{graph, "test"};
  NodeId last;

  explicit Chain(Shape in) : last(editor.add(Input{in}, {}, "x").value()) {}
  NodeId add(Op op, std::string name) {
    return last = editor.add(std::move(op), {last}, name).value();
  }
  void end() { editor.add_output("y", last); }
};

Conv pointwise(int64_t out, int64_t in) {
  return {.weight = Tensor::full({out, in, 1, 1}, 1)};
}
Conv depthwise(int64_t channels, int64_t dilation) {
  Conv conv{.weight = Tensor::full({channels, 1, 1, 3}, 1), .groups = channels};
  conv.dilation.w = dilation;
  conv.padding = {0, 0, dilation, dilation};
  return conv;
}

TEST(MemoryLedger, ValuesLieThereFromTheirMakerToTheirLastReader) {
  Chain chain({64, 1, 100});
  chain.add(pointwise(128, 64), "a");
  chain.add(depthwise(128, 1), "b");
  chain.add(pointwise(32, 128), "c");
  chain.end();
  const MemoryLedger ledger = make_memory_ledger(chain.graph, target_of("ethos_u55"));
  ASSERT_EQ(ledger.lines.size(), 3u);
  EXPECT_EQ(ledger.lines[0].live_bytes, 6400 + 12800);
  EXPECT_EQ(ledger.lines[1].live_bytes, 12800 + 12800);
  EXPECT_EQ(ledger.lines[2].live_bytes, 12800 + 3200);
  EXPECT_EQ(ledger.estimated_bytes, 25600);
  EXPECT_EQ(ledger.at_least_bytes, 6400);
  EXPECT_EQ(ledger.weight_bytes, 64 * 128 + 128 * 3 + 128 * 32);
}

TEST(MemoryLedger, AValueThatIsReadAgainStays) {
  Chain chain({64, 1, 100});
  const NodeId x = chain.last;
  chain.add(pointwise(64, 64), "a");
  chain.add(depthwise(64, 1), "b");
  chain.last = chain.editor.add(Add{}, {x, chain.last}, "sum").value();
  chain.end();
  const MemoryLedger ledger = make_memory_ledger(chain.graph, target_of("ethos_u55"));
  EXPECT_EQ(ledger.lines[1].live_bytes, 3 * 6400);
  EXPECT_EQ(ledger.lines[2].live_bytes, 3 * 6400);
}

TEST(MemoryLedger, WeightsCountWhereTheyShareTheMemory) {
  Chain chain({64, 1, 100});
  chain.add(pointwise(128, 64), "a");
  chain.end();
  EXPECT_EQ(
      make_memory_ledger(chain.graph, target_of("ethos_u55:memory=Shared_Sram")).at_least_bytes,
      12800);
  EXPECT_EQ(make_memory_ledger(chain.graph, target_of("ethos_u55:memory=Sram_Only")).at_least_bytes,
            12800 + 8192);
}

TEST(MemoryLedger, AnActivationIsNoOperatorOfItsOwnAndSlopesPerChannelAre) {
  Chain chain({64, 1, 100});
  chain.add(pointwise(128, 64), "a");
  chain.add(Unary{.kind = UnaryKind::prelu, .slope = Tensor::full({1}, 0.2F)}, "one");
  chain.add(pointwise(128, 128), "b");
  chain.add(Unary{.kind = UnaryKind::prelu, .slope = Tensor::full({128}, 0.2F)}, "many");
  chain.end();
  const MemoryLedger ledger = make_memory_ledger(chain.graph, target_of("ethos_u55"));
  ASSERT_EQ(ledger.lines.size(), 3u);
  EXPECT_EQ(chain.graph.node(ledger.lines[0].out).name, "one");
  EXPECT_EQ(chain.graph.node(ledger.lines[2].node).name, "many");
}

// Beside Vela's own figures for the same operators (Ethos-U65-512, Shared_Sram, 1000 frames).
TEST(MemoryLedger, CyclesAreVelasWithinATenth) {
  const Target target =
      target_of("ethos_u65:macs=512,system=Ethos_U65_High_End,memory=Shared_Sram");
  const auto cycles_of = [&](Op op, int64_t channels, bool curve) {
    Chain chain({channels, 1, 1000});
    chain.add(std::move(op), "a");
    if (curve) chain.add(Unary{.kind = UnaryKind::prelu, .slope = Tensor::full({1}, 0.2F)}, "p");
    chain.end();
    return make_memory_ledger(chain.graph, target).cycles;
  };
  EXPECT_NEAR(cycles_of(pointwise(512, 128), 128, true), 257472, 25000);
  EXPECT_NEAR(cycles_of(depthwise(512, 1), 512, true), 256354, 25000);
  EXPECT_NEAR(cycles_of(pointwise(128, 512), 512, false), 139104, 14000);
  // A wide dilation is a long kernel: 33 taps, of which all are computed.
  EXPECT_NEAR(cycles_of(depthwise(512, 32), 512, true), 295624.0 * 1000 / 512, 60000);
}

}  // namespace
}  // namespace tessera
