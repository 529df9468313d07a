// Whether the checklist of a goal reaches it, and what it says.
#pragma once

#include "evidence/runs/tracker.h"

namespace tessera {

// Sets state, detail, path and counts from the entries.
void judge(GoalStatus& status);

}  // namespace tessera
