#include "vendor/hailo/hef/hef.h"

#include <gtest/gtest.h>

#include "support/hef_builder.h"
#include "vendor/hailo/hef/hef_checks.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera {
namespace {

using test::EdgeLayer;
using test::HefParts;
using test::Wire;

Hef read(const HefParts& parts, uint32_t version = 2) {
  auto hef = read_hef(test::hef_file(version, parts));
  EXPECT_TRUE(hef);
  return std::move(hef).value();
}

// A file of one network whose streams these are.
HefParts with_streams(const std::vector<Wire>& streams) {
  HefParts parts = test::small_hef();
  const Wire group = Wire()
                         .message(1, test::network_metadata("net"))
                         .message(3, test::context_of(0, Wire(), streams));
  parts.description = Wire()
                          .message(1, test::description_header())
                          .message(2, group)
                          .message(5, test::extension(26, "Periph"));
  return parts;
}

TEST(Hef, ReadsTheNetworkItsStreamsAndItsWeights) {
  const Hef hef = read(test::small_hef());
  EXPECT_TRUE(hef.intact());
  EXPECT_EQ(hef_arch_name(hef.arch), "HAILO8P");
  EXPECT_EQ(hef.sdk_version, "3.33.0");
  EXPECT_EQ(hef.timestamp_ms, 1726770697807U);
  ASSERT_EQ(hef.extensions.size(), 2U);
  EXPECT_TRUE(hef.extensions[1].optional);
  ASSERT_EQ(hef.groups.size(), 1U);
  EXPECT_EQ(hef.groups[0].name, "net");
  ASSERT_EQ(hef.groups[0].cores.size(), 1U);
  const HefCoreOp& core = hef.groups[0].cores[0];
  EXPECT_EQ(core.bottleneck_fps, 1000.0);
  EXPECT_EQ(core.latency_seconds, 0.002);
  EXPECT_EQ(core.preliminary.weight_bytes, 16U);
  EXPECT_EQ(core.weight_bytes(), 64U);
  ASSERT_EQ(core.contexts.size(), 1U);
  ASSERT_EQ(core.contexts[0].streams.size(), 2U);
  const HefStream& in = core.contexts[0].streams[0];
  EXPECT_TRUE(in.to_device);
  EXPECT_EQ(in.name, "net/input_layer1");
  EXPECT_EQ(in.shape.width, 100U);
  EXPECT_EQ(in.padded.width, 104U);
  EXPECT_EQ(in.bytes_per_buffer, 936U);
  EXPECT_EQ(hef_order_name(in.format), "NHCW");
  ASSERT_TRUE(in.quantization);
  EXPECT_EQ(in.quantization->scale, 0.5F);
  EXPECT_EQ(in.quantization->zero_point, 3.0F);
  EXPECT_EQ(in.original_names, std::vector<std::string>{"/conv/Conv"});
  EXPECT_FALSE(core.contexts[0].streams[1].to_device);
}

TEST(Hef, ReadsANetworkInsideAnOperationAndWhatTheHostDoes) {
  const Wire core = Wire()
                        .message(1, test::network_metadata("yolo"))
                        .message(3, test::context_of(0, Wire(), {test::edge_layer({})}));
  const Wire nms = Wire().real(1, 0.2).real(2, 0.7).number(3, 100).number(4, 80).message(
      12, Wire().real(1, 640).real(2, 480));
  const Wire group = Wire()
                         .message(8, Wire().text(1, "core").message(4, core))
                         .message(8, Wire()
                                         .text(1, "nms")
                                         .message(2, Wire().number(1, 3).text(2, "boxes"))
                                         .message(5, nms))
                         .message(8, Wire().text(1, "end").message(6, Wire().number(1, 1)))
                         .text(10, "yolo_group");
  HefParts parts;
  parts.description = Wire().message(1, test::description_header()).message(2, group);
  const Hef hef = read(parts);
  EXPECT_TRUE(hef.intact());
  const HefGroup& found = hef.groups.at(0);
  EXPECT_TRUE(found.net_flow);
  EXPECT_EQ(found.name, "yolo_group");
  ASSERT_EQ(found.cores.size(), 1U);
  EXPECT_EQ(found.cores[0].name, "yolo");
  ASSERT_EQ(found.host_ops.size(), 2U);
  EXPECT_EQ(found.host_ops[0].kind, "YOLOv8 NMS");
  EXPECT_EQ(found.host_ops[0].settings.at("score_threshold"), 0.2);
  EXPECT_EQ(found.host_ops[0].settings.at("classes"), 80.0);
  EXPECT_EQ(found.host_ops[0].settings.at("image_height"), 640.0);
  EXPECT_EQ(found.host_ops[0].inputs, std::vector<std::string>{"boxes"});
  EXPECT_EQ(found.host_ops[1].kind, "softmax");
}

// Hailo-8L: the same network for each part of the chip, in either place.
TEST(Hef, ReadsNetworksForPartsOfTheChip) {
  const Wire inner = Wire()
                         .message(1, test::network_metadata("part"))
                         .message(3, test::context_of(0, Wire(), {test::edge_layer({})}));
  const Wire partial = Wire().message(1, inner).message(2, Wire().number(1, 0b1111));
  const Wire legacy = Wire().message(1, test::network_metadata("shell")).message(7, partial);
  const Wire core = Wire().message(1, test::network_metadata("shell")).message(7, partial);
  const Wire flow = Wire().message(8, Wire().message(4, core));
  HefParts parts;
  parts.description =
      Wire().message(1, test::description_header(3)).message(2, legacy).message(2, flow);
  const Hef hef = read(parts);
  EXPECT_TRUE(hef.intact());
  ASSERT_EQ(hef.groups.size(), 2U);
  for (const HefGroup& group : hef.groups) {
    ASSERT_EQ(group.cores.size(), 1U);
    EXPECT_EQ(group.cores[0].name, "part");
    EXPECT_EQ(group.cores[0].clusters, uint64_t{0b1111});
    EXPECT_EQ(group.cores[0].contexts.size(), 1U);
  }
}

TEST(Hef, ReadsContextsConnectionsAndCountsTheirUnits) {
  EdgeLayer between;
  between.connection = 1;
  const Wire sequencer =
      Wire().number(1, 4).number(3, 0b11).number(4, uint64_t{0xff} << 40).number(6, 0b101);
  const Wire lcu = Wire().number(1, 2).number(2, 4);
  const Wire operation = Wire()
                             .message(2, Wire().number(1, 1).message(5, sequencer))
                             .message(2, Wire().number(1, 2).message(8, lcu));
  const Wire group = Wire()
                         .message(1, test::network_metadata("net"))
                         .message(3, test::context_of(0, operation, {test::edge_layer(between)}))
                         .message(3, test::context_of(1, Wire(), {}));
  HefParts parts;
  parts.description = Wire().message(1, test::description_header()).message(2, group);
  const Hef hef = read(parts);
  const HefCoreOp& core = hef.groups.at(0).cores.at(0);
  ASSERT_EQ(core.contexts.size(), 2U);
  EXPECT_EQ(core.contexts[1].name, "context_1");
  EXPECT_EQ(core.contexts[0].streams.at(0).connection, HefConnection::between_contexts);
  const HefConfig::Units& units = core.contexts[0].config.clusters.at(4);
  EXPECT_EQ(units.sc, 8U);
  EXPECT_EQ(units.apu, 2U);
  EXPECT_EQ(units.aligners, 2U);
  EXPECT_EQ(units.lcu, 1U);
}

TEST(Hef, ReadsWhatAMuxJoinsAndPlanes) {
  const auto part = [](const std::string& name) { return Wire().message(1, Wire().text(1, name)); };
  const Wire mux = Wire().text(1, "mux").message(5, part("a")).message(5, part("b"));
  const Wire planes =
      Wire().text(1, "nv12").message(3, part("y")).message(3, part("uv")).number(4, 480);
  const Hef hef = read(with_streams({Wire().message(4, mux), Wire().message(8, planes)}));
  const auto& streams = hef.groups.at(0).cores.at(0).contexts.at(0).streams;
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].kind, HefStreamKind::mux);
  EXPECT_EQ(streams[0].parts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(streams[1].kind, HefStreamKind::planes);
  EXPECT_EQ(streams[1].parts, (std::vector<std::string>{"y", "uv"}));
  EXPECT_EQ(streams[1].shape.height, 480U);
}

// Muxes within muxes without end, as only a hostile file has them.
TEST(Hef, MuxesWithinMuxesAreReadToABoundedDepth) {
  Wire inner = Wire().text(1, "deep");
  for (int i = 0; i < 2000; ++i) inner = Wire().text(1, "mux").message(5, Wire().message(2, inner));
  const Hef hef = read(with_streams({Wire().message(4, inner)}));
  EXPECT_EQ(hef.groups.at(0).cores.at(0).contexts.at(0).streams.size(), 1U);
}

TEST(Hef, WeightsBeyondTheirSectionAreDamage) {
  HefParts parts = test::small_hef();
  parts.weights.resize(20);  // 64 are asked for
  const Hef hef = read(parts);
  ASSERT_EQ(hef.damage.listed().size(), 1U);
  EXPECT_NE(hef.damage.listed()[0].what.find("weights 16 .. 64"), std::string::npos);
}

TEST(Hef, VersionZeroKeepsWeightsInItsActions) {
  const Wire action = Wire().number(1, 1).message(3, Wire().text(1, std::string(40, 'w')));
  const Wire group = Wire()
                         .message(1, test::network_metadata("net"))
                         .message(3, test::context_of(0, Wire().message(2, action), {}));
  HefParts parts;
  parts.description = Wire().message(1, test::description_header()).message(2, group);
  EXPECT_EQ(read(parts, 0).groups.at(0).cores.at(0).weight_bytes(), 40U);
}

// --- what HailoRT would answer --------------------------------------------------------------

std::vector<int> statuses(const Hef& hef) {
  std::vector<int> found;
  for (const HefObjection& objection : hef_objections(hef)) found.push_back(objection.status);
  return found;
}

TEST(HefObjections, AnIntactFileHasNone) {
  EXPECT_TRUE(statuses(read(test::small_hef())).empty());
}

TEST(HefObjections, FollowTheChecksOfTheRuntime) {
  EdgeLayer index, buffers, scales, name;
  index.sys_index = 256;
  buffers.height = 70000;
  scales.scales = {0.5, 0.5};
  name.name = std::string(128, 'n');
  EXPECT_EQ(statuses(read(with_streams({test::edge_layer(index)}))), std::vector{26});
  EXPECT_EQ(statuses(read(with_streams({test::edge_layer(buffers)}))), std::vector{26});
  EXPECT_EQ(statuses(read(with_streams({test::edge_layer(scales)}))), std::vector{26});
  EXPECT_EQ(statuses(read(with_streams({test::edge_layer(name)}))), std::vector{8});

  HefParts old = test::small_hef();
  old.description = Wire().message(1, test::description_header());
  EXPECT_EQ(statuses(read(old)), std::vector{92});
  HefParts future = test::small_hef();
  future.description.message(5, test::extension(77, "New"));
  EXPECT_EQ(statuses(read(future)), std::vector{92});

  auto bytes = test::hef_file(2, test::small_hef());
  bytes.pop_back();
  EXPECT_EQ(statuses(read_hef(bytes).value()), std::vector{91});
  bytes.resize(200);  // what is not there is not missed by name
  EXPECT_EQ(statuses(read_hef(bytes).value()), std::vector{91});
}

TEST(HefObjections, ScalesThatDifferWithinAnInputAreRefused) {
  EdgeLayer in;
  in.features = 2;
  in.scales = {0.5, 0.25};
  EXPECT_EQ(statuses(read(with_streams({test::edge_layer(in)}))), std::vector{26});
  in.to_device = false;
  EXPECT_TRUE(statuses(read(with_streams({test::edge_layer(in)}))).empty());
}

}  // namespace
}  // namespace tessera
