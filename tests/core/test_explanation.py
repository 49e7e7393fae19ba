"""The reason for a quantity: its numbers add up, and the sentence says them."""

import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from core_samples import codes, forecast_rule, mixed_items, plain_statistics, residual_policy, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.demand.statistics import demand_statistics
from rl_replenishment.core.explanation import Explanation, explain, target_words, told
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.residual_network import Decision, ResidualNetwork

REVIEW_DAYS = 7
EXAMPLE = Explanation(
	protection_days=21,
	demand_low=83.4,
	demand_high=120,
	borrowed=0,
	on_hand=40,
	on_order=12,
	set_aside=0,
	position=52,
	reorder_point=60,
	target=150,
	learned_target=154.4,
	rule_wish=98,
	rule_quantity=108,
	correction=4.4,
	rounding=5.6,
	quantity=108,
	pack=12,
	min_order=0,
)


def random_state(seed: int, items: ItemTable | None = None) -> State:
	rng = np.random.default_rng(seed)
	table = items if items is not None else mixed_items()
	count = len(table)
	demand = (
		rng.poisson(rng.uniform(0.1, 30, count), (460, count)) * (rng.random((460, count)) < 0.6)
	).astype(np.float32)
	return state_of(
		table,
		on_hand=rng.uniform(-20, 300, count) * rng.integers(0, 2, count),
		arrivals=rng.uniform(0, 40, (8, count)) * rng.integers(0, 2, count),
		demand=demand_statistics(demand, protection_days(table, REVIEW_DAYS), [460]).on(0),
		review_days=REVIEW_DAYS,
	)


def explained(policy: ResidualNetwork, state: State) -> tuple[list[Explanation], Decision]:
	situation = policy.situation(state)
	decision = situation.decide(policy.actions(situation))
	return explain(situation, decision), decision


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 1.5]), st.sampled_from([1.2, np.inf]))
def test_the_numbers_add_up(seed: int, gap: float, cap: float) -> None:
	"""Rule + correction + rounding = quantity, for any state, and each number is what it claims to be."""
	state = random_state(seed)
	rule = forecast_rule(safety_factor=1.5, gap=gap, cap=cap)
	policy = residual_policy(rule, np.random.default_rng(seed))
	reasons, decision = explained(policy, state)
	assert len(reasons) == 5
	levels = rule.rule.levels(state)
	wish = rule.wished_quantities(state, levels)
	for item, why in enumerate(reasons):
		assert policy.order_quantities(state)[item] == decision.quantity[item]
		assert why.quantity == pytest.approx(decision.quantity[item], abs=1e-3)
		assert why.rule_wish + why.correction + why.rounding == pytest.approx(
			why.quantity, rel=1e-5, abs=2e-3
		)
		assert why.rule_wish == pytest.approx(wish[item], rel=1e-5, abs=1e-5)
		assert why.target == pytest.approx(levels.order_up_to[item], rel=1e-6)
		assert why.on_hand == pytest.approx(state.on_hand[item])
		assert why.on_order == pytest.approx(state.arrivals[:, item].sum(), rel=1e-5)
		assert why.protection_days == state.items.whole_lead_time_days[item] + REVIEW_DAYS
		expected = float(state.demand.level_91[item]) * why.protection_days
		assert 0 <= why.demand_low <= expected * 1.00001
		assert expected * 0.99999 <= why.demand_high


def test_what_is_set_aside_is_said() -> None:
	"""The sentence tells what is kept for announced demand and what that leaves; the numbers have it."""
	aside = np.array([0, 5, 10, 20, 40], np.float32)
	state = replace(random_state(7), set_aside=aside)
	policy = residual_policy(forecast_rule(safety_factor=1.5), np.random.default_rng(7))
	reasons, _decision = explained(policy, state)
	for why, kept, there in zip(reasons, aside, state.inventory_position, strict=True):
		assert why.set_aside == kept
		# less where the shelf is empty before an open order arrives
		assert why.position <= there + 1e-4
		if not why.late:
			assert why.position == pytest.approx(why.on_hand + why.on_order - kept, rel=1e-5, abs=1e-4)
		words = (
			f", {shown(kept)} of it kept for announced demand, which leaves {shown(why.position)}; the rule"
		)
		assert (words in why.sentence()) == bool(kept)


def shown(value: float) -> str:
	"""As a buyer reads numbers: whole from 10 on and where they are, one decimal below."""
	return f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"


def test_what_comes_in_pieces_adds_up() -> None:
	"""On hand and what is asked for are the target, and that is ordered: no fraction is told, or rounded."""
	pieces = {
		"pack": 1,
		"on_order": 0,
		"on_hand": 32,
		"position": 32,
		"learned_target": 95.4,
		"correction": 0,
	}
	sentence = replace(
		EXAMPLE, **pieces, target=95.4, rule_wish=63.4, rule_quantity=64, rounding=0.6, quantity=64
	).sentence()
	assert sentence.endswith("with 32 on hand; the rule fills up to 96 and asks for 64: order 64.")
	learned = replace(EXAMPLE, **pieces | {"correction": 2.8}, target=95.4, rule_wish=63.4, quantity=67)
	assert "asks for 64, learning adds 3," in learned.sentence()
	assert learned.sentence().endswith(": order 67.")


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5]))
def test_what_is_told_adds_up(seed: int, gap: float) -> None:
	"""Told anew from what was kept of it, the numbers are those of the sentence, and lead to the quantity."""
	rule = forecast_rule(safety_factor=1.5, gap=gap, cap=np.inf)
	for why in explained(residual_policy(rule, np.random.default_rng(seed)), random_state(seed))[0]:
		kept = told(asdict(why))
		parts = kept["rule_wish"] + kept["correction"] + kept["rounding"] + kept["followed"]
		assert parts == pytest.approx(why.quantity, abs=1e-3)
		if f"the rule fills up to {shown(kept['target'])} and asks for" in why.sentence():
			assert kept["target"] == pytest.approx(why.position + kept["rule_wish"], rel=1e-4, abs=0.51)
	assert told({"target": 3.5}) == {"target": 3.5}


def test_why_the_target_is_where_it_is() -> None:
	"""Expected demand, what is for luck, and the lot: the parts are the target."""
	assert target_words(150, 60, 42.4, 21) == (
		"The target of 150: 42 are expected to leave in 21 days, 18 are for more than expected, "
		"and 90 last 45 more days, so that an order is worth its cost."
	)
	base_stock = target_words(150, 150, 42.4, 21)
	assert base_stock.endswith("42 are expected to leave in 21 days, 108 are for more than expected.")
	cheap = target_words(150, 60, 70, 21)
	assert "less 10, since running out costs little, and 90 last 27 more days" in cheap
	assert target_words(150, 60, 0, 21) == ""


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5]), st.sampled_from([1.2, np.inf]))
def test_the_sentence_says_the_numbers(seed: int, gap: float, cap: float) -> None:
	rule = forecast_rule(safety_factor=1.5, gap=gap, cap=cap)
	policy = residual_policy(rule, np.random.default_rng(seed))
	for why in explained(policy, random_state(seed))[0]:
		sentence = why.sentence()
		ordered = f": order {shown(why.quantity)}" if why.quantity else ": order nothing."
		assert sentence.endswith(f"{ordered}." if not why.late else " come earlier.") or not why.quantity
		assert ordered in sentence
		assert sentence.count("\n") == 0
		assert f"over the next {why.protection_days} days" in sentence
		assert f"expected at {shown(why.demand_low)} to {shown(why.demand_high)}" in sentence
		assert f"{shown(why.on_hand)} on hand" in sentence
		assert (f"and {shown(why.on_order)} on order" in sentence) == bool(why.on_order)
		# of pieces whole ones are told
		asked, learned = why.rule_wish, why.correction
		if why.pack == 1:
			asked = max(0.0, np.ceil(why.rule_wish - 1e-3))
			learned = np.ceil(max(why.rule_wish + why.correction, 0) - 1e-3) - asked or why.correction
		assert f" asks for {shown(asked)}" in sentence
		if why.position <= why.reorder_point:
			plain = "at most" not in sentence and "counts what arrives" not in sentence
			target = why.target + asked - why.rule_wish if plain else why.target
			assert f"the rule fills up to {shown(target)}" in sentence
		else:
			if not why.late:
				assert (
					f"{shown(why.position)} {'in all' if why.on_order else 'on hand'}; the rule" in sentence
				)
			point = shown(why.reorder_point)
			below = shown(why.position) == point
			assert f"the rule orders {f'below {point}' if below else f'at {point} or less'}, so" in sentence
		missing = why.target - why.position - why.later
		assert ("at most" in sentence) == (
			why.position <= why.reorder_point and why.rule_wish <= missing - 0.5
		)
		if abs(why.correction) >= 0.5 or abs(why.quantity - why.rule_quantity) > 1e-3:
			verb = "adds" if why.correction > 0 else "takes off"
			tiny = abs(learned) < 0.05
			assert f"learning {verb} {'less than 0.1' if tiny else shown(abs(learned))}" in sentence
		else:
			assert "learning" not in sentence
		assert "nan" not in sentence
		assert "inf" not in sentence


def test_in_another_language() -> None:
	"""Every word goes through the translation; what is left are numbers and punctuation."""
	for changed in (
		{},
		{"borrowed": 1.0, "on_order": 0, "set_aside": 4, "correction": -30.4},
		{"position": 160, "rule_wish": 0, "quantity": 0, "correction": 0.01},
		{"position": 60.2, "rule_wish": 0, "rounding": -14},
		{"rule_wish": 50, "rounding": 97, "min_order": 200, "quantity": 200},
		{"pack": 1},
	):
		sentence = replace(EXAMPLE, **changed).sentence(lambda text: re.sub("[A-Za-z]+", "#", text))
		assert not re.search("[A-Za-z]", sentence)


def test_an_example() -> None:
	assert EXAMPLE.sentence() == (
		"Demand over the next 21 days is expected at 83 to 120, with 40 on hand and 12 on order; the rule "
		"fills up to 150 and asks for 98, learning adds 4.4, filling up to 154, rounded up to packs of 12: "
		"order 108."
	)


@pytest.mark.parametrize(
	("changed", "words"),
	[
		({"on_order": 0}, "with 40 on hand; the rule"),
		(
			{"correction": -30.4, "rounding": 4.4, "quantity": 72},
			"learning takes off 30, rounded up to packs of 12: order 72.",
		),
		({"correction": 0.2, "rounding": 0.0, "pack": 0}, "asks for 98: order 108."),
		(
			{"correction": 0.2, "rule_quantity": 96, "pack": 0},
			"asks for 98, learning adds 0.2, filling up to 154, rounded up",
		),
		({"rounding": -14, "quantity": 88}, "cut to the largest order: order 88."),
		(
			{"quantity": 200, "min_order": 200, "rounding": 97},
			"raised to the minimum order of 200: order 200.",
		),
		({"pack": 1, "rounding": 0.6}, "rounded up: order 108."),
		(
			{"correction": 0.01, "rule_quantity": 96},
			"asks for 98, learning adds less than 0.1, filling up to 154, rounded",
		),
		# what the supplier's units leave of float noise
		({"correction": 1e-6, "rule_quantity": 108.0001, "rounding": 0}, "asks for 98: order 108."),
		(
			{"rule_wish": 50, "rounding": 0, "correction": 0, "rule_quantity": 50, "quantity": 50},
			"fills up to 150, at most 50 at a time, and asks for 50: order 50.",
		),
	],
)
def test_words_for_what_happened(changed: dict[str, float], words: str) -> None:
	assert words in replace(EXAMPLE, **changed).sentence()


NO_WISH = {"rule_wish": 0, "rule_quantity": 0, "correction": 0, "rounding": 0, "quantity": 0}


@pytest.mark.parametrize(
	("changed", "words"),
	[
		(
			{"on_hand": 60, "position": 72},
			"with 60 on hand and 12 on order, 72 in all; the rule orders at 60 or less, so it asks for 0: ",
		),
		(
			{"on_hand": 72, "on_order": 0, "position": 72, "reorder_point": 71.6},
			"with 72 on hand; the rule orders below 72, so it asks for 0: order nothing.",
		),
		# base-stock: what it fills up to is its reorder point
		({"position": 160, "reorder_point": 150}, "orders at 150 or less, so it asks for 0: order nothing."),
		({"position": 150, "reorder_point": 150}, "fills up to 150 and asks for 0: order nothing."),
		(
			{"position": 72, "correction": 24, "quantity": 24},
			"asks for 0, learning adds 24, filling up to 154: order 24.",
		),
		({"reorder_point": 0, "target": 3, "position": 0}, "fills up to 3, at most 0 at a time, and asks"),
	],
)
def test_the_reorder_point_tells_why_the_rule_waits(changed: dict[str, float], words: str) -> None:
	assert words in replace(EXAMPLE, **NO_WISH | changed).sentence()


@pytest.mark.parametrize(
	("values", "on_hand", "words"),
	[
		({"order_multiple": 25}, 0, "rounded up to packs of 25"),
		({"order_multiple": 0, "min_order_qty": 500}, 0, "raised to the minimum order of 500"),
		({"order_multiple": 1, "max_order_qty": 7}, 0, "cut to the largest order: order 7"),
		(
			{"order_multiple": 1, "max_order_qty": 7, "min_order_qty": 9},
			0,
			"cut to the largest order: order nothing",
		),
		({"order_multiple": 1}, 500, "or less, so it asks for 0: order nothing"),
	],
)
def test_reasons_of_real_decisions(values: dict[str, float], on_hand: float, words: str) -> None:
	"""The supplier's conditions, where they changed the quantity."""
	items = ItemTable.create(["A"], lead_time_days=7, **values)
	state = state_of(items, on_hand=on_hand, demand=plain_statistics(1, level=3.0), review_days=REVIEW_DAYS)
	policy = residual_policy(forecast_rule(), np.random.default_rng(0), scale=0.0)
	(why,), _ = explained(policy, state)
	assert words in why.sentence()


def test_the_range_holds_four_cases_in_five() -> None:
	"""Of a normal demand over the protection interval."""
	rng = np.random.default_rng(0)
	demand = rng.normal(50, 10, (460, 40)).astype(np.float32)
	items = ItemTable.create(codes(40), lead_time_days=2)
	known = demand_statistics(demand, protection_days(items, REVIEW_DAYS), [460]).on(0)
	state = state_of(items, demand=known, review_days=REVIEW_DAYS)
	reasons, _ = explained(residual_policy(forecast_rule(), rng), state)
	ahead = rng.normal(50, 10, (500, 9, 40)).sum(axis=1)
	low, high = (np.array([getattr(why, name) for why in reasons]) for name in ("demand_low", "demand_high"))
	assert ((ahead >= low) & (ahead <= high)).mean() == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("value", [0.0, 0.04, 0.96, 9.96, 10.4, 1234567.0])
def test_numbers_are_short(value: float) -> None:
	sentence = replace(EXAMPLE, target=value, rule_wish=value).sentence()
	(found,) = re.findall(r"fills up to (\S+) and", sentence)
	assert float(found) == pytest.approx(value, rel=0.05, abs=0.05)
	assert len(found) <= 7


def test_noise_is_not_called_a_cut() -> None:
	"""A wish of 100,004.5 in packs of 100,000 is one pack; the largest order has nothing to do with it."""
	items = ItemTable.create(["A"], lead_time_days=0, order_multiple=100_000)
	state = state_of(items, demand=plain_statistics(1, level=100_004.5))
	policy = residual_policy(forecast_rule(safety_factor=0), np.random.default_rng(0), scale=0.0)
	(why,), _ = explained(policy, state)
	assert why.quantity == 100_000
	assert "largest order" not in why.sentence()
