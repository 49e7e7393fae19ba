"""What a buyer's changes say: their value in hindsight, evidence, packs and minima."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.constraints import learn_constraints
from rl_replenishment.core.edits.evidence import SILENCE, buyers_worth, evidence
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.edits.value import edit_values
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable

START = np.datetime64("2025-01-06")
REVIEW_DAYS, LEAD_TIME = 7, 3
KEY = ItemKey("A")
ITEMS = ItemTable.create(
	[KEY], suppliers=["Acme"], lead_time_days=LEAD_TIME, unit_cost=10, holding_cost=0.1, stockout_cost=4
)
AT = np.zeros(100, np.intp)


def history_of(demand: Sequence[float]) -> DemandHistory:
	return DemandHistory((KEY,), START, np.array(demand, np.float32)[:, None])


def answers(
	proposed: Sequence[float],
	ordered: Sequence[float],
	*,
	day: int | Sequence[int] = 100,
	on_hand: float = 0.0,
	on_order: float = 0.0,
	reasons: Sequence[str] = (),
	buyers: Sequence[str] = (),
) -> FeedbackRows:
	rows = len(proposed)
	return FeedbackRows(
		(KEY,) * rows,
		proposed_qty=np.array(proposed, float),
		ordered_qty=np.array(ordered, float),
		date=START + np.broadcast_to(np.asarray(day), rows).astype("timedelta64[D]"),
		on_hand=np.full(rows, on_hand),
		on_order=np.full(rows, on_order),
		reason=tuple(reasons) or ("",) * rows,
		buyer=tuple(buyers),
	)


def values_of(rows: FeedbackRows, demand: Sequence[float], items: ItemTable = ITEMS) -> FloatArray:
	return edit_values(items, history_of(demand), rows, AT[: len(rows)], REVIEW_DAYS)


def test_value_of_more_that_was_needed() -> None:
	"""10 a day for the lead time from stock, then 7 days: each unit missing is a sale lost."""
	(value,) = values_of(answers([40], [70], on_hand=30), [10] * 120)
	# 30 more units: 30 sales at 4; held while they wait, 30 units for 4 days and 20, 10 and 0 after that
	assert value == pytest.approx(30 * 4 - 0.1 * (30 * 4 + 20 + 10), rel=1e-5)


def test_value_of_more_that_nobody_wanted() -> None:
	"""Held while the order lasts, and then until the usual demand has used it up."""
	demand = [10.0] * 100 + [0.0] * 20
	(value,) = values_of(answers([70], [170], on_hand=30), demand)
	held = 100 * REVIEW_DAYS
	# nothing sold: the position is 100 above what the proposal filled up to, and lasts 10 days at 10 a day
	assert value == pytest.approx(-0.1 * (held + 100 * 10 / 2), rel=1e-5)


def test_value_of_dead_stock_is_held_for_a_year() -> None:
	"""Where nothing sells, what is too much is held for a year and no longer."""
	(value,) = values_of(answers([0], [100]), [0.0] * 120)
	assert value == pytest.approx(-0.1 * (100 * REVIEW_DAYS + 100 * 365), rel=1e-5)


def test_value_is_booked_when_the_time_is_over() -> None:
	"""Lead time and review interval after the decision, not a day earlier; an unknown stock has no value."""
	rows = answers([10, 10, 10], [20, 20, 10], day=[110, 111, 110])
	values = values_of(rows, [5] * 120)
	assert np.isnan(values).tolist() == [False, True, False]
	assert values[2] == 0
	assert np.isnan(values_of(answers([10], [20], on_hand=np.nan), [5] * 120)).all()


def test_value_takes_no_notice_of_packs() -> None:
	"""What was ordered counts as it was, also where it is no whole pack today."""
	rows, demand = answers([40], [45], on_hand=30), [10] * 120
	packs = ItemTable.create(
		[KEY],
		lead_time_days=LEAD_TIME,
		unit_cost=10,
		holding_cost=0.1,
		stockout_cost=4,
		order_multiple=24,
	)
	assert values_of(rows, demand, packs) == pytest.approx(values_of(rows, demand))


def evidence_of(rows: FeedbackRows, worth: float = 1.0, restored: bool = False) -> list[float]:
	n = len(rows)
	pack = np.full(n, 6, np.float32)
	found = evidence(rows, pack, np.full(n, restored), np.full(n, worth))
	return [round(float(value), 6) for value in found]


def test_evidence() -> None:
	"""Silence says little; a change by reason, size and buyer."""
	reasons = ("", "", "", "Promotion", "project", "Budget", "Supplier Minimum", "distrust")
	rows = answers([50] * 8, [50, 53, 90, 90, 90, 20, 60, 90], reasons=reasons)
	assert evidence_of(rows) == pytest.approx([SILENCE, 0.5, 1, 0, 0, 0, 0, 1])
	assert evidence_of(rows, worth=0.25)[:3] == pytest.approx([SILENCE, 0.125, 0.25])
	assert evidence_of(rows, restored=True)[:3] == pytest.approx([SILENCE, 0, 0])


def test_buyers_worth() -> None:
	"""By whether a buyer's changes saved money; what is kept says nothing, one lucky change little."""
	buyers = ["good"] * 20 + ["bad"] * 20 + ["lucky", "silent", "new"]
	values = np.array([5.0, 3.0] * 10 + [-5.0, -3.0] * 10 + [50.0, 7.0, np.nan])
	rows = answers([10] * 43, [20] * 41 + [10, 20], buyers=buyers)
	good, bad, lucky, silent, new, unknown = buyers_worth(
		["good", "bad", "lucky", "silent", "new", "nobody"], rows, values
	)
	assert good > 0.99
	assert bad < 0.01
	assert 0.5 < lucky < 0.99
	assert silent == new == unknown == 0.5
	assert buyers_worth(["x"], rows, np.full(43, np.nan)).tolist() == [0.5]


def test_a_pack_that_only_the_buyer_knew() -> None:
	"""Learned from changes to a neighbouring multiple, which then are no preference."""
	rows = answers([50, 70, 24, 36, 90], [48, 72, 24, 36, 96])
	found = learn_constraints(ITEMS, rows, AT[:5])
	assert found.order_multiple.tolist() == [12]
	assert found.restored.tolist() == [True, True, False, False, True]
	assert found.applied_to(ITEMS).order_multiple.tolist() == [12]
	assert len(found) == 1


def test_a_minimum_order_that_only_the_buyer_knew() -> None:
	"""Learned from small proposals raised to one quantity."""
	rows = answers([20, 35, 60, 12, 75], [50, 50, 60, 50, 75])
	found = learn_constraints(ITEMS, rows, AT[:5])
	assert found.min_order_qty.tolist() == [50]
	assert found.order_multiple.tolist() == [0]
	assert found.restored.tolist() == [True, True, False, True, False]


def test_packs_and_minima_beside_what_was_not_looked_at() -> None:
	"""Three changes say so although most was kept as it was proposed, unless the pack is one by chance."""
	kept = [33, 41, 57, 29]
	full = learn_constraints(ITEMS, answers([20, 35, 12, *kept], [60, 60, 60, *kept]), AT[:7])
	assert (full.min_order_qty.tolist(), full.order_multiple.tolist()) == ([60], [0])
	packs = learn_constraints(ITEMS, answers([50, 70, 110, *kept], [48, 72, 108, *kept]), AT[:7])
	assert packs.order_multiple.tolist() == [12]
	by_chance = learn_constraints(ITEMS, answers([50, 70, 91, *kept], [52, 72, 92, *kept]), AT[:7])
	assert len(by_chance) == 0
	# hardly any was changed
	many = [*kept] * 3
	assert len(learn_constraints(ITEMS, answers([20, 35, 12, *many], [60, 60, 60, *many]), AT[:15])) == 0


@pytest.mark.parametrize(
	("proposed", "ordered", "reasons"),
	[
		# only two changes
		([50, 70, 24], [48, 72, 24], ()),
		# one order is no multiple
		([50, 70, 90, 30], [48, 72, 96, 31], ()),
		# moved by more than a pack: a wish, not a rounding
		([50, 70, 90], [96, 120, 144], ()),
		# always the same quantity, from below and from above
		([20, 90, 35], [50, 50, 50], ()),
		# raised from the same quantity each time: it may as well be a habit
		([40, 40, 40, 40], [52, 52, 52, 52], ()),
		# said to be something else
		([50, 70, 90], [48, 72, 96], ("promotion", "Budget", "distrust")),
		# turned down
		([50, 70, 90], [0, 0, 0], ()),
	],
)
def test_changes_that_teach_no_constraint(
	proposed: list[float], ordered: list[float], reasons: tuple[str, ...]
) -> None:
	"""Three changes that agree, and nothing that speaks against it."""
	found = learn_constraints(ITEMS, answers(proposed, ordered, reasons=reasons), AT[: len(proposed)])
	assert len(found) == 0
	assert not found.restored.any()


def test_a_learned_pack_is_never_smaller_than_the_known_one() -> None:
	"""Multiples of a pack that is known already teach nothing."""
	items = ItemTable.create([KEY], order_multiple=12)
	found = learn_constraints(items, answers([50, 65, 90], [48, 60, 96]), AT[:3])
	assert len(found) == 0


def test_all_in_one_reading() -> None:
	"""Values booked earlier are kept, the others found; the items come with what was learned."""
	rows = answers([50, 70, 90, 100], [48, 72, 96, 24], buyers=["a", "a", "a", "b"])
	booked = np.array([1.5, np.nan, np.nan, np.nan])
	found = read_answers(ITEMS, history_of([10] * 120), rows, AT[:4], REVIEW_DAYS, values=booked)
	assert found.values[0] == 1.5
	assert not np.isnan(found.values).any()
	assert len(found.constraints) == 0
	again = read_answers(ITEMS, history_of([10] * 120), rows.take(np.arange(3)), AT[:3], REVIEW_DAYS)
	assert again.items.order_multiple.tolist() == [24]
	assert again.evidence.tolist() == [0, 0, 0]
