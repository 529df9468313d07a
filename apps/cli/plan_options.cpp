#include "cli/plan_options.h"

#include <string>
#include <utility>
#include <vector>

namespace tessera::cli {

void add_plan_options(CommandLine& app, PlanOptions& options) {
  const std::vector<std::pair<std::string, LayoutChoice>> layouts = {
      {"auto", LayoutChoice::automatic},
      {"row", LayoutChoice::row},
      {"stripes", LayoutChoice::stripes}};
  app.add_choice("--layout", options.layout,
                 "How time lies in the chip's plane: auto, row (on W) or stripes (on H)", layouts)
      ->default_str("auto");
  app.add_option("--tile-frames", options.tile_frames, "Output frames of a tile (0: searched)")
      ->type_name("N")
      ->not_negative()
      ->capture_default_str();
  app.add_option("--block-channels", options.block_channels,
                 "Widest convolution, in channels (0: whole where it fits, else searched)")
      ->type_name("N")
      ->not_negative()
      ->capture_default_str();
  app.add_flag("--encoder-on-chip", options.encoder_on_chip,
               "The host keeps the encoder otherwise");
  app.add_flag("--masks-on-chip", options.masks_on_chip,
               "The host keeps masks and decoder otherwise");
  app.add_flag("--fixed-length", options.fixed_length,
               "Allow pieces that serve this length of recording only, where they are faster");
}

}  // namespace tessera::cli
