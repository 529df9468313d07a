#include "backends/hailo/bound_streams.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "backends/hailo/status.h"

namespace tessera::hailort {
namespace {

// Evaluations on their way at once: one on the chip, one to it, one from it, one in hand.
constexpr size_t kMaxDepth = 4;
constexpr size_t kMaxOriginalNames = 64;  // of one stream

bool has_shape(const StreamInfo& info, const Shape& shape) {
  return info.shape.height == shape.h && info.shape.width == shape.w &&
         info.shape.features == shape.c;
}

// "NETWORK/input_layer1": layers of a file of several networks have the network's name before
// theirs.
bool is_of(const StreamInfo& info, const std::string& network) {
  return network.empty() || std::string_view(info.name).starts_with(network + "/");
}

std::vector<StreamInfo> streams_of(const std::vector<StreamInfo>& all, const std::string& network) {
  std::vector<StreamInfo> own;
  std::copy_if(all.begin(), all.end(), std::back_inserter(own),
               [&](const StreamInfo& info) { return is_of(info, network); });
  return own;
}

// Whether the stream carries the value of this name in the file that the compiler read. Networks of
// one file may have values of one name, so that the name alone does not tell the stream.
bool carries(const Chip& chip, const ConfiguredHef& configured, const StreamInfo& info,
             const std::string& name) {
  std::array<LayerName, kMaxOriginalNames> names{};
  size_t count = names.size();
  if (chip.call().hef_get_original_names_from_vstream_name(configured.hef,
                                                           configured.group_name.c_str(), info.name,
                                                           names.data(), &count) != kSuccess)
    return false;
  return std::any_of(names.begin(),
                     names.begin() + static_cast<std::ptrdiff_t>(std::min(count, names.size())),
                     [&](LayerName& one) {
                       one.name[kNameBytes - 1] = '\0';
                       return std::string_view(one.name) == name;
                     });
}

// The stream of a port: by the name that the port had in the file the compiler read, else the only
// one, or the only one of its shape.
Result<const StreamInfo*> find_stream(const Chip& chip, const ConfiguredHef& configured,
                                      const std::vector<StreamInfo>& streams, const Port& port,
                                      const std::string& subject) {
  for (const StreamInfo& info : streams) {
    if (carries(chip, configured, info, port.name)) return &info;
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
                                                         const std::string& network,
                                                         const std::string& subject) {
  std::unique_ptr<BoundStreams> bound(new BoundStreams(chip, std::move(configured)));
  const ConfiguredHef& hef = *bound->configured_;
  const std::vector<StreamInfo> own_inputs = streams_of(hef.inputs, network);
  const std::vector<StreamInfo> own_outputs = streams_of(hef.outputs, network);
  if (own_inputs.size() != ports.inputs.size() || own_outputs.size() != ports.outputs.size()) {
    return TESSERA_ERROR(
        kUnsupported, subject,
        fmt::format("its compiled file has {} inputs and {} outputs{} instead of {} and {}",
                    own_inputs.size(), own_outputs.size(),
                    network.empty() ? "" : fmt::format(" of the network '{}'", network),
                    ports.inputs.size(), ports.outputs.size()),
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
    TESSERA_TRY(const StreamInfo* info, find_stream(chip, hef, own_inputs, port, subject));
    TESSERA_TRY(BoundInput input, bound->bind_stream(input_calls, port, *info, subject));
    bound->inputs_.push_back(std::move(input));
  }
  for (const Port& port : ports.outputs) {
    TESSERA_TRY(const StreamInfo* info, find_stream(chip, hef, own_outputs, port, subject));
    TESSERA_TRY(BoundOutput output, bound->bind_stream(output_calls, port, *info, subject));
    bound->outputs_.push_back(std::move(output));
  }
  TESSERA_TRY_VOID(bound->add_idle_streams(network, subject));
  return bound;
}

Result<void> BoundStreams::add_idle_streams(const std::string& network,
                                            const std::string& subject) {
  const Functions& call = chip_.call();
  Status status = kSuccess;
  for (const StreamInfo& info : configured_->inputs) {
    if (is_of(info, network) || status != kSuccess) continue;
    Idle<InputStream> idle;
    status = call.get_input_stream(configured_->group, info.name, &idle.stream);
    if (status != kSuccess) continue;
    idle.bytes = call.get_input_stream_frame_size(idle.stream);
    idle_inputs_.push_back(idle);
  }
  for (const StreamInfo& info : configured_->outputs) {
    if (is_of(info, network) || status != kSuccess) continue;
    Idle<OutputStream> idle;
    status = call.get_output_stream(configured_->group, info.name, &idle.stream);
    if (status != kSuccess) continue;
    idle.bytes = call.get_output_stream_frame_size(idle.stream);
    idle_outputs_.push_back(idle);
  }
  if (status == kSuccess) return {};
  return status_error(chip_.library(), status, subject,
                      "opening a stream of a network that shares its compiled file");
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
  for (const auto& idle : idle_inputs_) bytes.push_back(idle.bytes);
  return bytes;
}

std::vector<size_t> BoundStreams::output_bytes() const {
  std::vector<size_t> bytes;
  for (const BoundOutput& output : outputs_) bytes.push_back(output.bytes);
  for (const auto& idle : idle_outputs_) bytes.push_back(idle.bytes);
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
  const OutputStream stream =
      i < outputs_.size() ? outputs_[i].stream : idle_outputs_[i - outputs_.size()].stream;
  const Status ready = call.stream_wait_for_async_output_ready(stream, frame.size(), timeout_ms);
  if (ready != kSuccess) return ready;
  return call.stream_read_raw_buffer_async(stream, frame.data(), frame.size(), Slot::on_read,
                                           slot.read_token(i));
}

Status BoundStreams::queue_write(Slot& slot, size_t i, uint32_t timeout_ms) {
  const Functions& call = chip_.call();
  const std::span<std::byte> frame = slot.input(i);
  const InputStream stream =
      i < inputs_.size() ? inputs_[i].stream : idle_inputs_[i - inputs_.size()].stream;
  const Status ready = call.stream_wait_for_async_input_ready(stream, frame.size(), timeout_ms);
  if (ready != kSuccess) return ready;
  return call.stream_write_raw_buffer_async(stream, frame.data(), frame.size(), Slot::on_write,
                                            slot.write_token(i));
}

// False where some of the transfers are queued and the others are not: frames of its streams would
// no longer belong together.
bool BoundStreams::queue_all(Slot& slot, uint32_t timeout_ms) {
  const std::scoped_lock lock(configured_->queueing);
  slot.start(configured_->generation);
  const size_t reads = outputs_.size() + idle_outputs_.size();
  const size_t writes = inputs_.size() + idle_inputs_.size();
  // Reads first: a frame that nobody waits for would hold the chip.
  for (size_t i = 0; i < reads + writes; ++i) {
    slot.expect_transfer();
    Status status = kStreamAbort;  // shut down by another piece's loss of the device
    if (configured_->group != nullptr && !configured_->is_out_of_step) {
      status =
          i < reads ? queue_read(slot, i, timeout_ms) : queue_write(slot, i - reads, timeout_ms);
    }
    if (status == kSuccess) continue;
    slot.refuse_transfer(status);
    if (i > 0) configured_->is_out_of_step = true;
    return i == 0;
  }
  return true;
}

void BoundStreams::queue(Slot& slot, std::chrono::milliseconds timeout) {
  if (!queue_all(slot, static_cast<uint32_t>(timeout.count()))) chip_.shut_down(configured_);
}

}  // namespace tessera::hailort
