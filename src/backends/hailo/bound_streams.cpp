#include "backends/hailo/bound_streams.h"

#include <algorithm>

#include <fmt/format.h>

#include "backends/hailo/status.h"

namespace tessera::hailort {
namespace {

// Evaluations on their way at once: one on the chip, one to it, one from it, one in hand.
constexpr size_t kMaxDepth = 4;

bool has_shape(const StreamInfo& info, const Shape& shape) {
  return info.shape.height == shape.h && info.shape.width == shape.w &&
         info.shape.features == shape.c;
}

// The stream of a port: by the name that the port had in the file the compiler read, else the only
// one, or the only one of its shape.
Result<const StreamInfo*> find_stream(const Chip& chip, const ConfiguredHef& configured,
                                      const std::vector<StreamInfo>& streams, const Port& port,
                                      const std::string& subject) {
  LayerName named{};
  if (chip.call().hef_get_vstream_name_from_original_name(
          configured.hef, configured.group_name.c_str(), port.name.c_str(), &named) == kSuccess) {
    named.name[kNameBytes - 1] = '\0';
    for (const StreamInfo& info : streams) {
      if (std::string_view(info.name) == named.name) return &info;
    }
  }
  if (streams.size() == 1) return &streams.front();
  const StreamInfo* only = nullptr;
  int64_t fitting = 0;
  for (const StreamInfo& info : streams) {
    if (!has_shape(info, port.shape)) continue;
    only = &info;
    ++fitting;
  }
  if (fitting == 1) return only;
  return TESSERA_ERROR(
      kUnsupported, subject,
      fmt::format("{} of the {} streams of its compiled file have the shape of '{}', and none its "
                  "name",
                  fitting, streams.size(), port.name),
      "compile the piece again from this package");
}

TransformParams host_order(const StreamInfo& info) {
  return {kTransformCopy, {info.format.type, kNhwc, 0}};
}

template <typename Stream>
Result<std::vector<QuantInfo>> read_quant_infos(Status (*read)(Stream, QuantInfo*, size_t*),
                                                Stream stream, const Port& port) {
  std::vector<QuantInfo> infos(static_cast<size_t>(std::max<int64_t>(port.shape.c, 1)));
  size_t count = infos.size();
  if (read(stream, infos.data(), &count) != kSuccess) count = 0;
  infos.resize(std::min(count, infos.size()));
  return infos;
}

}  // namespace

Result<std::unique_ptr<BoundStreams>> BoundStreams::bind(Chip& chip,
                                                         std::shared_ptr<ConfiguredHef> configured,
                                                         const Ports& ports,
                                                         const std::string& subject) {
  std::unique_ptr<BoundStreams> bound(new BoundStreams(chip, std::move(configured)));
  const ConfiguredHef& hef = *bound->configured_;
  if (hef.inputs.size() != ports.inputs.size() || hef.outputs.size() != ports.outputs.size()) {
    return TESSERA_ERROR(
        kUnsupported, subject,
        fmt::format("its compiled file has {} inputs and {} outputs instead of {} and {}",
                    hef.inputs.size(), hef.outputs.size(), ports.inputs.size(),
                    ports.outputs.size()),
        "compile the piece again from this package");
  }
  const std::scoped_lock lock(bound->configured_->queueing);
  if (hef.group == nullptr)
    return status_error(chip.library(), kStreamAbort, subject, "finding its streams");
  bound->queue_depth_ = kMaxDepth;
  const Functions& call = chip.call();
  const StreamCalls<InputStream, InputTransform> input_calls{
      "input",
      call.get_input_stream,
      call.get_input_stream_quant_infos,
      call.get_input_stream_frame_size,
      call.input_stream_get_async_max_queue_size,
      call.create_input_transform_context_by_stream};
  const StreamCalls<OutputStream, OutputTransform> output_calls{
      "output",
      call.get_output_stream,
      call.get_output_stream_quant_infos,
      call.get_output_stream_frame_size,
      call.output_stream_get_async_max_queue_size,
      call.create_output_transform_context_by_stream};
  for (const Port& port : ports.inputs) {
    TESSERA_TRY(const StreamInfo* info, find_stream(chip, hef, hef.inputs, port, subject));
    TESSERA_TRY(BoundInput input, bound->bind_stream(input_calls, port, *info, subject));
    bound->inputs_.push_back(std::move(input));
  }
  for (const Port& port : ports.outputs) {
    TESSERA_TRY(const StreamInfo* info, find_stream(chip, hef, hef.outputs, port, subject));
    TESSERA_TRY(BoundOutput output, bound->bind_stream(output_calls, port, *info, subject));
    bound->outputs_.push_back(std::move(output));
  }
  return bound;
}

BoundStreams::~BoundStreams() {
  for (const BoundInput& input : inputs_)
    chip_.call().release_input_transform_context(input.transform);
  for (const BoundOutput& output : outputs_)
    chip_.call().release_output_transform_context(output.transform);
}

template <typename Stream, typename Transform>
Result<BoundStreams::Bound<Stream, Transform>> BoundStreams::bind_stream(
    const StreamCalls<Stream, Transform>& calls, const Port& port, const StreamInfo& info,
    const std::string& subject) {
  Bound<Stream, Transform> bound;
  Status status = calls.open(configured_->group, info.name, &bound.stream);
  if (status != kSuccess) {
    return status_error(chip_.library(), status, subject,
                        fmt::format("opening an {} stream", calls.direction));
  }
  TESSERA_TRY(const auto quant, read_quant_infos(calls.quant_infos, bound.stream, port));
  TESSERA_TRY(integer::Coding coding, agreed_coding(port, info, quant, subject));
  bound.codes = std::make_unique<CodeFrame>(port.shape, std::move(coding));
  bound.host.resize(static_cast<size_t>(bound.codes->bytes()));
  bound.bytes = calls.frame_size(bound.stream);
  size_t depth = 1;
  if (calls.max_queue_size(bound.stream, &depth) == kSuccess)
    queue_depth_ = std::clamp<size_t>(depth, 1, queue_depth_);
  const TransformParams params = host_order(info);
  status = calls.lay_out(bound.stream, &params, &bound.transform);
  if (status == kSuccess) return bound;
  return status_error(chip_.library(), status, subject,
                      fmt::format("laying out an {} stream", calls.direction));
}

bool BoundStreams::is_shut_down() const {
  const std::scoped_lock lock(configured_->queueing);
  return configured_->group == nullptr;
}

std::vector<size_t> BoundStreams::input_bytes() const {
  std::vector<size_t> bytes;
  for (const BoundInput& input : inputs_) bytes.push_back(input.bytes);
  return bytes;
}

std::vector<size_t> BoundStreams::output_bytes() const {
  std::vector<size_t> bytes;
  for (const BoundOutput& output : outputs_) bytes.push_back(output.bytes);
  return bytes;
}

Result<void> BoundStreams::fill(Slot& slot, std::span<const ConstValues> inputs,
                                const std::string& subject) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    BoundInput& input = inputs_[i];
    input.codes->from_floats(inputs[i], input.host);
    const std::span<std::byte> frame = slot.input(i);
    const Status status = chip_.call().transform_frame_by_input_transform_context(
        input.transform, input.host.data(), input.host.size(), frame.data(), frame.size());
    if (status != kSuccess)
      return status_error(chip_.library(), status, subject, "laying out its input");
  }
  return {};
}

Result<void> BoundStreams::take(const Slot& slot, std::span<const Values> outputs,
                                const std::string& subject) {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    BoundOutput& output = outputs_[i];
    const std::span<const std::byte> frame = slot.output(i);
    const Status status = chip_.call().transform_frame_by_output_transform_context(
        output.transform, frame.data(), frame.size(), output.host.data(), output.host.size());
    if (status != kSuccess)
      return status_error(chip_.library(), status, subject, "reading its output");
    output.codes->to_floats(output.host, outputs[i]);
  }
  return {};
}

Status BoundStreams::queue_read(Slot& slot, size_t i, uint32_t timeout_ms) {
  const Functions& call = chip_.call();
  const std::span<std::byte> frame = slot.output(i);
  const Status ready =
      call.stream_wait_for_async_output_ready(outputs_[i].stream, frame.size(), timeout_ms);
  if (ready != kSuccess) return ready;
  return call.stream_read_raw_buffer_async(outputs_[i].stream, frame.data(), frame.size(),
                                           Slot::on_read, slot.read_token(i));
}

Status BoundStreams::queue_write(Slot& slot, size_t i, uint32_t timeout_ms) {
  const Functions& call = chip_.call();
  const std::span<std::byte> frame = slot.input(i);
  const Status ready =
      call.stream_wait_for_async_input_ready(inputs_[i].stream, frame.size(), timeout_ms);
  if (ready != kSuccess) return ready;
  return call.stream_write_raw_buffer_async(inputs_[i].stream, frame.data(), frame.size(),
                                            Slot::on_write, slot.write_token(i));
}

void BoundStreams::queue(Slot& slot, std::chrono::milliseconds timeout) {
  const std::scoped_lock lock(configured_->queueing);
  slot.start(configured_->generation);
  const auto timeout_ms = static_cast<uint32_t>(timeout.count());
  // Reads first: a frame that nobody waits for would hold the chip.
  for (size_t i = 0; i < outputs_.size() + inputs_.size(); ++i) {
    slot.expect_transfer();
    Status status = kStreamAbort;  // shut down by another piece's loss of the device
    if (configured_->group != nullptr) {
      status = i < outputs_.size() ? queue_read(slot, i, timeout_ms)
                                   : queue_write(slot, i - outputs_.size(), timeout_ms);
    }
    if (status == kSuccess) continue;
    slot.refuse_transfer(status);
    return;
  }
}

}  // namespace tessera::hailort
