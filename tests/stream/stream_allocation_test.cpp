// StreamingSession::push() into memory of the caller allocates nothing. This binary counts what
// operator new is asked for.
#include "stream/streams.h"
#include "support/counted_new.h"

namespace tessera {
namespace {

// Of pushes of many sizes, the first among them.
int64_t allocations_of_pushes(StreamingSession& stream) {
  const std::vector<float> samples = test::noise(5000);
  std::vector<std::vector<float>> room;
  for (const Port& port : stream.outputs())
    room.emplace_back(static_cast<size_t>(port.shape.size() * 6000));
  std::vector<Values> views(room.size());
  int64_t counted = 0;
  for (const int64_t chunk : {3, 160, 1, 4000, 7}) {
    for (size_t i = 0; i < views.size(); ++i) {
      const int64_t frames = stream.frames_after(chunk, i);
      views[i] =
          Values(room[i]).first(static_cast<size_t>(frames * stream.outputs()[i].shape.size()));
    }
    const int64_t before = allocations;
    const bool pushed =
        stream.push(ConstValues(samples).first(static_cast<size_t>(chunk)), views).has_value();
    counted += allocations - before;
    EXPECT_TRUE(pushed);
  }
  return counted;
}

TEST(StreamPush, AllocatesNothing) {
  for (const NormKind norm : {NormKind::channel_wise, NormKind::cumulative, NormKind::batch}) {
    for (const bool causal : {true, false}) {
      test::ConvTasNet net = test::small_conv_tasnet(801, norm);
      net.causal = causal;
      for (const std::string_view backend : {"cpu", "reference"}) {
        auto stream = test::stream_of(test::loaded(net), backend);
        EXPECT_EQ(allocations_of_pushes(stream), 0) << backend;
      }
    }
  }
  auto demo = StreamingSession::open(TESSERA_SOURCE_DIR "/models/convtasnet_demo_causal_8k.pth");
  EXPECT_EQ(allocations_of_pushes(*demo), 0);
}

TEST(StreamPush, IsWatchedByACounterThatCounts) {
  const int64_t before = allocations;
  ::operator delete(::operator new(64));
  EXPECT_EQ(allocations - before, 1);
}

}  // namespace
}  // namespace tessera
