#!/usr/bin/env bash
# Every benchmark of docs/benchmarks.md, one after the other. Usage: tools/bench.sh BIN-FOLDER
#   BENCH_PHOTOS  a folder of ordinary photos; without it, generated scenes and random hashes are used where that makes sense
#   BENCH_HUGE=1  also the list of 100 million hashes (12 GB of memory, 10 GB of disk, about 10 minutes)
#   BENCH_PEERS   processes for the 10-million comparison with the tuned peer, which needs minutes each (default 0)
set -eu
rempart="$1/rempart"
photos=()
[ -z "${BENCH_PHOTOS:-}" ] || photos=(--folder "$BENCH_PHOTOS")
run() { printf '\n$ rempart %s\n' "$*"; "$rempart" "$@"; }

run doctor
run bench hash "${photos[@]}"
run bench scan "${photos[@]}"
run bench match --size 1e5 "${photos[@]}"
run bench match --size 1e6 "${photos[@]}"
run bench match --size 1e6 --kind random
run bench match --size 1e7 --kind random --peer flat --no-numpy --rounds 3
for _ in $(seq "${BENCH_PEERS:-0}"); do
  run bench match --size 1e7 --kind random --peer flat --peer tuned --no-numpy --rounds 3
done
[ -z "${BENCH_HUGE:-}" ] || run bench match --size 1e8 --kind random --peer flat --no-numpy --rounds 3
if [ -n "${BENCH_PHOTOS:-}" ]; then
  for set in canonical default thorough; do run bench recall "$BENCH_PHOTOS" --probes "$set"; done
else
  echo "bench recall needs BENCH_PHOTOS=folder of ordinary photos" >&2
fi
