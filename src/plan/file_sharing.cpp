// How the pieces of a plan share compiled files. A runtime that schedules files evaluates all
// networks of one together: frames of the others travel for nothing, but nothing is loaded between
// them.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "plan/cost.h"
#include "target/chip_demand.h"
#include "target/ledger.h"

namespace tessera {
namespace {

// What a file may hold: HailoRT 4.20 to 4.23 takes 8 networks and 40 streams of one
// (HAILO_MAX_NETWORKS_IN_NETWORK_GROUP, HAILO_MAX_STREAMS_COUNT in hailort.h).
constexpr size_t kMaxNetworks = 8;
constexpr int64_t kMaxStreams = 40;

struct SharedPiece {
  const Piece* piece = nullptr;
  Units least;              // no allocation has less
  int64_t bytes = 0;        // of its weights, or of its compiled file
  int64_t frame_bytes = 0;  // of one evaluation, in and out, 8 bit per value
  int64_t streams = 0;
  int64_t calls = 0;
};

// The pieces in order of first use, and how often a run goes on from one with another. A run begins
// where the one before it ended.
class PieceSequence {
 public:
  PieceSequence(const Plan& plan, const Target& target) {
    std::optional<size_t> before;
    std::optional<size_t> first;
    for (const Step& step : plan.steps) {
      const auto* run = std::get_if<SegmentStep>(&step);
      if (run == nullptr) continue;
      const ChipSegment& segment = plan.segments[static_cast<size_t>(run->segment)];
      const size_t begin = pieces_.size();
      for (const Piece& piece : segment.pieces) add(piece, target);
      for (const PieceCall& call : segment.calls) {
        const size_t at = begin + static_cast<size_t>(call.piece);
        ++pieces_[at].calls;
        if (before && *before != at) ++changes_[{*before, at}];
        if (!first) first = at;
        before = at;
      }
    }
    if (first && before && *first != *before) ++changes_[{*before, *first}];
  }

  const std::vector<SharedPiece>& pieces() const { return pieces_; }
  const Units& chip() const { return chip_; }

  void set_bytes(const std::string& name, int64_t bytes) {
    for (SharedPiece& piece : pieces_) {
      if (piece.piece->name == name) piece.bytes = bytes;
    }
  }

  // How often a run comes to a file from another one; `file`: of each piece.
  std::map<size_t, int64_t> loads(const std::vector<size_t>& file) const {
    std::map<size_t, int64_t> count;
    for (const auto& [change, times] : changes_) {
      if (file[change.first] != file[change.second]) count[file[change.second]] += times;
    }
    return count;
  }
  // Of a file with the pieces [begin, end).
  int64_t loads(size_t begin, size_t end) const {
    int64_t count = 0;
    for (const auto& [change, times] : changes_) {
      const auto holds = [&](size_t at) { return at >= begin && at < end; };
      if (holds(change.second) && !holds(change.first)) count += times;
    }
    return count;
  }

 private:
  void add(const Piece& piece, const Target& target) {
    SharedPiece shared{&piece, {}, weight_bytes_of(piece.graph), 0, 0, 0};
    if (target.architecture == Architecture::clusters) {
      const Ledger ledger = make_ledger(piece.graph, target);
      chip_ = ledger.chip;
      shared.least = ledger.least;
    }
    for (NodeId id : piece.graph.inputs()) shared.frame_bytes += piece.graph.node(id).shape.size();
    for (const GraphOutput& output : piece.graph.outputs())
      shared.frame_bytes += piece.graph.node(output.node).shape.size();
    shared.streams =
        static_cast<int64_t>(piece.graph.inputs().size() + piece.graph.outputs().size());
    pieces_.push_back(std::move(shared));
  }

  std::vector<SharedPiece> pieces_;
  Units chip_;
  std::map<std::pair<size_t, size_t>, int64_t> changes_;
};

// Where operators follow each other, weights come from memory with every call: nothing is loaded
// between calls.
double load_seconds(int64_t bytes, const Target& target) {
  if (target.architecture == Architecture::sequential) return 0;
  return target.cost("switch") + static_cast<double>(bytes) / target.cost("link");
}

// Bytes of frames that a run moves for networks that it does not ask for.
int64_t idle_bytes(std::span<const SharedPiece> together) {
  int64_t frames = 0;
  for (const SharedPiece& piece : together) frames += piece.frame_bytes;
  int64_t bytes = 0;
  for (const SharedPiece& piece : together) bytes += piece.calls * (frames - piece.frame_bytes);
  return bytes;
}

bool fits_together(std::span<const SharedPiece> together, const Units& chip) {
  if (together.size() == 1) return true;
  Units sum;
  int64_t streams = 0;
  for (const SharedPiece& piece : together) {
    sum += piece.least;
    streams += piece.streams;
  }
  return together.size() <= kMaxNetworks && streams <= kMaxStreams && covers(chip, sum);
}

std::vector<CompiledFile> files_of(const PieceSequence& sequence, const std::vector<size_t>& ends) {
  std::vector<CompiledFile> files;
  size_t begin = 0;
  for (const size_t end : ends) {
    CompiledFile& file = files.emplace_back();
    for (; begin < end; ++begin) {
      file.pieces.push_back(sequence.pieces()[begin].piece->name);
      file.bytes += sequence.pieces()[begin].bytes;
    }
  }
  return files;
}

std::vector<size_t> fewest(const PieceSequence& sequence) {
  const std::span<const SharedPiece> pieces = sequence.pieces();
  std::vector<size_t> ends;
  size_t begin = 0;
  for (size_t end = 1; end <= pieces.size(); ++end) {
    const bool more = end < pieces.size() &&
                      fits_together(pieces.subspan(begin, end + 1 - begin), sequence.chip());
    if (more) continue;
    ends.push_back(end);
    begin = end;
  }
  return ends;
}

// Neighbours in order of use share a file; the best division by the cost of each file alone.
std::vector<size_t> fastest(const PieceSequence& sequence, const Target& target) {
  const std::span<const SharedPiece> pieces = sequence.pieces();
  std::vector<double> least(pieces.size() + 1, std::numeric_limits<double>::infinity());
  std::vector<size_t> begin_of(pieces.size() + 1, 0);
  least[0] = 0;
  for (size_t end = 1; end <= pieces.size(); ++end) {
    for (size_t begin = end; begin-- > 0 && end - begin <= kMaxNetworks;) {
      const auto together = pieces.subspan(begin, end - begin);
      if (!fits_together(together, sequence.chip())) break;
      int64_t bytes = 0;
      for (const SharedPiece& piece : together) bytes += piece.bytes;
      const double seconds =
          least[begin] +
          static_cast<double>(sequence.loads(begin, end)) * load_seconds(bytes, target) +
          static_cast<double>(idle_bytes(together)) / target.cost("link");
      if (seconds >= least[end]) continue;
      least[end] = seconds;
      begin_of[end] = begin;
    }
  }
  std::vector<size_t> ends;
  for (size_t end = pieces.size(); end > 0; end = begin_of[end]) ends.push_back(end);
  std::reverse(ends.begin(), ends.end());
  return ends;
}

std::vector<size_t> ends_of(const PieceSequence& sequence, const Target& target, FileSharing how) {
  if (target.architecture == Architecture::sequential) how = FileSharing::none;
  if (how == FileSharing::fastest) return fastest(sequence, target);
  if (how == FileSharing::fewest) return fewest(sequence);
  std::vector<size_t> ends;
  for (size_t i = 0; i < sequence.pieces().size(); ++i) ends.push_back(i + 1);
  return ends;
}

Cost cost_of(const Plan& plan, const PieceSequence& sequence, const Target& target,
             std::span<const CompiledFile> files) {
  std::map<std::string, size_t> by_name;
  for (size_t i = 0; i < files.size(); ++i) {
    for (const std::string& piece : files[i].pieces) by_name.emplace(piece, i);
  }
  std::vector<size_t> file;
  std::map<size_t, std::vector<SharedPiece>> together;
  for (const SharedPiece& piece : sequence.pieces()) {
    const auto found = by_name.find(piece.piece->name);
    // A piece without a file has one of its own.
    file.push_back(found == by_name.end() ? files.size() + file.size() : found->second);
    together[file.back()].push_back(piece);
  }
  Cost cost = plan.cost;
  cost.switch_s = 0;
  cost.idle_bytes = 0;
  for (const auto& [index, held] : together) cost.idle_bytes += idle_bytes(held);
  for (const auto& [index, times] : sequence.loads(file)) {
    int64_t bytes = 0;
    for (const SharedPiece& piece : together[index]) bytes += piece.bytes;
    if (index < files.size() && files[index].bytes > 0) bytes = files[index].bytes;
    cost.switch_s += static_cast<double>(times) * load_seconds(bytes, target);
  }
  cost.link_s += static_cast<double>(cost.idle_bytes - plan.cost.idle_bytes) / target.cost("link");
  return cost;
}

}  // namespace

std::vector<CompiledFile> share_files(const Plan& plan, const Target& target, FileSharing how,
                                      std::span<const CompiledFile> alone) {
  PieceSequence sequence(plan, target);
  for (const CompiledFile& file : alone) {
    if (file.pieces.size() == 1 && file.bytes > 0) sequence.set_bytes(file.pieces[0], file.bytes);
  }
  return files_of(sequence, ends_of(sequence, target, how));
}

Cost cost_with_files(const Plan& plan, const Target& target, std::span<const CompiledFile> files) {
  return cost_of(plan, PieceSequence(plan, target), target, files);
}

FileEstimate estimate_files(const Plan& plan, const Target& target) {
  const PieceSequence sequence(plan, target);
  const auto files = files_of(sequence, ends_of(sequence, target, FileSharing::fastest));
  // Pieces that run one after another are there together.
  const bool sequential = target.architecture == Architecture::sequential;
  const size_t together =
      sequential ? std::min<size_t>(1, sequence.pieces().size()) : fewest(sequence).size();
  return {static_cast<int64_t>(together), cost_of(plan, sequence, target, files)};
}

}  // namespace tessera
