"""What a buyer's corrections say of the same item, of its like, and of nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lesson_samples import (
	EACH,
	GROUPS,
	ITEMS,
	KEYS,
	LAWN,
	PAINT,
	START,
	factors,
	fit,
	rows_of,
)

from rl_replenishment.core.lessons.fitting import fit_lessons


def test_three_changes_of_a_group_speak_for_the_fourth() -> None:
	"""The group's other items follow, more than half of the way; other groups stay where they are."""
	found = factors([(0, 0, 1.25), (1, 0, 1.25), (2, 0, 1.25)])
	assert all(1.1 < found[item] < 1.25 for item in LAWN)
	assert all(found[item] == pytest.approx(1, abs=0.02) for item in range(EACH, len(KEYS)))


def test_one_change_of_one_item_says_little() -> None:
	found = factors([(0, 0, 1.5)])
	assert 1.02 < found[0] < 1.2
	assert found[1:] == [1.0] * (len(KEYS) - 1)


def test_changes_of_one_item_are_its_own() -> None:
	"""However many there are."""
	found = factors([(0, 7 * week, 1.5) for week in range(8)], 56)
	assert found[0] > 1.25
	assert found[1:] == [1.0] * (len(KEYS) - 1)


@pytest.mark.parametrize("factor", [1.25, 0.8, 0.5, 1.6])
def test_cuts_count_as_raises_do(factor: float) -> None:
	up, down = (
		np.log(factors([(item, 7 * week, each) for item in LAWN for week in range(3)], 21))
		for each in (factor, 1 / factor)
	)
	assert up[:EACH] == pytest.approx(-down[:EACH], abs=1e-3)
	assert (np.sign(up[:EACH]) == np.sign(np.log(factor))).all()
	assert (np.abs(up[:EACH]) <= abs(np.log(factor)) + 1e-6).all()


def test_a_supplier_whose_items_are_cut() -> None:
	"""It is said of the supplier, not of the groups that its items are in."""
	items = replace(ITEMS, suppliers=("Near", "Near", "Near", "Far", "Far", "Far") * 4)
	near = [at for at in range(len(KEYS)) if items.suppliers[at] == "Near"]
	rows = rows_of(
		[(at, 7 * week, 0.8 if at in near else 1.0) for week in range(4) for at in range(len(KEYS))]
	)
	index = np.array([KEYS.index(key) for key in rows.keys], dtype=np.intp)
	found = fit_lessons(items, rows, index, START + np.timedelta64(28, "D"))
	assert [(each.kind, each.name) for each in found.lessons] == [("supplier", "Near")]
	factor = found.factor(items, START + np.timedelta64(28, "D"))
	assert all(0.79 < factor[at] < 0.87 for at in near), factor
	assert all(factor[at] == 1 for at in range(len(KEYS)) if at not in near)


def test_what_was_kept_stays() -> None:
	"""An item that was kept while its like was changed is left alone."""
	decisions = [(item, 7 * week, 1.3 if item < 4 else 1.0) for week in range(4) for item in LAWN]
	decisions += [(item, 7 * week, 1.0) for week in range(4) for item in PAINT]
	found = factors(decisions, 28)
	assert all(value > 1.15 for value in found[:4])
	assert found[4:] == [1.0] * (len(KEYS) - 4)


def test_no_item_moves_away_from_what_was_ordered_of_it() -> None:
	"""Nor beyond it, whatever its group says."""
	decisions = [(item, 7 * week, 1.4) for week in range(4) for item in range(1, 5)]
	found = factors([*decisions, (0, 14, 0.8), (5, 14, 1.1)], 28)
	assert found[0] <= 1.0
	assert 1.0 < found[5] <= 1.1 + 1e-6
	assert all(1.2 < value <= 1.4 for value in found[1:5])


@pytest.mark.parametrize("reason", ["Promotion", "project", " Budget "])
def test_what_happens_once_is_no_lesson(reason: str) -> None:
	"""Announced demand is set aside elsewhere; it is not to be learned a second time."""
	rows = rows_of([(item, 7 * week, 1.5) for week in range(4) for item in LAWN], reason=reason)
	assert not fit(rows, 28).lessons


def test_what_restored_a_pack_is_no_lesson() -> None:
	rows = rows_of([(item, 7 * week, 1.2) for week in range(4) for item in LAWN])
	assert fit(rows, 28).lessons
	assert not fit(rows, 28, restored=np.ones(len(rows), np.bool_)).lessons


def test_changes_at_random_teach_little() -> None:
	"""A third of the lines, anything between half and half as much again."""
	rng = np.random.default_rng(1)
	decisions = [
		(item, 7 * week, float(rng.uniform(0.5, 1.5)) if rng.random() < 1 / 3 else 1.0)
		for week in range(13)
		for item in range(len(KEYS))
	]
	moves = np.abs(np.log(factors(decisions, 91)))
	assert moves.mean() < 0.05
	assert moves.max() < 0.2


@pytest.mark.parametrize("seed", range(4))
def test_changes_that_do_not_repeat_teach_nearly_nothing(seed: int) -> None:
	"""Who raises an item now and cuts it then is not followed, however often; who repeats himself is."""
	rng = np.random.default_rng(seed)
	decisions = [
		(item, 7 * week, float(rng.uniform(0.5, 1.5)) if rng.random() < 1 / 3 else 1.0)
		for week in range(26)
		for item in range(len(KEYS))
	]
	assert np.abs(np.log(factors(decisions, 182))).max() < 0.05
	repeated = [(item, day, 1.0 if factor == 1 else 0.75) for item, day, factor in decisions]
	assert max(factors(repeated, 182)) < 0.9


def test_what_is_raised_as_often_as_cut_is_no_lesson_of_a_group() -> None:
	decisions = [(item, 7 * week, 1.4 if item < 4 else 0.6) for week in range(3) for item in LAWN]
	assert {each.kind for each in fit(rows_of(decisions), 21).lessons}.isdisjoint({"agent", "group"})


def test_turned_down_and_added_lines() -> None:
	"""What was turned down again and again is ordered less of; what the buyer added tells of no proposal."""
	found = factors([(0, 7 * week, 0.0) for week in range(6)], 42)
	assert 1 / 3 <= found[0] < 0.8
	assert factors([(0, 0, 0.0), *((item, 0, 1.0) for item in PAINT)]) == [1.0] * len(KEYS)
	assert not fit(rows_of([(0, 7 * week, 1.0) for week in range(6)], asked=0.0), 42).lessons


def test_nothing_decided_teaches_nothing() -> None:
	assert len(fit(rows_of([]), 0)) == 0


def test_one_group_is_not_its_supplier_as_well() -> None:
	"""While nothing tells them apart; once another of its groups is changed alike, it is said of both."""
	raised = [(item, 0, 1.5) for item in range(3)]
	assert {each.kind for each in fit(rows_of(raised), 7).lessons} == {"group", "item"}
	items = replace(ITEMS, suppliers=("Near",) * (2 * EACH) + ("Far",) * (2 * EACH))
	rows = rows_of([*raised, *((item, 0, 1.5) for item in range(EACH, EACH + 3))])
	index = np.array([KEYS.index(key) for key in rows.keys], dtype=np.intp)
	found = fit_lessons(items, rows, index, START + np.timedelta64(7, "D"))
	assert ("supplier", "Near") in [(each.kind, each.name) for each in found.lessons]


def test_what_is_turned_down_says_nothing_of_other_items() -> None:
	"""However often: it was not wanted, which is no quantity."""
	found = factors([(item, 7 * week, 0.0) for week in range(4) for item in range(3)], 28)
	assert all(value < 0.9 for value in found[:3])
	assert found[3:] == [1.0] * (len(KEYS) - 3)


def test_of_two_buyers_who_go_opposite_ways_none_is_followed() -> None:
	"""One alone is, and so is the other; what both change alike is followed as well."""
	raised, cut = ([(item, 7 * week, factor) for week in range(3) for item in LAWN] for factor in (1.5, 0.6))

	def moves(decisions: list[tuple[int, int, float]], *buyers: str) -> float:
		rows = replace(rows_of(decisions), buyer=tuple(np.repeat(buyers, len(raised)).tolist()))
		found = fit(rows, 21).factor(ITEMS, START + np.timedelta64(21, "D"))[:EACH]
		return float(np.abs(np.log(found)).max())

	assert moves(raised, "Ann") > 0.25
	assert moves(cut, "Ben") > 0.25
	assert moves([*raised, *raised], "Ann", "Ben") > 0.25
	assert moves([*raised, *cut], "Ann", "Ben") == 0


def test_decisions_on_another_suppliers_goods_say_nothing_of_todays() -> None:
	"""They stay the item's own."""
	items = replace(ITEMS, suppliers=("Near", "Near", "Near", "Far", "Far", "Far") * len(GROUPS))
	near = [at for at in range(len(KEYS)) if items.suppliers[at] == "Near"]
	rows = rows_of(
		[(at, 7 * week, 0.8 if at in near else 1.0) for week in range(4) for at in range(len(KEYS))]
	)
	index = np.array([KEYS.index(key) for key in rows.keys], dtype=np.intp)

	def kinds(of_near: str) -> set[str]:
		suppliers = [of_near if at in near else "Far" for at in index.tolist()]
		found = fit_lessons(items, rows, index, START + np.timedelta64(28, "D"), suppliers=suppliers)
		return {each.kind for each in found.lessons}

	assert kinds("Near") == kinds("") == {"supplier"}
	assert kinds("Old") == {"item"}
