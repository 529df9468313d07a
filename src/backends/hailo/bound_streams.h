// The streams of a piece's compiled file, by the piece's inputs and outputs.
#pragma once

#include <memory>
#include <vector>

#include "backends/hailo/chip.h"
#include "backends/hailo/frame_ring.h"
#include "backends/hailo/port.h"

namespace tessera::hailort {

class BoundStreams {
 public:
  // `network`: the piece's in a file that holds several; empty: the file's only one. The runtime's
  // scheduler evaluates all networks of a file together, once each stream has a frame: streams of
  // the others get frames of zeros, and what they give is dropped. Errors: those of
  // agreed_coding(); kUnsupported where it cannot be told which stream a port is; kUnavailable.
  static Result<std::unique_ptr<BoundStreams>> bind(Chip& chip,
                                                    std::shared_ptr<ConfiguredHef> configured,
                                                    const Ports& ports, const std::string& network,
                                                    const std::string& subject);
  ~BoundStreams();
  BoundStreams(const BoundStreams&) = delete;
  BoundStreams& operator=(const BoundStreams&) = delete;

  const std::shared_ptr<ConfiguredHef>& configured() const { return configured_; }
  // Nothing can be queued any more: another error ended what was.
  bool is_shut_down() const;
  // Of all streams, the piece's first.
  std::vector<size_t> input_bytes() const;
  std::vector<size_t> output_bytes() const;
  size_t queue_depth() const { return queue_depth_; }

  // Between floats and the device's frames in a slot.
  Result<void> fill(Slot& slot, std::span<const ConstValues> inputs, const std::string& subject);
  Result<void> take(const Slot& slot, std::span<const Values> outputs, const std::string& subject);

  // Queues the transfers of one evaluation; what the library refuses ends the slot with its status.
  void queue(Slot& slot, std::chrono::milliseconds timeout);

 private:
  template <typename Stream, typename Transform>
  struct Bound {
    Stream stream = nullptr;
    Transform transform = nullptr;
    size_t bytes = 0;  // of a frame on the device
    std::unique_ptr<CodeFrame> codes;
    std::vector<std::byte> host;  // the frame in the host's order
  };
  // The library's functions for one direction.
  template <typename Stream, typename Transform>
  struct StreamCalls {
    const char* direction;
    Status (*open)(NetworkGroup, const char* name, Stream*);
    Status (*quant_infos)(Stream, QuantInfo*, size_t* count);
    size_t (*frame_size)(Stream);
    Status (*max_queue_size)(Stream, size_t*);
    Status (*lay_out)(Stream, const TransformParams*, Transform*);
  };
  using BoundInput = Bound<InputStream, InputTransform>;
  using BoundOutput = Bound<OutputStream, OutputTransform>;

  BoundStreams(Chip& chip, std::shared_ptr<ConfiguredHef> configured)
      : chip_(chip), configured_(std::move(configured)) {}
  template <typename Stream, typename Transform>
  Result<Bound<Stream, Transform>> bind_stream(const StreamCalls<Stream, Transform>& calls,
                                               const Port& port, const StreamInfo& info,
                                               const std::string& subject);
  Result<void> add_idle_streams(const std::string& network, const std::string& subject);
  Status queue_read(Slot& slot, size_t i, uint32_t timeout_ms);
  Status queue_write(Slot& slot, size_t i, uint32_t timeout_ms);
  bool queue_all(Slot& slot, uint32_t timeout_ms);

  Chip& chip_;
  std::shared_ptr<ConfiguredHef> configured_;
  std::vector<BoundInput> inputs_;
  std::vector<BoundOutput> outputs_;
  // Of networks that share the file.
  template <typename Stream>
  struct Idle {
    Stream stream = nullptr;
    size_t bytes = 0;
  };
  std::vector<Idle<InputStream>> idle_inputs_;
  std::vector<Idle<OutputStream>> idle_outputs_;
  size_t queue_depth_ = 1;
};

}  // namespace tessera::hailort
