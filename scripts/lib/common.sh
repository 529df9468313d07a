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

# build LOG COMMAND...: a build by ninja, quietly, with how far it is: in one line of a terminal, now and then elsewhere.
build() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" 2>&1 | tee "$log" | show_progress || status=$?
  [ "$status" -eq 0 ] || { tail -n 40 "$log" >&2; say "(all of it: ${log#"$root"/})"; }
  return "$status"
}

# show_progress: reads ninja's lines "[done/all] ...".
show_progress() {
  local line finished all text begin=$SECONDS next=$SECONDS on_terminal=false
  [ ! -t 2 ] || on_terminal=true
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    finished=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
    [ "$SECONDS" -ge "$next" ] || continue
    text="  built $finished of $all files ($((100 * finished / all)) %)$(time_left $((SECONDS - begin)) "$finished" "$all")"
    if "$on_terminal"; then
      printf '\r%s\033[K' "$text" >&2
      next=$((SECONDS + 1))
    elif [ "$SECONDS" -gt "$begin" ]; then
      say "$text"
      next=$((SECONDS + 30))
    else
      next=$((SECONDS + 30))
    fi
  done
  ! "$on_terminal" || printf '\r\033[K' >&2
}

# time_left SECONDS FINISHED ALL: told once it can be estimated.
time_left() {
  [ "$1" -ge 5 ] || return 0
  local left=$(($1 * ($3 - $2) / $2))
  if [ "$left" -ge 90 ]; then
    printf ', about %d min left' $(((left + 30) / 60))
  else
    printf ', about %d s left' "$left"
  fi
}
