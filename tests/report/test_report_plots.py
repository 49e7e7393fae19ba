"""Plots at their limits: extreme, equal, missing and very long values."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.report import plots

NAN = float("nan")


def texts(svg: str) -> list[str]:
	return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_text_stays_text() -> None:
	svg = plots.cost_bars([plots.CostBar("base-stock", "12 EUR", 5, 4, 3, 0)], "label")
	assert texts(svg) == ["base-stock", "12 EUR"] * 2


def test_a_label_cannot_leave_its_attribute() -> None:
	svg = plots.stockout_bars([("a", "other", 1.0)], '"><script>')
	assert "<script" not in svg
	assert 'aria-label="&#34;&gt;&lt;script&gt;"' in svg


def test_long_names_are_shortened() -> None:
	svg = plots.cost_bars([plots.CostBar("n" * 200, "1,234,567 EUR", 1, 0, 0, 0)], "label")
	names = [text for text in texts(svg) if text.startswith("n")]
	assert len(names) == 2
	assert all(text.endswith("\u2026") and len(text) < 60 for text in names)


@pytest.mark.parametrize(
	"dots",
	[
		[plots.Dot("a", "", "learned", 0.0, 0.0, 0.0)],
		[plots.Dot("a", "", "learned", -0.1, NAN, NAN)],
		[plots.Dot("a", "", "learned", -0.1, -0.2, 0.0), plots.Dot("b", "", "other", 40.0, 30.0, 50.0)],
		[plots.Dot("a", "", "learned", -1.0, -1.0, -1.0)],
	],
)
def test_differences_of_any_size(dots: list[plots.Dot]) -> None:
	svg = plots.difference_dots(dots, "label")
	assert "nan" not in svg
	assert "best rule" in texts(svg)


def test_a_policy_far_off_does_not_squeeze_the_others() -> None:
	near = [plots.Dot(name, "", "other", 0.05, 0.02, 0.08) for name in "abc"]
	svg = plots.difference_dots([*near, plots.Dot("far", "", "other", 9.0, 8.0, 10.0)], "label")
	assert max(float(text.rstrip(" %\u00a0")) for text in texts(svg) if text.startswith("+")) <= 30


@pytest.mark.parametrize("count", [1, 2, 9])
def test_policies_at_one_and_the_same_point(count: int) -> None:
	points = [plots.Point(f"policy {i}", "other", 100.0, 1.0) for i in range(count)]
	svg = plots.trade_off(points, "Stock", "label")
	assert [text for text in texts(svg) if text.startswith("policy")] == [p.name for p in points] * 2
	assert "101 %" not in texts(svg)


@given(st.lists(st.floats(0, 200), min_size=1, max_size=12))
def test_names_beside_points_never_overlap(wanted: list[float]) -> None:
	placed = plots._spread(sorted(wanted), 21.0, 200.0)
	assert all(after - before >= 21.0 - 1e-9 for before, after in pairwise(placed))
	if len(wanted) <= 9:
		assert placed[0] >= -1e-9
		assert placed[-1] <= 200.0 + 1e-9


def test_a_learning_curve_of_one_point_and_of_an_outlier() -> None:
	assert "nan" not in plots.learning_curve([(3.0, 1.0)], "label")
	svg = plots.learning_curve([(0.0, 50.0), (10.0, 1.1), (20.0, 0.9)], "label")
	assert max(float(text[:-2]) for text in texts(svg) if re.fullmatch(r"\d+ %", text)) <= 250


def test_an_item_without_stock_orders_or_demand() -> None:
	days = np.datetime64("2024-02-01") + np.arange(3)
	nothing = plots.Course(days, np.zeros(3), np.zeros(3))
	svg = plots.item_panel("a", days, np.zeros(3), nothing, nothing, "label")
	assert "nan" not in svg


def test_moves_from_and_to_nothing() -> None:
	moves = [plots.Move("a", "", 0, 0, 0), plots.Move("b", "", 0, 5, 0), plots.Move("c", "", 5, 0, 9)]
	assert "nan" not in plots.quantity_moves(moves, "label")
