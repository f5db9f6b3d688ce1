#!/usr/bin/env bash
# The board in a real browser, on the built binary (tests/board/flow.mjs), and whether dist/ is what the sources give.
# Needs node, npm and chromium; without them it is skipped (status 77), but not where CI=true.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
board="$root/connectors/board"

without() {
  echo "SKIPPED: the board is not tried in a browser: $1"
  [ "${CI:-}" = true ] && exit 1
  exit 77
}

for program in node npm; do
  command -v "$program" >/dev/null || without "there is no $program"
done
CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || without "there is no chromium"
export CHROMIUM
if [ ! -d "$board/node_modules/playwright-core" ] || [ "$board/package-lock.json" -nt "$board/node_modules/.package-lock.json" ]; then
  (cd "$board" && timeout 120 npm ci --no-audit --no-fund --silent) || without "npm ci failed"
fi
status=0
(cd "$board" && node build.mjs --check && node_modules/.bin/tsc --noEmit && node_modules/.bin/biome check src build.mjs) || status=1
node "$root/tests/board/flow.mjs" || status=1
exit $status
