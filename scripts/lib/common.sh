# Shared by the scripts: where the repository is, and how to speak. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
jobs=$(nproc)

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $1"
  [ $# -lt 2 ] || say "  next: $2"
  exit 1
}

# quietly LOG COMMAND...: runs it with its output in LOG; shows the end of LOG only if it fails.
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || { tail -n 40 "$log" >&2; say "(all of it: ${log#"$root"/})"; }
  return "$status"
}
