// What stands in front of a sensor network: devices stacked on H, and the z-score.
#pragma once

#include "tessera/compiler/import.h"
#include "tessera/result.h"

namespace tessera {

// Of both, field by field, what `stated` says, else what `told` does.
SensorInput merged(const SensorInput& told, const SensorInput& stated);

// Puts model.sensor, merged with what `stated` says, in front of the network at every length, and
// makes the graph again. A network of which neither says anything stays as it is. Errors:
// kInvalidArgument for other than one input, a z-score of other than its channels, and for other
// devices than a file of several has; kUnsupported for several devices where a node joins rows of
// H, naming it.
Result<void> apply_sensor_input(ImportedModel& model, const SensorInput& stated);

}  // namespace tessera
