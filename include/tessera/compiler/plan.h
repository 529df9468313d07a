// Plan: how a legal graph runs on a chip and its host. Every node is placed; chip nodes between two
// barriers form a segment; a segment runs tile by tile along time as calls of a few compiled
// pieces.
//
// Exactness: a tile reads the neighbours' frames it needs (its halo) from the whole-sequence value;
// zeros stand only where the graph's own padding says so, outside the sequence. Whatever needs the
// whole sequence (statistics, pooling over time) is a host step between segments.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

enum class Place : uint8_t { host, chip };
std::string_view to_string(Place place);

// How a tile's time lies in the chip's H x W plane.
enum class Layout : uint8_t {
  row,      // [C, 1, frames]: time on W
  stripes,  // [C, frames, S]: time on H, S tiles side by side on W, each with its own halo
};
std::string_view to_string(Layout layout);

struct Tiling {
  Layout layout = Layout::row;
  int64_t tile_frames = 0;  // output frames of one tile
  int64_t stripes = 1;      // tiles per call; 1 for row
  // The frames of a tile lie this far apart: p, p + phases, p + 2*phases ... A convolution of
  // dilation `phases` has neighbours for taps there, so the chip never sees its dilation.
  int64_t phases = 1;
  friend bool operator==(const Tiling&, const Tiling&) = default;
};

// A network the chip runs in one call. Its inputs and outputs are windows of whole-sequence values.
struct Piece {
  std::string name;             // unique in the plan, e.g. "seg03_tile1"
  Graph graph;                  // inputs follow ChipSegment::reads, outputs ChipSegment::writes
  std::vector<int64_t> frames;  // of each input: how many frames one tile reads
  int64_t stripes = 1;          // tiles per call
};

// One tile of a call: where each input begins in its whole-sequence value (a begin below 0 or an
// end beyond the value reads zeros there), and which output frames are new. Counted in frames of
// the tile's phase: number n is frame phase + n*Tiling::phases of the sequence.
struct Tile {
  int64_t phase = 0;                // 0 .. Tiling::phases - 1
  std::vector<int64_t> read_begin;  // per input
  int64_t write_begin = 0;          // first frame written
  int64_t write_frames = 0;
  int64_t skip_frames = 0;  // frames of the piece's output before the first one written
};

struct PieceCall {
  int32_t piece = 0;
  std::vector<Tile> tiles;  // Piece::stripes of them; the last may repeat to fill the call
};

// Seconds of one run over the whole sequence, all estimated from the target's cost figures. Nothing
// overlaps in this estimate: it is what a host that waits for every call sees.
struct Cost {
  int64_t calls = 0;
  int64_t bytes_in = 0;   // host to chip, 8 bit per value
  int64_t bytes_out = 0;  // chip to host
  // Both ways, of networks that share a compiled file with the one that is called: the runtime
  // evaluates all of a file together.
  int64_t idle_bytes = 0;
  int64_t macs = 0;      // of the pieces as called, halos and repeated tiles included
  double compute_s = 0;  // the slowest layer of each piece, its calls added up
  double link_s = 0;
  double call_s = 0;    // overhead per call
  double switch_s = 0;  // loading another compiled file

  double seconds() const { return compute_s + link_s + call_s + switch_s; }
  Cost& operator+=(const Cost& other);
};

// Chip nodes that run without a host step between them.
struct ChipSegment {
  std::string name;
  std::vector<NodeId> nodes;   // in graph order
  std::vector<NodeId> reads;   // values made elsewhere
  std::vector<NodeId> writes;  // values needed elsewhere, all of one length
  Tiling tiling;
  std::vector<Piece> pieces;
  std::vector<PieceCall> calls;
  Verdict verdict = Verdict::unknown;  // the worst of its pieces
  Cost cost;                           // without switches
};

// One node the host evaluates over the whole sequence.
struct HostStep {
  NodeId node = kNoNode;
  std::string reason;  // why the host: "needs the whole sequence", "rule activation: gelu", ...
};
struct SegmentStep {
  int32_t segment = 0;
};
using Step = std::variant<HostStep, SegmentStep>;

// What a search decided, without the network: with the legal graph it makes the plan again, also
// for another length of the same network, where every segment keeps its pieces.
struct PlanRecipe {
  std::string target;
  int64_t block_channels = 0;
  bool encoder_on_chip = false;
  bool masks_on_chip = false;
  int64_t dilation = 0;  // the largest that pieces may have; wider ones are gathered by phases
  bool kernels_read_host = false;  // kernels over time stand at the beginning of segments only
  std::map<std::string, std::string> on_host;  // node -> rule that the target has against it
  // node -> why the host keeps what no rule of the target forbids, but no segment can hold
  std::map<std::string, std::string> kept_by_host;
  // Convolutions whose zeros the host lays around what they read, in a node of its own
  // ("NAME.pad"): as part of the convolution they would begin to read in another phase.
  std::vector<std::string> padded_by_host;
  // Constants with another value in every frame are read tile by tile as values are, instead of
  // making every tile a piece of its own.
  bool frame_constants_read = false;
  struct Segment {
    std::string name;
    Tiling tiling;
    Verdict verdict = Verdict::unknown;
  };
  std::vector<Segment> segments;
};

struct Plan {
  Graph graph;  // legal; steps and segments speak of its nodes
  PlanRecipe recipe;
  std::vector<ChipSegment> segments;
  std::vector<Step> steps;  // in order of execution
  Verdict verdict = Verdict::unknown;
  int64_t contexts = 0;   // sets of pieces that are on the chip together
  int64_t host_macs = 0;  // convolutions that stay with the host
  Cost cost;
  std::vector<Note> notes;  // what the host got because no segment could hold it
};

// What the plan costs where some values, by node of its graph, have 16 bits: two bytes each on the
// link. No source says what 16 bits cost on the chip itself, so that compute, calls and switches
// stay as they are.
Cost cost_with_wide_values(const Plan& plan, const Target& target,
                           const std::function<bool(NodeId)>& is_wide);

// What a compiler makes of pieces: one of each, or one of several, whose networks then are on the
// chip together.
struct CompiledFile {
  std::vector<std::string> pieces;  // Piece::name
  int64_t bytes = 0;                // 0: not known
};

enum class FileSharing : uint8_t {
  none,     // each piece has a file of its own
  fastest,  // pieces that follow each other share one where that is estimated to save time
  fewest,   // as few files as the chip's units allow
};

// The files for a plan's pieces, in order of first use, each as large as its pieces' files in
// `alone`, or as their weights. What shares one fits the chip together by the least that any
// allocation takes, which does not prove that a compiler finds room.
std::vector<CompiledFile> share_files(const Plan& plan, const Target& target, FileSharing how,
                                      std::span<const CompiledFile> alone = {});

// What the plan costs where its pieces are in these files; a piece in none has its own. Each change
// of file sends the next one, of its size or its weights, and takes target.cost("switch"); a run
// begins with the file that the run before it ended with.
Cost cost_with_files(const Plan& plan, const Target& target, std::span<const CompiledFile> files);

enum class LayoutChoice : uint8_t { automatic, row, stripes };

struct PlanOptions {
  LayoutChoice layout = LayoutChoice::automatic;
  int64_t tile_frames = 0;     // 0: searched
  int64_t block_channels = 0;  // 0: whole convolutions if they fit, else the widest blocks that do
  bool encoder_on_chip = false;
  bool masks_on_chip = false;
  // Nodes that the host keeps, by name, with the reason: what a compiler was seen to refuse.
  std::map<std::string, std::string> kept_by_host = {};
  // Allow segments that pad inside, where they are faster: their pieces are of one length of the
  // sequence, and so is a package of them.
  bool fixed_length = false;
};

// Searches layout, tile width and channel blocks for the least estimated time among the plans whose
// every piece fits; narrower blocks are tried only where they remedy what does not fit. What no cut
// makes fit, the host gets, with a note; not where the options fix tiles or blocks. Errors:
// kUnsupported naming the smallest piece and the rule it breaks or leaves unknown;
// kInvalidArgument for options.
Result<Plan> make_plan(const Graph& legal, const Target& target, const PlanOptions& options = {});

// The plan of someone who does not cut: one tile per segment, the whole sequence long and with its
// dilations, whatever the verdict. Shown beside a plan as what it is compared with.
Result<Plan> make_uncut_plan(const Graph& legal, const Target& target,
                             const PlanOptions& options = {});

// The first rule that keeps a plan from fitting, with piece, node and number; empty if it fits.
std::string blocking_violation(const Plan& plan, const Target& target);

// The plan of a recipe for `legal`, of any length. `target` gives the cost figures; verdicts are
// the recipe's. Errors: kMismatch when the graph divides into other segments than the recipe's.
Result<Plan> replay_plan(const Graph& legal, const Target& target, const PlanRecipe& recipe);

}  // namespace tessera
