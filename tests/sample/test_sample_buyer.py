"""The simulated buyer edits what his habits say and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable, feasible_quantity
from rl_replenishment.core.sample.buyer import REASONS, Buyer, BuyerDecision, sample_buyer
from rl_replenishment.core.sample.company import Promotion, SampleCompany, sample_company

MONDAY = np.datetime64("2025-06-30")
PROMOTION = Promotion(
	item_code="A", item=0, first_day=20, start=MONDAY + np.timedelta64(20, "D"), days=10, uplift=2.5
)


def table(**values: float | list[float]) -> ItemTable:
	return ItemTable.create(
		["A", "B", "C"],
		["Reliable", "Late", "Reliable"],
		**{"lead_time_days": 5, "unit_cost": 2.0, "order_multiple": 10, **values},
	)


def decide(
	buyer: Buyer,
	proposed: list[float],
	*,
	items: ItemTable | None = None,
	today: np.datetime64 = MONDAY,
	daily_demand: tuple[float, ...] = (4, 4, 4),
	seed: int = 0,
) -> BuyerDecision:
	return buyer.decide(
		table() if items is None else items,
		np.array(proposed, np.float32),
		review_days=7,
		today=today,
		daily_demand=np.array(daily_demand, np.float32),
		rng=np.random.default_rng(seed),
	)


def test_without_habits_everything_stays() -> None:
	answer = decide(Buyer(), [30, 0, 7])
	np.testing.assert_array_equal(answer.ordered_qty, [30, 0, 7])
	assert answer.reasons == ("", "", "")


@pytest.mark.parametrize(("day", "extra"), [(7, 0), (8, 0), (9, 60), (15, 60), (16, 0), (25, 0)])
def test_a_promotion_counts_while_its_goods_come_just_in_time(day: int, extra: float) -> None:
	"""It starts on day 20 and the lead time is 5: of weekly reviews one falls on day 9 to 15."""
	answer = decide(Buyer(promotions=(PROMOTION,)), [30, 30, 30], today=MONDAY + np.timedelta64(day, "D"))
	# 4 a day, 1.5 times that on top, for 10 days
	np.testing.assert_array_equal(answer.ordered_qty, [30 + extra, 30, 30])
	assert answer.reasons == (("promotion" if extra else ""), "", "")


def test_each_promotion_is_ordered_once_over_weekly_reviews() -> None:
	buyer = Buyer(promotions=(PROMOTION,))
	raised = [
		decide(buyer, [0, 0, 0], today=MONDAY + np.timedelta64(day, "D")).ordered_qty[0]
		for day in range(0, 42, 7)
	]
	assert sorted(raised) == [0, 0, 0, 0, 0, 60]


def test_an_uncertain_lead_time_is_allowed_for() -> None:
	items = table(lead_time_std_days=3)
	buyer = Buyer(promotions=(PROMOTION,))
	early = decide(buyer, [30, 30, 30], items=items, today=MONDAY + np.timedelta64(6, "D"))
	late = decide(buyer, [30, 30, 30], items=items, today=MONDAY + np.timedelta64(13, "D"))
	assert early.reasons[0] == "promotion"
	assert late.reasons[0] == ""


def test_promotions_are_found_by_item_code_in_any_table() -> None:
	items = ItemTable.create(
		[ItemKey("B", "East"), ItemKey("A", "East"), ItemKey("A", "West")], lead_time_days=5
	)
	answer = decide(
		Buyer(promotions=(PROMOTION,)),
		[0, 0, 0],
		items=items,
		today=MONDAY + np.timedelta64(12, "D"),
		daily_demand=(4, 4, 2),
	)
	np.testing.assert_array_equal(answer.ordered_qty, [0, 60, 30])


def test_a_distrusted_supplier_gets_a_share_on_top_in_whole_packs() -> None:
	answer = decide(Buyer(distrusted_supplier="Late"), [30, 50, 30])
	# a quarter of 50 is 12.5, which is two packs
	np.testing.assert_array_equal(answer.ordered_qty, [30, 70, 30])
	assert answer.reasons == ("", "distrust", "")
	assert decide(Buyer(distrusted_supplier="Late"), [30, 0, 30]).ordered_qty[1] == 0


def test_nobody_is_distrusted_for_having_no_name() -> None:
	items = ItemTable.create(["A", "B", "C"])
	assert decide(Buyer(), [30, 50, 30], items=items).reasons == ("", "", "")


@pytest.mark.parametrize(
	("proposed", "ordered"), [(60, 60), (70, 70), (80, 100), (110, 100), (130, 130), (180, 200), (200, 200)]
)
def test_orders_close_to_whole_pallets_become_whole_pallets(proposed: float, ordered: float) -> None:
	answer = decide(Buyer(pallet_qty={"A": 100}), [proposed, proposed, proposed])
	np.testing.assert_array_equal(answer.ordered_qty, [ordered, proposed, proposed])
	assert answer.reasons == (("supplier minimum" if ordered != proposed else ""), "", "")


def test_an_order_near_the_suppliers_minimum_is_filled_up_with_what_sells_most() -> None:
	buyer = Buyer(minimum_order_value={"Reliable": 200.0})
	# 60 units of 2 money each: 80 money are missing, that is 40 units
	answer = decide(buyer, [30, 30, 30], daily_demand=(1, 9, 3))
	np.testing.assert_array_equal(answer.ordered_qty, [30, 30, 70])
	assert answer.reasons == ("", "", "supplier minimum")


@pytest.mark.parametrize(
	"proposed",
	[
		[0, 30, 0],
		[20, 30, 20],
		[50, 30, 50],
		[
			90,
			30,
			0,
		],
	],
)
def test_far_below_or_above_the_minimum_nothing_is_filled_up(proposed: list[float]) -> None:
	buyer = Buyer(minimum_order_value={"Reliable": 180.0})
	answer = decide(buyer, proposed)
	np.testing.assert_array_equal(answer.ordered_qty, proposed)
	assert answer.reasons == ("", "", "")


def test_an_edit_undone_by_another_needs_no_reason() -> None:
	"""A fifth on top of a pallet is rounded back to the pallet."""
	buyer = Buyer(distrusted_supplier="Late", pallet_qty={"B": 100}, safety_share=0.2)
	answer = decide(buyer, [0, 100, 0])
	np.testing.assert_array_equal(answer.ordered_qty, [0, 100, 0])
	assert answer.reasons == ("", "", "")


def test_the_largest_order_binds_the_buyer_too() -> None:
	answer = decide(Buyer(distrusted_supplier="Late"), [0, 50, 0], items=table(max_order_qty=60))
	assert answer.ordered_qty[1] == 60


def test_lines_not_looked_at_stay_as_proposed() -> None:
	items = ItemTable.create([str(number) for number in range(400)], ["Late"] * 400)
	buyer = Buyer(distrusted_supplier="Late", attention=0.7)
	proposed = np.full(400, 8, np.float32)

	def answer(seed: int) -> BuyerDecision:
		return buyer.decide(
			items,
			proposed,
			review_days=7,
			today=MONDAY,
			daily_demand=proposed,
			rng=np.random.default_rng(seed),
		)

	edited = np.array([reason == "distrust" for reason in answer(0).reasons])
	assert 0.6 < edited.mean() < 0.8
	np.testing.assert_array_equal(answer(0).ordered_qty, np.where(edited, 10, 8))
	assert answer(0).reasons == answer(0).reasons
	assert answer(0).reasons != answer(1).reasons


def test_proposals_of_another_shape_are_refused() -> None:
	with pytest.raises(ValueError, match="proposed_qty"):
		decide(Buyer(), [1, 2])


@pytest.fixture(scope="module")
def company() -> SampleCompany:
	return sample_company(np.random.default_rng(0))


def proposals(company: SampleCompany, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
	rate = company.history.demand[-91:].mean(axis=0)
	wished = rate * rng.uniform(5, 40, len(rate)) * (rng.random(len(rate)) < 0.5)
	return feasible_quantity(company.items, wished.astype(np.float32)), rate


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), week=st.integers(0, 7), attention=st.sampled_from([0.0, 0.5, 1.0]))
def test_every_edit_has_its_habit_and_can_be_ordered(
	company: SampleCompany, seed: int, week: int, attention: float
) -> None:
	rng = np.random.default_rng(seed)
	buyer = sample_buyer(company, attention=attention)
	proposed, rate = proposals(company, rng)
	before = proposed.copy()
	today = company.today + np.timedelta64(7 * week, "D")
	answer = buyer.decide(company.items, proposed, review_days=7, today=today, daily_demand=rate, rng=rng)
	np.testing.assert_array_equal(proposed, before)
	np.testing.assert_array_equal(feasible_quantity(company.items, answer.ordered_qty), answer.ordered_qty)
	promoted = {promotion.item_code for promotion in buyer.promotions}
	for line, reason in enumerate(answer.reasons):
		code = company.items.keys[line].item_code
		difference = answer.ordered_qty[line] - proposed[line]
		assert reason in REASONS
		assert (difference == 0) == (reason == "")
		if reason == "promotion":
			assert code in promoted
			assert difference > 0
		elif reason == "distrust":
			assert company.items.suppliers[line] == buyer.distrusted_supplier
			assert proposed[line] > 0
		elif reason == "supplier minimum":
			assert proposed[line] > 0
			assert code in buyer.pallet_qty or difference > 0
	if attention == 0:
		assert set(answer.reasons) == {""}


def test_the_sample_buyer_meets_every_promotion_in_time(company: SampleCompany) -> None:
	"""Weekly reviews raise each promoted item exactly once, and it arrives before the promotion."""
	buyer = sample_buyer(company)
	raised: list[tuple[str, int]] = []
	nothing = np.zeros(len(company.items), np.float32)
	rate = company.history.demand[-91:].mean(axis=0)
	for day in range(0, company.future.days, 7):
		answer = buyer.decide(
			company.items,
			nothing,
			review_days=7,
			today=company.today + np.timedelta64(day, "D"),
			daily_demand=rate,
			rng=np.random.default_rng(0),
		)
		raised += [
			(company.items.keys[line].item_code, day) for line, reason in enumerate(answer.reasons) if reason
		]
	assert sorted(code for code, _ in raised) == sorted(promotion.item_code for promotion in buyer.promotions)
	due = {promotion.item_code: promotion for promotion in buyer.promotions}
	for code, day in raised:
		assert day + company.items.lead_time_days[due[code].item] <= due[code].first_day


def test_the_sample_buyer_leaves_most_lines_alone(company: SampleCompany) -> None:
	buyer = sample_buyer(company)
	proposed, rate = proposals(company, np.random.default_rng(3))
	answer = buyer.decide(
		company.items,
		proposed,
		review_days=7,
		today=company.today,
		daily_demand=rate,
		rng=np.random.default_rng(0),
	)
	edited = sum(reason != "" for reason in answer.reasons)
	assert 0 < edited < 0.4 * (proposed > 0).sum()
