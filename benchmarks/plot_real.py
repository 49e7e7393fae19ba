"""Draw real_demand.png in docs/images and put the tables into docs/real-demand.md, from results.

Run from the project's root: python benchmarks/plot_real.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "real-demand.md"
IMAGE = ROOT / "docs" / "images" / "real_demand.png"
#: rows of the table, as the JSON calls them
POLICIES = (
	"base-stock",
	"capped base-stock",
	"(s, S)",
	"reorder level",
	"common rule",
	"boosted forecast",
	"perfect foresight",
)
RESULTS = ("real", "real_weekly")
#: what costs more is drawn at the edge
HIGHEST = 1.75
NOT_MEASURED = "to be measured"

Found = dict[str, Any]


def result(name: str) -> Found:
	"""What a run of the benchmark left."""
	found: Found = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
	return found


def table(found: Found) -> str:
	"""Cost and fill rate by policy and case, the best of rules and peers in bold; then what was learned."""
	cases = found["cases"]
	names = [f"`{case['case']}`" for case in cases]
	lines = [f"| policy | {' | '.join(names)} |", f"|---|{'---|' * len(cases)}"]
	for policy in POLICIES:
		cells = []
		for case in cases:
			row = next(row for row in case["policies"] if row["name"] == policy)
			cost = bold(f"{row['cost']:,.0f}", policy == case["best_peer"])
			cells.append(f"{cost} ({percent(row['fill_rate'])})")
		lines.append(f"| {policy} | {' | '.join(cells)} |")
	learned = [case["learned"] for case in cases]
	for title, shown in (
		(
			"learned, median of the trainings",
			lambda each: f"{each['cost']:,.0f} ({percent(each['fill_rate'])})",
		),
		("learned / best of the others", lambda each: f"{each['ratio_to_best_peer']:.3f}"),
		(
			"95 % interval of that",
			lambda each: " to ".join(f"{bound:.3f}" for bound in each["ci95_of_ratio"]),
		),
		("by training", lambda each: ", ".join(f"{ratio:.3f}" for ratio in each["ratio_by_seed"])),
	):
		cells = [shown(each) if each else NOT_MEASURED for each in learned]
		lines.append(f"| {title} | {' | '.join(cells)} |")
	return "\n".join(lines)


def forecast_table(found: Found) -> str:
	"""Coverage of the held-out demand, and pinball loss over the boosted forecast's."""
	cases = found["cases"]
	names = [f"`{case['case']}`" for case in cases]
	lines = [f"| quantile | {' | '.join(names)} |", f"|---|{'---|' * len(cases)}"]
	for at, first in enumerate(cases[0]["quantiles"]):
		rows = [case["quantiles"][at] for case in cases]
		shown = f"{first['probability']:.0%}".replace("%", " %")
		for of, whose in (("", ""), ("_of_boosted", ", of the boosted forecast")):
			covered = [f"{percent(row[f'below{of}'])} to {percent(row[f'at_or_below{of}'])}" for row in rows]
			lines.append(f"| {shown}: demand below it, and at or below it{whose} | {' | '.join(covered)} |")
	for at, first in enumerate(cases[0]["quantiles"]):
		rows = [case["quantiles"][at] for case in cases]
		shown = f"{first['probability']:.0%}".replace("%", " %")
		losses = [f"{row['pinball_loss'] / row['pinball_loss_of_boosted']:.3f}" for row in rows]
		lines.append(f"| {shown}: pinball loss, over the boosted forecast's | {' | '.join(losses)} |")
	return "\n".join(lines)


def bold(text: str, wanted: bool) -> str:
	return f"**{text}**" if wanted else text


def percent(share: float) -> str:
	return f"{100 * share:.1f} %"


def with_tables(page: str) -> str:
	"""The page with each table between its marks as the results have it."""
	for name, shown in (*((name, table) for name in RESULTS), ("forecast", forecast_table)):
		marks = f"<!-- {name} -->", f"<!-- /{name} -->"
		pattern = re.escape(marks[0]) + r".*?" + re.escape(marks[1])
		written = f"{marks[0]}\n\n{shown(result(name))}\n\n{marks[1]}"
		page, count = re.subn(pattern, lambda _, written=written: written, page, flags=re.S)
		if count != 1:
			raise ValueError(f"{PAGE.name} has {count} places for the table of {name}, expected 1")
	return page


def draw() -> None:
	"""Cost of every policy over that of the best of rules and peers, by case."""
	import matplotlib.pyplot as plt

	figure, panels = plt.subplots(1, 2, figsize=(13, 4.4), layout="constrained", sharey=True)
	styles = {
		"base-stock": ("v", "tab:gray"),
		"(s, S)": ("^", "tab:gray"),
		"reorder level": ("s", "tab:gray"),
		"common rule": ("D", "tab:orange"),
		"boosted forecast": ("o", "tab:green"),
		"perfect foresight": ("_", "black"),
	}
	titles = ("as recorded", "summed by week")
	for panel, name, title in zip(panels, RESULTS, titles, strict=True):
		cases = result(name)["cases"]
		for at, case in enumerate(cases):
			for row in case["policies"]:
				if row["name"] in styles:
					marker, color = styles[row["name"]]
					ratio = min(row["cost"] / case["best_peer_cost"], HIGHEST)
					panel.plot(
						at, ratio, marker, color=color, label=None if at else row["name"], markersize=8
					)
			for ratio in (case["learned"] or {"ratio_by_seed": ()})["ratio_by_seed"]:
				panel.plot(at + 0.15, ratio, "*", color="tab:blue", markersize=9, label=None)
		panel.set_ylim(0, HIGHEST + 0.05)
		panel.axhline(1, color="black", linewidth=0.8)
		panel.set_xticks(range(len(cases)), [case["case"] for case in cases])
		panel.set_title(title)
	panels[0].set_ylabel("cost over the best of rules and peers")
	panels[0].plot([], [], "*", color="tab:blue", label="learned, each training")
	panels[0].legend(fontsize=8)
	figure.savefig(IMAGE, dpi=90)


if __name__ == "__main__":
	PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
	draw()
