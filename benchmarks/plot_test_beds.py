"""Draw test_beds.png and buyers.png in docs/images, and print tables of docs/test-beds.md, from results.

Run from the project's root: python benchmarks/plot_test_beds.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "docs" / "images" / "test_beds.png"

Row = dict[str, Any]


def instances(name: str) -> list[Row]:
	"""The instances of a benchmark's result."""
	found = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))
	return list(found["instances"])


def gaps_by_seed(row: Row) -> list[float]:
	"""Gap of each seed's policy to the reference, in percent."""
	reference = row["optimal_cost"] or row["best_published_cost"]
	return [100 * (cost / reference - 1) for cost in row["cost_by_seed"]]


def lost_sales_table(rows: list[Row], reference: str) -> str:
	lines = [
		f"| lead time | penalty | {reference} | learned | gap % | worst seed % | capped base-stock % |",
		"|---|---|---|---|---|---|---|",
	]
	for row in rows:
		best = row["optimal_cost"] or row["best_published_cost"]
		lines.append(
			f"| {row['lead_time']} | {row['penalty']} | {best:.3f} | {row['cost']:.3f}"
			f" | {row['gap_percent']:.2f} | {max(gaps_by_seed(row)):.2f} | {row['capped_gap_percent']:.2f} |"
		)
	return "\n".join(lines)


def fixed_cost_table(rows: list[Row]) -> str:
	lines = [
		"| lead time | penalty | order cost | optimum | (s, S) | learned | gap % | worst seed % | start % |",
		"|---|---|---|---|---|---|---|---|---|",
	]
	for row in rows:
		s, order_up_to = row["optimal_levels"]
		lines.append(
			f"| {row['lead_time']} | {row['penalty']:.0f} | {row['order_cost']:.0f}"
			f" | {row['optimal_cost']:.3f} | ({s:.0f}, {order_up_to:.0f}) | {row['cost']:.3f}"
			f" | {row['gap_percent']:.2f} | {max(gaps_by_seed(row)):.2f} | {row['start_gap_percent']:.1f} |"
		)
	return "\n".join(lines)


def draw() -> None:
	"""One panel per test bed: the gap of every seed, and of the rule to beat where it is in sight."""
	beds: list[tuple[str, str, Callable[[Row], str], str | None]] = [
		("lost_sales", "Lost sales, to the optimum", lambda r: f"{r['lead_time']}/{r['penalty']}", "capped"),
		(
			"lost_sales_long",
			"Lost sales, to the best published cost",
			lambda r: f"{r['lead_time']}/{r['penalty']}",
			"capped",
		),
		(
			"fixed_cost",
			"Fixed order cost, to the optimal (s, S)",
			lambda r: f"{r['lead_time']}/{r['penalty']:.0f}/{r['order_cost']:.0f}",
			None,
		),
	]
	figure, panels = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
	for panel, (name, title, label, rule) in zip(panels, beds, strict=True):
		rows = instances(name)
		for at, row in enumerate(rows):
			gaps = gaps_by_seed(row)
			panel.plot([at] * len(gaps), gaps, "o", color="tab:blue", alpha=0.5, markersize=4)
			panel.plot(at, row["gap_percent"], "_", color="tab:blue", markersize=14, markeredgewidth=2)
			if rule:
				panel.plot(at, row["capped_gap_percent"], "x", color="tab:orange")
		panel.axhline(0, color="black", linewidth=0.8)
		panel.set(title=title, ylabel="cost above it, %")
		panel.set_xticks(range(len(rows)), [label(row) for row in rows], rotation=60)
	panels[0].set_xlabel("lead time / penalty")
	panels[1].set_xlabel("lead time / penalty")
	panels[2].set_xlabel("lead time / penalty / order cost")
	handles = [
		plt.Line2D([], [], marker="o", linestyle="", color="tab:blue", alpha=0.5, label="learned, each seed"),
		plt.Line2D([], [], marker="_", linestyle="", color="tab:blue", label="learned, median seed"),
		plt.Line2D([], [], marker="x", linestyle="", color="tab:orange", label="tuned capped base-stock"),
	]
	panels[0].legend(handles=handles, fontsize=8)
	figure.savefig(IMAGE, dpi=90)


def draw_buyers() -> None:
	"""Cost against not learning, by kind of buyer; one mark per company."""
	rows = json.loads((ROOT / "benchmarks" / "results" / "buyers.json").read_text(encoding="utf-8"))["buyers"]
	# training is measured with some of them
	buyers = list(dict.fromkeys(row["buyer"] for row in rows if row["arm"] == "learning"))
	figure, (near, far) = plt.subplots(1, 2, figsize=(13, 4), layout="constrained", width_ratios=(2, 1))
	ways = (
		(near, "learning", "o", "tab:blue", -0.15),
		(near, "agreement only", "s", "tab:orange", 0.15),
		(far, "original reward", "^", "tab:red", 0.0),
	)
	for panel, way, marker, color, shift in ways:
		for at, buyer in enumerate(buyers):
			row = next(row for row in rows if (row["buyer"], row["arm"]) == (buyer, way))
			costs = row["cost_vs_no_learning_percent_by_seed"]
			panel.plot(
				[at + shift] * len(costs), costs, marker, color=color, alpha=0.6, label=None if at else way
			)
	for panel in (near, far):
		panel.axhline(0, color="black", linewidth=0.8)
		panel.set_xticks(range(len(buyers)), buyers, rotation=20)
		panel.set(ylabel="cost against not learning, %")
		panel.legend(fontsize=8)
	far.set(title="by the reward with the sign error")
	figure.savefig(IMAGE.with_name("buyers.png"), dpi=90)


if __name__ == "__main__":
	draw()
	draw_buyers()
	print(lost_sales_table(instances("lost_sales"), "optimum"))
	print(lost_sales_table(instances("lost_sales_long"), "best published"))
	print(fixed_cost_table(instances("fixed_cost")))
