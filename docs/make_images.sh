#!/usr/bin/env bash
# Redraws the README's picture from a report: docs/make_images.sh [REPORT.html], after `make demo`. Needs chromium.
set -euo pipefail

report=$(realpath "${1:-$(dirname "$0")/../demo_output/report.html}")
picture=$(realpath "$(dirname "$0")/images")/report.png

# the top of the page: the verdict, the table of policies, where the money goes
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
	--window-size=1100,1630 --screenshot="$picture" "file://$report" 2>/dev/null
