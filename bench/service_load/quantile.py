"""A quantile of one of Prometheus's histograms, interpolated within its bucket as Prometheus does, in milliseconds."""
import re
import sys

name, path, quantile = sys.argv[1], sys.argv[2], float(sys.argv[3])
buckets = []
for line in sys.stdin:
    found = re.match(rf'{name}_bucket{{path="{re.escape(path)}",le="([^"]+)"}} (\S+)', line)
    if found:
        buckets.append((float(found[1].replace("+Inf", "inf")), float(found[2])))
wanted = quantile * buckets[-1][1]
low, below = 0.0, 0.0
for high, count in buckets:
    if count >= wanted:
        print(f"{1e3 * (low + (high - low) * (wanted - below) / max(count - below, 1)):.2f}")
        break
    low, below = high, count
