// The page docs/checkpoints.md, from the tables that the readers of checkpoints use.
#pragma once

#include <string>

namespace tessera {

std::string checkpoints_markdown();

}  // namespace tessera
