#!/usr/bin/env bash
# Compares `orderferry check` with a plain read by the csv crate and, if they are installed, with DuckDB and
# `qsv validate`, on the same synthetic files in one run. Prints a Markdown table, how time and memory grow with
# the size, and a description of the machine.
set -euo pipefail

usage() {
  cat <<'END'
usage: benches/compare.sh [--quick] [--repeat N] [--cores N] [SIZE…]

  SIZE        approximate size in GB: 1 is the file of 5,000,000 rows; default 0.1 1 10
  --quick     run size 0.1 only
  --repeat N  run each tool N times, in turn; default 3
  --cores N   limit each tool to N cores; default all

Needs GNU time as /usr/bin/time, or python3, for the peak memory. The files are in ${TMPDIR:-/tmp} while it runs; a size
that does not fit on the disk is skipped.
END
}

sizes=() repeat=3 cores=""
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit ;;
    --quick) sizes=(0.1) ;;
    --repeat) repeat=${2:?--repeat needs a number}; shift ;;
    --cores) cores=${2:?--cores needs a number}; shift ;;
    *[!0-9.]*) usage >&2; exit 2 ;;
    *) sizes+=("$1") ;;
  esac
  shift
done
[ ${#sizes[@]} -gt 0 ] || sizes=(0.1 1 10)

log() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }

cd "$(dirname "$0")/.."
log "building"
cargo build --release --quiet
orderferry=$(realpath "${CARGO_TARGET_DIR:-target}/release/orderferry")
bench=$(cargo bench --bench export --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p' | xargs -r realpath)
if [ -z "$bench" ]; then
  log "cargo did not build the bench; try cargo bench --bench export --no-run"
  exit 1
fi
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# Another folder, so that a config file or a ledger in this one has no effect.
cd "$temp"

# Runs a command and writes its peak memory in KB to the file in the first argument.
if [ -x /usr/bin/time ] && /usr/bin/time -f %M -o peak true 2>/dev/null; then
  with_peak() { /usr/bin/time -q -f %M -o "$@"; }
elif has python3; then
  with_peak() {
    python3 -c 'import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=open(sys.argv[1], "w"))
sys.exit(code)' "$@"
  }
else
  log "the peak memory needs GNU time as /usr/bin/time (Debian: package time), or python3"
  exit 1
fi
pinned=()
[ -z "$cores" ] || pinned=(taskset -c "0-$((cores - 1))")

# The items of each order as a list; counted, so that printing them is not measured.
grouped="SELECT count(*), sum(len(items)) FROM (
  SELECT referenceId, list({kind: \"item.type\", reference: \"item.referenceId\", price: \"item.price\",
    name: \"item.name\", product: \"item.productId\", quantity: \"item.quantity\", colour: \"item.ext.colour\"}) AS items
  FROM read_csv('adjacent.csv', header = true, all_varchar = true) GROUP BY referenceId)"
cat >schema.json <<'END'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
 "required": ["referenceId", "orderedAt", "status", "currencyCode", "price", "paymentType", "guest.email"],
 "properties": {
  "referenceId": {"type": "string", "minLength": 1},
  "orderedAt": {"type": "string", "format": "date-time"},
  "status": {"type": "string", "enum": ["PURCHASED", "PAYMENT_PENDING"]},
  "currencyCode": {"type": "string", "pattern": "^[A-Z]{3}$"},
  "price": {"type": "number"},
  "paymentType": {"type": "string", "minLength": 1},
  "item.type": {"type": "string", "pattern": "^[A-Z_]+$"},
  "item.price": {"type": "number"},
  "item.name": {"type": "string", "maxLength": 128},
  "item.quantity": {"type": "number"},
  "guest.email": {"type": "string", "format": "email"},
  "guest.country": {"type": "string", "pattern": "^[A-Z]{2}$"}}}
END

tools=("csv walk" "orderferry check" "orderferry check, shuffled")
run() {
  case $1 in
    "csv walk") measured "$bench" walk adjacent.csv ;;
    "orderferry check") measured "$orderferry" check adjacent.csv --pos shop --quiet --out run ;;
    "orderferry check, shuffled") measured "$orderferry" check shuffled.csv --pos shop --quiet --out run ;;
    "duckdb, grouped") measured duckdb -c "$grouped" ;;
    "qsv validate") measured qsv validate --quiet adjacent.csv schema.json ;;
  esac
}
if has duckdb; then tools+=("duckdb, grouped"); else log "duckdb: not installed, skipped"; fi
if has qsv; then tools+=("qsv validate"); else log "qsv: not installed, skipped"; fi

# Runs a tool and appends its seconds and KB to the figures of the tool, or records that it failed.
measured() {
  local begin=$EPOCHREALTIME end
  if with_peak peak "${pinned[@]}" "$@" >output 2>&1; then
    end=$EPOCHREALTIME
    printf '%s %s\n' "$(calc %.3f "${end/,/.} - ${begin/,/.}")" "$(tail -n 1 peak)" >>"figures/$tool"
  else
    log "$tool: failed: $(tail -n 3 output)"
    touch "figures/$tool.failed"
  fi
  rm -rf run
}

median() { sort -n "$1" | awk '{ seconds[NR] = $1 } END { print (seconds[int((NR + 1) / 2)] + seconds[int(NR / 2) + 1]) / 2 }'; }
least() { sort -n "$1" | awk 'NR == 1 { print $1 }'; }
# In MB of 1,000,000 bytes.
peak() { sort -n -k 2 "$1" | awk 'END { printf "%.0f", $2 * 1024 / 1e6 }'; }

rows_of_table() {
  local gb=$1 rows=$2 walked
  walked=$(median "figures/csv walk")
  for tool in "${tools[@]}"; do
    if [ -e "figures/$tool.failed" ]; then
      echo "| $gb GB | $rows | $tool | failed | | | |"
      continue
    fi
    local seconds mb
    seconds=$(median "figures/$tool") mb=$(peak "figures/$tool")
    printf '| %s GB | %s | %s | %.2f | %.2f | %.2f | %s |\n' "$gb" "$rows" "$tool" "$seconds" \
      "$(least "figures/$tool")" "$(calc %.3f "$seconds / $walked")" "$mb"
    printf '%s at %s GB\t%s MB at %s GB\n' "$(calc '%.2f s/GB' "$seconds / $gb")" "$gb" "$mb" "$gb" >>"grown.$tool"
  done
}

for size in "${sizes[@]}"; do
  rows=$(calc %.0f "$size * 5000000")
  # Two files, the parts of the one that is being shuffled or a run folder, and what grouping may spill.
  needed=$(calc %.1f "$size * 4.5") free=$(df -Pk . | awk 'NR == 2 { printf "%.1f", $4 * 1024 / 1e9 }')
  if [ "$(calc %d "$free < $needed")" = 1 ]; then
    log "$size GB: skipped, needs $needed GB of disk, and $free GB are free in $temp"
    continue
  fi
  log "$size GB"
  "$bench" generate --rows "$rows" --out adjacent.csv
  "$bench" generate --rows "$rows" --out shuffled.csv --shuffled
  mkdir figures
  # Warms the page cache, so that no tool pays for the first read (as far as the files fit in memory).
  cat adjacent.csv shuffled.csv >/dev/null
  for ((turn = 0; turn < repeat; turn++)); do
    for tool in "${tools[@]}"; do run "$tool"; done
  done
  rows_of_table "$(calc %.2f "$(wc -c <adjacent.csv) / 1e9")" "$rows" >>table
  rm -rf figures adjacent.csv* shuffled.csv
done
[ -e table ] || exit 1

echo "| size | rows | tool | seconds, median | least | to the csv walk | peak MB |"
echo "|---:|---:|---|---:|---:|---:|---:|"
cat table
echo
for tool in "${tools[@]}"; do
  [ -e "grown.$tool" ] || continue
  echo "- $tool: $(cut -f 1 "grown.$tool" | paste -s -d , | sed 's/,/, /g'); at most $(cut -f 2 "grown.$tool" | paste -s -d , | sed 's/,/, /g')"
done
echo
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 * 1024 / 1e9 }' /proc/meminfo 2>/dev/null)
echo "${cpu:-$(uname -m)}, $(getconf _NPROCESSORS_ONLN) cores${cores:+ of which $cores used}, ${memory:-?} of memory," \
  "$(uname -sr), $(rustc --version | cut -d ' ' -f 1,2), commit $commit, $(date +%F), $repeat runs each in turn"
