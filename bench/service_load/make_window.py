"""A window within half of the ranges that GET /v1/models states, as the body of POST /infer."""
import json
import random
import sys

model = next(m for m in json.load(sys.stdin)["models"] if m["kind"] == "sensor_encoder")
random.seed(1)
ranges = [r["max_abs"] for r in model["ranges"]] or [2.0] * model["columns"]
window = [[round(random.uniform(-r, r) / 2, 4) for r in ranges] for _ in range(model["rows"])]
print(json.dumps({"x": window if model["devices"] == 1 else [window] * model["devices"]}))
