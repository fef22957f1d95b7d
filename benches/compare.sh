#!/usr/bin/env bash
# Compares `orderferry` with plain reads of the same synthetic files on one core (the csv crate, serde_json) and, if they
# are installed, with DuckDB, polars and `qsv validate`, in one run. Prints a Markdown table, how time and memory grow
# with the size, and a description of the machine.
set -euo pipefail

usage() {
  cat <<'END'
usage: benches/compare.sh [--quick] [--large] [--repeat N] [--cores N] [--online-retail FILE] [SIZE…]

  SIZE        approximate size in GB: 1 is the file of 5,000,000 rows; default 1
  --quick     run size 0.02 only: shows that everything works, measures little
  --large     run size 10 too, of the plain file only
  --repeat N  run each tool N times, in turn; default 3
  --cores N   limit each tool to N cores; default all
  --online-retail FILE
              count the instructions of `check` a row of the UCI Online Retail export (CSV), with perf or valgrind

Needs python3. The files are in ${TMPDIR:-/tmp} while it runs; a size that does not fit on the disk is skipped.
END
}

sizes=() repeat=3 cores="" large="" retail=""
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit ;;
    --quick) sizes=(0.02) ;;
    --large) large=10 ;;
    --repeat) repeat=${2:?--repeat needs a number}; shift ;;
    --cores) cores=${2:?--cores needs a number}; shift ;;
    --online-retail) retail=$(realpath "${2:?--online-retail needs a file}"); shift ;;
    *[!0-9.]*) usage >&2; exit 2 ;;
    *) sizes+=("$1") ;;
  esac
  shift
done
[ ${#sizes[@]} -gt 0 ] || sizes=(1)
[ -z "$large" ] || sizes+=("$large")

log() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
# Whether a comparison of numbers holds.
holds() { [ "$(calc %d "$1")" = 1 ]; }
has python3 || { log "the times and the peak memory need python3"; exit 1; }

cd "$(dirname "$0")/.."
profile=$(realpath samples/profiles/online-retail.toml)
log "building"
cargo build --release --quiet
orderferry=$(realpath "${CARGO_TARGET_DIR:-target}/release/orderferry")
bench=$(cargo bench --bench export --no-run 2>&1 | sed -n 's/^ *Executable .*(\(.*\))$/\1/p' | xargs -r realpath)
if [ -z "$bench" ]; then
  log "cargo did not build the bench; try cargo bench --bench export --no-run"
  exit 1
fi
commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
all_cores=${cores:-$(getconf _NPROCESSORS_ONLN)}

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# Another folder, so that a config file or a ledger in this one has no effect.
cd "$temp"
export XDG_STATE_HOME=$temp/state

# Runs a command, and appends its seconds, those of the processor and the peak memory in KB to a file.
cat >measure.py <<'END'
import os, subprocess, sys, time
figures, command = sys.argv[1], sys.argv[2:]
begin = time.monotonic()
child = subprocess.Popen(command)
_, status, used = os.wait4(child.pid, 0)
wall = time.monotonic() - begin
code = os.waitstatus_to_exitcode(status)
if code == 0:
    print(f"{wall:.4f} {used.ru_utime + used.ru_stime:.4f} {used.ru_maxrss}", file=open(figures, "a"))
sys.exit(code if code >= 0 else 1)
END
pinned=()
[ -z "$cores" ] || pinned=(taskset -c "0-$((cores - 1))")

# The orders with the items of each as a list, and whether their values have the right types; counted, so that printing
# them is not measured.
cat >grouped.sql <<'END'
SELECT count(*), sum(len(items)), count(*) FILTER (is_valid) FROM (
  SELECT referenceId,
    list({kind: "item.type", reference: "item.referenceId", price: TRY_CAST("item.price" AS DECIMAL(18, 2)),
      name: "item.name", product: "item.productId", quantity: TRY_CAST("item.quantity" AS DECIMAL(18, 2)),
      colour: "item.ext.colour"}) AS items,
    bool_and(TRY_CAST(orderedAt AS TIMESTAMPTZ) IS NOT NULL AND TRY_CAST(price AS DECIMAL(18, 2)) IS NOT NULL
      AND status IN ('PURCHASED', 'PAYMENT_PENDING') AND regexp_full_match(currencyCode, '[A-Z]{3}')
      AND (paymentType <> 'Card' OR cardType IS NOT NULL)
      AND TRY_CAST("item.price" AS DECIMAL(18, 2)) IS NOT NULL
      AND TRY_CAST("item.quantity" AS DECIMAL(18, 2)) > 0 AND length("item.name") <= 128
      AND regexp_full_match("guest.email", '[^@ ]+@[^@ ]+\.[^@ ]+')
      AND regexp_full_match("guest.country", '[A-Z]{2}')) AS is_valid
  FROM read_csv('adjacent.csv', header = true, all_varchar = true) GROUP BY referenceId)
END
cat >grouped.py <<'END'
import polars as pl
number = pl.Decimal(18, 2)
column = pl.col
is_valid = (
    column("orderedAt").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False).is_not_null()
    & column("price").cast(number, strict=False).is_not_null()
    & column("status").is_in(["PURCHASED", "PAYMENT_PENDING"])
    & column("currencyCode").str.contains("^[A-Z]{3}$")
    & ((column("paymentType") != "Card") | column("cardType").is_not_null())
    & column("item.price").cast(number, strict=False).is_not_null()
    & (column("item.quantity").cast(number, strict=False) > 0)
    & (column("item.name").str.len_chars() <= 128)
    & column("guest.email").str.contains(r"^[^@ ]+@[^@ ]+\.[^@ ]+$")
    & column("guest.country").str.contains("^[A-Z]{2}$"))
items = pl.struct("item.type", "item.referenceId", "item.price", "item.name", "item.productId", "item.quantity",
                  "item.ext.colour")
orders = pl.scan_csv("adjacent.csv", infer_schema=False).group_by("referenceId").agg(
    items.alias("items"), is_valid.all().alias("is_valid"))
counts = orders.select(pl.len(), column("items").list.len().sum().alias("items"), column("is_valid").sum())
print(counts.collect(engine="streaming"))
END
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

# Nothing listens there, and nothing is sent there.
target=(--base-url http://127.0.0.1:9 --client-key k)
send=(send adjacent.csv "${target[@]}" --pos shop --backfill --quiet --ledger ledger.db)

# Runs one kind of work.
run() {
  case $1 in
    "csv walk") measured "$bench" walk adjacent.csv ;;
    "check, adjacent, 128 MB") check adjacent.csv 128MB ;;
    "check, scattered, 256 MB") check scattered.csv 256MB ;;
    "send, all accepted before") measured "$orderferry" "${send[@]}" --memory 256MB --out run ;;
    "duckdb, grouped and checked") measured duckdb -c "$(cat grouped.sql)" ;;
    "polars, grouped and checked") measured python3 grouped.py ;;
    "qsv validate") measured qsv validate --quiet adjacent.csv schema.json ;;
    "csv walk, quotes") measured "$bench" walk quotes.csv ;;
    "check, quotes, 128 MB") check quotes.csv 128MB ;;
    "check, quotes, scattered, 256 MB") check quotes-spread.csv 256MB ;;
    "serde_json walk") measured "$bench" walk-ndjson orders.ndjson ;;
    "check, NDJSON, 128 MB") check orders.ndjson 128MB ;;
  esac
}

check() { measured "$orderferry" check "$1" --pos shop --quiet --memory "$2" --out run; }

# The ratio to the walk that the work should not exceed, if there is a goal.
goal() {
  case $1 in
    "check, adjacent, 128 MB" | "check, quotes, 128 MB") echo 1.0 ;;
    "check, scattered, 256 MB" | "check, quotes, scattered, 256 MB") echo 3.0 ;;
    "check, NDJSON, 128 MB") echo 1.2 ;;
    "send, all accepted before") echo 2.0 ;;
  esac
}

# Runs a tool and appends its figures to those of the tool, or records that it failed.
measured() {
  if ! python3 measure.py "figures/$tool" "${pinned[@]}" "$@" >output 2>&1; then
    log "$tool: failed: $(tail -n 3 output)"
    touch "figures/$tool.failed"
  fi
  rm -rf run
}

# A column of the figures of a tool: 1 is wall, 2 is processor, both in seconds.
median() { sort -n -k "$2,$2" "$1" | awk -v at="$2" '{ all[NR] = $at } END { print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'; }
# In MB of 1,000,000 bytes.
peak() { sort -n -k 3 "$1" | awk 'END { printf "%.0f", $3 * 1024 / 1e6 }'; }

# Runs a walk and what is compared with it, in turn, and appends their rows to the table.
compare() {
  local gb=$1 rows=$2 walk=$3
  shift 2
  mkdir figures
  for ((turn = 0; turn < repeat; turn++)); do
    for tool in "$@"; do run "$tool"; done
  done
  for tool in "$@"; do
    if [ -e "figures/$tool.failed" ] || [ -e "figures/$walk.failed" ]; then
      echo "| $gb GB | $rows | $tool | failed | | | | | |"
      continue
    fi
    local walked walked_cpu wall cpu mb
    walked=$(median "figures/$walk" 1) walked_cpu=$(median "figures/$walk" 2)
    wall=$(median "figures/$tool" 1) cpu=$(median "figures/$tool" 2) mb=$(peak "figures/$tool")
    printf '| %s GB | %s | %s | %.2f | %.2f | %.2f | %.2f | %s | %s |\n' "$gb" "$rows" "$tool" "$wall" "$cpu" \
      "$(calc %.3f "$wall / $walked")" "$(calc %.3f "$cpu / $all_cores / $walked_cpu")" "$(goal "$tool")" "$mb"
    printf '%s at %s GB\t%s MB at %s GB\n' "$(calc '%.2f s/GB' "$wall / $gb")" "$gb" "$mb" "$gb" >>"grown.$tool"
  done >>table
  rm -rf figures
}

# The size of a file in GB; reads it once, so that no tool pays for the first read (as far as it fits in memory).
warm_gb() { calc %.3f "$(cat "$1" | wc -c) / 1e9"; }

generate() { "$bench" generate --rows "$rows" "$@"; }

# The file as the generator writes it, and with its rows spread over the whole file.
compare_plain() {
  local tools=("csv walk" "check, adjacent, 128 MB" "check, scattered, 256 MB")
  generate --out adjacent.csv
  generate --out scattered.csv --spread
  if holds "$1 < 5"; then
    accept_all
    tools+=("send, all accepted before")
    # DuckDB and polars hold the groups in memory, several times the size of the file.
    if has duckdb; then tools+=("duckdb, grouped and checked"); else log "duckdb: not installed, skipped"; fi
    if python3 -c 'import polars' 2>/dev/null; then tools+=("polars, grouped and checked"); else log "polars: not installed, skipped"; fi
    if has qsv; then tools+=("qsv validate"); else log "qsv: not installed, skipped"; fi
  fi
  warm_gb scattered.csv >/dev/null
  compare "$(warm_gb adjacent.csv)" "$rows" "${tools[@]}"
  rm -rf adjacent.csv scattered.csv ledger.db* state
}

# A ledger in which all orders of the file are accepted: their plan is written, and nothing is sent.
accept_all() {
  local code=0
  "$orderferry" "${send[@]}" --new-ledger --limit 0 --out planned >output 2>&1 || code=$?
  # 4 is that orders are left, of which there are none to send.
  [ "$code" = 4 ] || { log "the plan failed: $(tail -n 3 output)"; exit 1; }
  "$bench" accept planned --ledger ledger.db "${target[@]}" >&2
  rm -rf planned
}

# A fifth of the item names has doubled quotes, another fifth is quoted, all have umlauts.
compare_quotes() {
  generate --out quotes.csv --quotes
  generate --out quotes-spread.csv --quotes --spread
  warm_gb quotes-spread.csv >/dev/null
  compare "$(warm_gb quotes.csv)" "$rows" "csv walk, quotes" "check, quotes, 128 MB" "check, quotes, scattered, 256 MB"
  rm -f quotes.csv quotes-spread.csv
}

compare_ndjson() {
  generate --out orders.ndjson --form ndjson
  compare "$(warm_gb orders.ndjson)" "$rows" "serde_json walk" "check, NDJSON, 128 MB"
  rm -f orders.ndjson
}

for size in "${sizes[@]}"; do
  rows=$(calc %.0f "$size * 5000000")
  # Two files, the parts of the one that is being shuffled or a run folder, what grouping may spill, and a plan.
  needed=$(calc %.1f "$size * 6") free=$(df -Pk . | awk 'NR == 2 { printf "%.1f", $4 * 1024 / 1e9 }')
  if holds "$free < $needed"; then
    log "$size GB: skipped, needs $needed GB of disk, and $free GB are free in $temp"
    continue
  fi
  log "$size GB"
  compare_plain "$size"
  if holds "$size < 5"; then
    compare_quotes
    compare_ndjson
  fi
done
[ -e table ] || exit 1

echo "| size | rows | work | wall s | CPU s | wall to its walk | CPU / $all_cores to CPU of its walk | goal | peak MB |"
echo "|---:|---:|---|---:|---:|---:|---:|---:|---:|"
cat table
echo
for grown in grown.*; do
  echo "- ${grown#grown.}: $(cut -f 1 "$grown" | paste -s -d , | sed 's/,/, /g'); at most $(cut -f 2 "$grown" | paste -s -d , | sed 's/,/, /g')"
done

# Prints the instructions of a check of the Online Retail export, all threads together; nothing if they cannot be counted.
instructions() {
  local check=("$orderferry" check "$retail" --profile "$profile" --pos shop --max-invalid 100% --quiet --out counted-run)
  local counted=""
  # Virtual machines often hide the counters of the processor; then perf prints "<not supported>".
  if has perf && perf stat -e instructions:u true 2>&1 | grep -q '[0-9] *instructions'; then
    perf stat -x , -e instructions:u -o counted "${check[@]}" >output 2>&1 || true
    counted=$(awk -F , '/instructions/ { print $1 }' counted)
  elif has valgrind; then
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "${check[@]}" >output 2>&1 || true
    counted=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' output)
  fi
  echo "$counted"
}

if [ -n "$retail" ]; then
  # Exit code 1 is a check with invalid orders.
  "$orderferry" check "$retail" --profile "$profile" --pos shop --max-invalid 100% --out retail --quiet >output 2>&1 ||
    [ $? = 1 ] || { log "online retail: failed: $(tail -n 3 output)"; exit 1; }
  retail_rows=$(python3 -c 'import json; print(json.load(open("retail/summary.json"))["rows"])')
  counted=$(instructions)
  if holds "0 < 0$counted"; then
    echo "- check, online-retail profile: $(calc %.0f "$counted / $retail_rows") instructions a row of $retail_rows rows"
  else
    log "online retail: neither perf nor valgrind counts instructions, skipped"
  fi
fi
echo
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 * 1024 / 1e9 }' /proc/meminfo 2>/dev/null)
echo "${cpu:-$(uname -m)}, $(getconf _NPROCESSORS_ONLN) cores${cores:+ of which $cores used}, ${memory:-?} of memory," \
  "$(uname -sr), $(rustc --version | cut -d ' ' -f 1,2), commit $commit, $(date +%F), $repeat runs each in turn"
