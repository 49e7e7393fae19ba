"""Whether all is in order: `bench --site SITE execute rl_replenishment.doctor.run`."""

from __future__ import annotations

from typing import Any

from rl_replenishment.bridge.bench_execute import ends_with_the_true_error


@ends_with_the_true_error
def run(repair: bool = False) -> dict[str, Any]:
	"""Say what always holds and where it does not; with `repair` mend what can be mended, and say what.

	Also `bench execute rl_replenishment.doctor.run --kwargs "{'repair': True}"`. Returns plain values:
	`{"in_order", "checks": [{"check", "holds", "off", "mended", "names"}], "seconds"}`.
	"""
	from rl_replenishment.bridge import doctor

	return doctor.examine(repair=repair)
