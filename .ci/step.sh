# Steps of a CI run, for a script that sources this: `step NAME COMMAND…` runs one, `finish` prints minutes for
# each, and ends the script with "N passed, N failed". The whole may take LIMIT_SECONDS: the step that runs then
# is ended with all of its processes, and no other one begins.

LIMIT_SECONDS=${LIMIT_SECONDS:-4800}
# What a step that is ended may take to end its own processes in order.
GRACE_SECONDS=${GRACE_SECONDS:-60}

begun=$SECONDS
passed=0
failed=0
rows=()

step() {
  local name=$1 result status=0 start=$SECONDS left=$((LIMIT_SECONDS - (SECONDS - begun)))
  shift
  if [ "$left" -le 0 ]; then
    failed=$((failed + 1))
    rows+=("$name|0|not run, there was no time left")
    return
  fi
  printf '\n=== %s\n' "$name"
  # timeout makes a process group of the step, and signals all of it.
  timeout --kill-after="$GRACE_SECONDS" "$left" "$@" &
  wait $! || status=$?
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    result=passed
  else
    failed=$((failed + 1))
    result="FAILED with status $status"
    if [ $((SECONDS - begun)) -ge "$LIMIT_SECONDS" ]; then result='FAILED: ended, there was no time left'; fi
  fi
  rows+=("$name|$((SECONDS - start))|$result")
  printf '=== %s: %s after %d s\n' "$name" "$result" $((SECONDS - start))
}

finish() {
  local row name seconds result whole=$((SECONDS - begun))
  printf '\n%-10s %7s\n' step minutes
  for row in "${rows[@]}"; do
    IFS='|' read -r name seconds result <<<"$row"
    printf '%-10s %7s  %s\n' "$name" "$(minutes "$seconds")" "$result"
  done
  printf '%-10s %7s  of at most %s\n' 'the whole' "$(minutes "$whole")" "$(minutes "$LIMIT_SECONDS")"
  if [ "$whole" -gt "$LIMIT_SECONDS" ] && [ "$failed" -eq 0 ]; then failed=1; fi
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# With one decimal.
minutes() {
  local tenths=$((($1 + 3) / 6))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# Who ends this ends the step that runs, which is in a group of its own. The shell is asked for it, because a signal
# may come after the step began and before the next line of this script.
end_step() {
  local child
  for child in $(jobs -pr); do
    kill -TERM "$child"
    wait "$child"
  done
  exit "$1"
}
trap 'end_step 130' INT
trap 'end_step 143' TERM
trap 'end_step 129' HUP
