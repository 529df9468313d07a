// Everything that a program needs which uses trained networks: read and write recordings, separate
// them, build packages, run networks, score voices.
#pragma once

#include "tessera/audio.h"
#include "tessera/backend.h"
#include "tessera/build.h"
#include "tessera/metrics.h"
#include "tessera/package.h"
#include "tessera/result.h"
#include "tessera/sensor_encoder.h"
#include "tessera/sensor_windows.h"
#include "tessera/separator.h"
#include "tessera/session.h"
#include "tessera/streaming.h"
