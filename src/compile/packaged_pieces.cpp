// check_pieces(): whether a package's pieces are those of its model, plan and encodings.
#include <algorithm>

#include "compile/entries.h"
#include "compile/plan_json.h"
#include "tessera/backend.h"
#include "tessera/chip_placement.h"
#include "tessera/package.h"

namespace tessera {
namespace {

Error not_as_made(const std::string& name, std::string message) {
  return TESSERA_ERROR(kMismatch, name, std::move(message), "build the package again");
}

Result<void> check_entry(const Package& package, const std::string& name,
                         std::span<const uint8_t> made) {
  const auto held = package.read(name);
  if (!held) return not_as_made(name, "is not in the package, whose plan has this piece");
  if (std::equal(held->begin(), held->end(), made.begin(), made.end())) return {};
  return not_as_made(name, "is not what the package's own model and plan give");
}

Result<void> check_placement(const Package& package, const Plan& plan) {
  const std::string target_name = entries::of_target(package.manifest().target);
  TESSERA_TRY(const auto text, package.read(target_name));
  TESSERA_TRY(const Target target,
              parse_target({reinterpret_cast<const char*>(text.data()), text.size()}, target_name));
  TESSERA_TRY(const ChipPlacement placement, place_on_chip(plan, target));
  const std::string made = print_placement(placement);
  return check_entry(package, std::string(entries::kPlacement),
                     {reinterpret_cast<const uint8_t*>(made.data()), made.size()});
}

Result<void> check_integers(const Package& package, const Piece& piece, const Encodings& encodings,
                            Backend& emulator) {
  for (const IntegerForm form : kIntegerForms) {
    TESSERA_TRY(const auto file, entries::piece_file(piece, encodings, form));
    TESSERA_TRY_VOID(check_entry(package, entries::of_piece(piece, form), file));
  }
  TESSERA_TRY(const auto loaded, emulator.load({piece.graph, &encodings}));
  return {};
}

}  // namespace

Result<CheckedPieces> check_pieces(const Package& package, const PackagedNetwork& network) {
  CheckedPieces checked;
  TESSERA_TRY_VOID(check_placement(package, network.plan));
  TESSERA_TRY(const auto emulator, make_backend("emulator"));
  for (const ChipSegment& segment : network.plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(const auto file, entries::piece_file(piece));
      TESSERA_TRY_VOID(check_entry(package, entries::of_piece(piece), file));
      ++checked.pieces;
      if (!network.encodings) continue;
      TESSERA_TRY_VOID(check_integers(package, piece, *network.encodings, *emulator));
      checked.integer_files += static_cast<int64_t>(std::size(kIntegerForms));
    }
  }
  return checked;
}

}  // namespace tessera
