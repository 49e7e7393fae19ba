"""What holidays and promotions do to demand is learned from the past, and no more than it bears out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from core_samples import MONDAY, codes, forecast_rule
from event_samples import COUNT, DAYS, GROUPS, ITEMS, LEVEL, WEEK, event, history, moved

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Unseen, impute
from rl_replenishment.core.demand.known_events.effects import LARGEST_LIFT, Effect, effects_of
from rl_replenishment.core.demand.known_events.event import (
	EVENTS,
	EVENTS_COST_RATIO,
	Event,
	concerned,
	merged,
)
from rl_replenishment.core.demand.known_events.lifts import known_lifts, lifts_of, usual_history
from rl_replenishment.core.demand.known_events.stored import KnownEvents, events_as_json, events_from
from rl_replenishment.core.demand.known_events.telling import (
	effect_words,
	event_words,
	what_was_learned,
	with_events_told,
)
from rl_replenishment.core.demand.rhythm import DAILY, WEEKLY
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.forecast import MeanLevels
from rl_replenishment.core.policies.levels import Levels
from rl_replenishment.core.policies.order_up_to import FixedLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.from_history import snapshot

CLOSED = [event("Closed", first, 3) for first in (100, 300, 500, 700)]
SALES = [
	event(
		"Promotion",
		60 + 45 * number,
		7,
		items=codes(COUNT)[number % 3 :: 3],
		discount=(10, 20, 30)[number % 3],
	)
	for number in range(16)
]


STORED = Effect("Fair", False, 3, 1.0, 1.0, 0.4)


def only(found: tuple[Effect, ...]) -> Effect:
	(effect,) = found
	return effect


def test_a_holiday_that_closes() -> None:
	effect = only(effects_of(history(CLOSED, moved(CLOSED, 0.05)), ITEMS))
	assert effect.seen == len(CLOSED)
	assert effect.usual_lift < 0.12


def test_a_week_that_sells_more() -> None:
	fairs = [event("Fair", first, 7) for first in (120, 400, 640)]
	assert only(effects_of(history(fairs, moved(fairs, 1.6)), ITEMS)).usual_lift == pytest.approx(
		1.6, abs=0.08
	)


def test_a_discount_that_was_never_seen_says_something() -> None:
	effect = only(effects_of(history(SALES, moved(SALES, elasticity=2.5)), ITEMS))
	assert effect.slope == pytest.approx(2.5, abs=0.25)
	for percent in (5, 25, 40):
		lift = effect.lift(np.array([effect.slope]), percent / 100)
		assert lift == pytest.approx(np.exp(2.5 * percent / 100), rel=0.15)


def test_beyond_twice_the_strongest_discount_seen_the_lift_grows_no_further() -> None:
	effect = Effect("Sale", True, 5, strongest=0.1, usual_strength=0.1, slope=4.0)
	twice, more = (effect.lift(np.array([4.0]), strength) for strength in (0.2, 0.9))
	assert twice == more == pytest.approx(np.exp(0.8))
	assert Effect("Sale", True, 5, 0.9, 0.5, 9.0).lift(np.array([9.0]), 0.9) == pytest.approx(LARGEST_LIFT)


def test_a_higher_price_lowers_demand() -> None:
	dearer = [replace(each, discount=-15.0) for each in SALES[:5]]
	effect = only(effects_of(history(SALES[5:] + dearer, moved(SALES[5:] + dearer, elasticity=2.0)), ITEMS))
	assert effect.lift(np.array([effect.slope]), -0.15) == pytest.approx(np.exp(-0.3), rel=0.1)


def test_what_is_no_more_than_chance_changes_nothing() -> None:
	"""Of 40 kinds on days of which nothing came, few are taken for something, and these for little."""
	taken = []
	for seed in range(20):
		rng = np.random.default_rng(seed)
		days = rng.choice(DAYS - 40, 12, replace=False) + 20
		events = [event("Nothing", int(day), int(rng.integers(1, 8))) for day in days[:6]]
		events += [event("Nor this", int(day), 5, groups=["dry"]) for day in days[6:]]
		found = effects_of(history(events, moved([], seed=seed)), ITEMS)
		assert len(found) == 2
		taken += [effect.usual_lift for effect in found if effect.slope]
	assert len(taken) <= 2
	assert all(0.85 < lift < 1.15 for lift in taken)


def test_one_lumpy_item_once_is_no_proof() -> None:
	"""Where single orders are large, a week with three of them tells nothing."""
	demand = np.zeros((DAYS, COUNT), np.float32)
	demand[:, 0] = 30 * (np.random.default_rng(1).random(DAYS) < 1 / 6)
	week = event("Promotion", 402, 7, items=codes(1))
	demand[402:409, 0] = [30, 0, 0, 30, 0, 0, 30]
	assert only(effects_of(history([week], demand), ITEMS)).slope == 0
	# where as much comes each time, it does
	weeks = [event("Promotion", first, 7, items=codes(1)) for first in range(52, 780, 35)]
	for each in weeks:
		first = int((each.first - MONDAY).astype(int))
		demand[first : first + 7, 0] = [30, 0, 0, 30, 0, 0, 30]
	assert only(effects_of(history(weeks, demand), ITEMS)).usual_lift > 1.5


def test_seldom_seen_is_shrunk_and_often_seen_is_not() -> None:
	rare, often = (
		only(effects_of(history(events, moved(events, 1.5)), ITEMS))
		for events in ([event("Fair", 400, 4)], [event("Fair", first, 4) for first in range(60, 760, 50)])
	)
	assert abs(often.usual_lift - 1.5) < 0.1
	assert rare.slope < often.slope


def test_a_group_differs_as_far_as_its_own_events_bear_it_out() -> None:
	events = [event("Heat", first, 5) for first in (100, 200, 300, 400, 500, 600, 700)]
	demand = moved(events, 1.2)
	fresh = [event("Heat", int((each.first - MONDAY).astype(int)), 5, groups=["fresh"]) for each in events]
	strong = np.where(np.array(GROUPS) == "fresh", moved(fresh, 2.5), demand).astype(np.float32)
	apart = only(effects_of(history(events, strong), ITEMS))
	lifts = {group: float(np.exp(slope)) for group, slope in apart.groups.items()}
	assert lifts["fresh"] == pytest.approx(2.5, rel=0.12)
	assert lifts["dry"] == pytest.approx(1.2, rel=0.12)
	alike = only(effects_of(history(events, demand), ITEMS))
	assert not alike.groups
	assert len(alike.items) <= COUNT // 10


def test_an_item_differs_and_the_others_do_not() -> None:
	events = [event("Fair", first, 7) for first in range(60, 760, 70)]
	demand = moved(events, 1.3)
	at = int(np.argsort(LEVEL)[-3])
	own = moved([replace(each, items=(codes(COUNT)[at],)) for each in events], 3.0)
	demand[:, at] = own[:, at]
	effect = only(effects_of(history(events, demand), ITEMS))
	slopes = np.exp(effect.slopes(ITEMS))
	assert slopes[at] == pytest.approx(3.0, rel=0.15)
	assert abs(np.median(np.delete(slopes, at)) - 1.3) < 0.1
	# what has seen no event of its own goes by the others
	stranger = ItemTable.create(["new"], groups=("other",))
	assert effect.slopes(stranger).tolist() == [effect.slope]


def test_nothing_later_is_looked_at() -> None:
	events = CLOSED + SALES
	before = moved(events, 0.05, elasticity=2.5)
	after = before.copy()
	after[400:] = 7 * np.random.default_rng(5).random(after[400:].shape)
	assert effects_of(history(events, before), ITEMS, 400) == effects_of(history(events, after), ITEMS, 400)
	assert effects_of(history(events, before), ITEMS, 400) == effects_of(
		history(events, before).window(0, 400), ITEMS
	)
	seen = {effect.kind: effect.seen for effect in effects_of(history(events, before), ITEMS, 400)}
	assert seen["Closed"] == 2


def test_several_kinds_at_a_time_are_told_apart() -> None:
	fairs = [event("Fair", first, 7) for first in (97, 230, 360, 480, 600)]
	events = CLOSED + fairs
	found = {each.kind: each for each in effects_of(history(events, both(CLOSED, 0.05, fairs, 1.6)), ITEMS)}
	assert found["Fair"].usual_lift == pytest.approx(1.6, abs=0.1)
	assert found["Closed"].usual_lift < 0.12


def both(first: list[Event], lift: float, second: list[Event], other: float) -> FloatArray:
	mean = LEVEL * WEEK[np.arange(DAYS) % 7][:, None]
	for events, times in ((first, lift), (second, other)):
		for each in events:
			day = int((each.first - MONDAY).astype(int))
			mean[day : day + each.days] *= times
	return np.random.default_rng(2).poisson(mean).astype(np.float32)


def test_totals_of_weeks() -> None:
	"""Demand is dated for the Mondays; an event of four days moves its week by as much as its share."""
	events = [event("Fair", 7 * week + 1, 4) for week in (20, 50, 80, 100)]
	daily = moved(events, 2.0)
	weekly = np.zeros_like(daily)
	whole = DAYS // 7 * 7
	weekly[0:whole:7] = daily[:whole].reshape(-1, 7, COUNT).sum(axis=1)
	found = replace(history(events, weekly), rhythm=WEEKLY)
	effect = only(effects_of(found, ITEMS))
	# the days of the week are not known, so Tuesday to Friday count as any
	covered = WEEK[1:5].sum() / 4 / WEEK.mean()
	assert effect.usual_lift == pytest.approx(1 + covered, abs=0.15)
	lifts = known_lifts(found, ITEMS)
	assert lifts is not None
	assert lifts.days[:7].tolist() == (MONDAY + np.arange(140, 147).astype("timedelta64[D]")).tolist()
	usual = lifts.usual(weekly, MONDAY)
	assert usual[140].sum() == pytest.approx(weekly[0:whole:7].sum(axis=1)[10:19].mean(), rel=0.1)


def test_usual_demand_is_free_of_events() -> None:
	events = CLOSED + SALES
	found = history(events, moved(events, 0.05, elasticity=2.5))
	usual = usual_history(found, ITEMS).demand
	expected = WEEK[np.arange(DAYS) % 7] * LEVEL.sum()
	for each in events:
		day = int((each.first - MONDAY).astype(int))
		at = concerned([each], ITEMS)[0]
		level = usual[day : day + each.days, at].sum() / expected[day : day + each.days].sum()
		assert level == pytest.approx(LEVEL[at].sum() / LEVEL.sum(), rel=0.2)
	# what no event touches stays what it was
	assert (usual[0:60] == found.demand[0:60]).all()


def test_the_lift_of_the_days_ahead_is_their_mean() -> None:
	effects = [Effect("Fair", False, 3, 1.0, 1.0, float(np.log(3)))]
	lifts = lifts_of(effects, [event("Fair", 10, 2)], ITEMS, MONDAY, 100, DAILY)
	assert lifts is not None
	horizon = np.full(COUNT, 4)
	by_day = [float(lifts.ahead(MONDAY + np.timedelta64(day, "D"), horizon)[0]) for day in range(6, 13)]
	assert by_day == pytest.approx([1, 1.5, 2, 2, 2, 1.5, 1])


def test_of_one_kind_the_strongest_counts_and_kinds_multiply() -> None:
	effects = [
		Effect("Fair", False, 3, 1.0, 1.0, float(np.log(2))),
		Effect("Sale", True, 3, 0.5, 0.3, 2.0),
	]
	events = [
		event("Fair", 5),
		event("Sale", 5, items=codes(1), discount=50),
		event("Sale", 5, discount=10),
	]
	lifts = lifts_of(effects, events, ITEMS, MONDAY, 30, DAILY)
	assert lifts is not None
	assert lifts.lift[0, :2] == pytest.approx([2 * np.exp(1.0), 2 * np.exp(0.2)])


def test_no_events_no_lifts() -> None:
	plain = history([], moved([]))
	assert known_lifts(plain, ITEMS) is None
	assert usual_history(plain, ITEMS) is plain
	assert effects_of(plain, ITEMS) == ()
	assert snapshot(plain, ITEMS, 7).demand.lift is None
	# nor of what was never seen, or moves nothing
	unseen = history([event("Fair", DAYS + 3)], moved([]))
	assert known_lifts(unseen, ITEMS) is None
	assert effects_of(unseen, ITEMS) == ()


def test_rows_of_one_event_are_one() -> None:
	rows = [event("Sale", 5, 3, items=[code], discount=10) for code in codes(4)]
	together = merged([*rows, event("Sale", 5, 3, items=codes(1), discount=20)])
	assert [len(each.items) for each in together] == [4, 1]
	assert merged([*rows, event("Sale", 5, 3, discount=10)])[0].items == ()


def test_names_match_whatever_their_case() -> None:
	found = concerned([event("Sale", 1, items=["item-2"]), event("Sale", 1, groups=["DRY "])], ITEMS)
	assert found[0].tolist() == [1]
	assert found[1].tolist() == list(range(1, COUNT, 2))
	assert concerned([event("Sale", 1, items=["nobody"])], ITEMS)[0].tolist() == []


def test_a_large_booking_on_an_event_is_no_odd_one() -> None:
	demand = np.ones((200, 1), np.float32)
	demand[150] = 400
	items = ItemTable.create(["a"])
	plain = DemandHistory(items.keys, MONDAY, demand)
	assert impute(plain, items).history.demand[150, 0] == 1
	known = replace(plain, events=(event("Sale", 149, 3, items=["a"]),))
	assert impute(known, items).history.demand[150, 0] == 400


def test_days_out_of_stock_are_filled_from_days_without_events() -> None:
	items = ItemTable.create(["a"])
	demand = np.full((140, 1), 10.0, np.float32)
	demand[63:70] = 30
	# out of stock in the week after the sale, and sold out on the Monday after that
	demand[70:77], demand[77] = 0, 4
	out, sold_out = np.zeros((140, 1), bool), np.zeros((140, 1), bool)
	out[70:77], sold_out[77] = True, True
	unseen = Unseen(out, sold_out, np.zeros(1, np.int64))
	known = DemandHistory(items.keys, MONDAY, demand, events=(event("Sale", 63, 7),))
	filled = impute(known, items, unseen).history.demand
	assert filled[70:78, 0].tolist() == [10.0] * 8
	assert impute(replace(known, events=()), items, unseen).history.demand[70, 0] == 30


RULES: dict[str, Callable[[], OrderUpTo]] = {
	"(s, S)": lambda: forecast_rule(gap=1.0, safety_factor=1.5, items=ITEMS),
	"capped": lambda: forecast_rule(cap=2.0, items=ITEMS),
	"fixed": lambda: OrderUpTo(
		"fixed",
		FixedLevels(ItemParameters.per_item(ITEMS, reorder_point=20, order_up_to=50, cap=np.inf)),
	),
	"mean": lambda: OrderUpTo(
		"mean", MeanLevels((forecast_rule(items=ITEMS).rule, forecast_rule(gap=1.0, items=ITEMS).rule))
	),
}


def state_with(lift: FloatArray | None) -> State:
	known = snapshot(history([], moved([])), ITEMS, 7).demand
	nothing = np.zeros(COUNT, np.float32)
	return State(ITEMS, MONDAY, 7, nothing, nothing[None], replace(known, lift=lift))


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_lifted_but_not_its_gap(name: str) -> None:
	rule = RULES[name]()
	lift = np.linspace(0, 3, COUNT).astype(np.float32)
	before, after = rule.levels(state_with(None)), rule.levels(state_with(lift))
	assert after.reorder_point == pytest.approx(before.reorder_point * lift, rel=1e-5)
	gap = before.order_up_to - before.reorder_point
	assert after.order_up_to - after.reorder_point == pytest.approx(gap, rel=1e-4, abs=1e-3)
	for name_of in ("low", "middle", "high", "rate"):
		assert getattr(after, name_of) == pytest.approx(getattr(before, name_of) * lift, rel=1e-5)
	assert not np.isnan(after.cap).any()
	assert (np.isinf(after.cap) == np.isinf(before.cap)).all()


def test_more_is_ordered_before_a_promotion() -> None:
	rule = RULES["(s, S)"]()
	usual = rule.order_quantities(state_with(np.ones(COUNT, np.float32)))
	more = rule.order_quantities(state_with(np.full(COUNT, 1.5, np.float32)))
	assert (more >= usual).all()
	assert more.sum() > 1.2 * usual.sum()


def test_lifts_travel_with_the_items() -> None:
	lift = np.arange(COUNT, dtype=np.float32)
	known = state_with(lift).demand
	assert known.lift is not None
	assert known.take([3, 3, 1]).lift.tolist() == [3, 3, 1]  # type: ignore[union-attr]
	assert known.reindexed(np.array([2, -1])).lift.tolist() == [2, 1]  # type: ignore[union-attr]


def test_a_replay_meets_demand_as_it_was_and_policies_see_the_usual() -> None:
	events = [*CLOSED, event("Closed", 685, 4)]
	whole = history(events, moved(events, 0.05))
	held = 120
	with_events = replay(ITEMS, whole, days=held, review_days=7, rng=np.random.default_rng(0))
	without = replay(ITEMS, replace(whole, events=()), days=held, review_days=7, rng=np.random.default_rng(0))
	assert (with_events.demand == without.demand).all()
	horizon = protection_days(ITEMS, 7)
	told = list(with_events.statistics())
	effects = effects_of(whole, ITEMS, DAYS - held)
	lifts = lifts_of(effects, events, ITEMS, MONDAY, DAYS + 100, DAILY)
	assert lifts is not None
	for day in range(held):
		if with_events.is_review(day):
			assert told[day].lift == pytest.approx(lifts.ahead(with_events.date(day), horizon), rel=1e-6)
	# seven closed days in the last four weeks take nothing off the level
	after_closing = 705 - (DAYS - held)
	plain = list(without.statistics())
	assert told[after_closing].level_28.sum() > 1.2 * plain[after_closing].level_28.sum()


def test_effects_that_are_given_are_used() -> None:
	whole = history(CLOSED, moved(CLOSED, 0.05))
	given = replay(ITEMS, whole, days=120, review_days=7, rng=np.random.default_rng(0), effects=())
	assert given.lifts is None


def test_kept_with_a_policy_and_read_again() -> None:
	events = tuple(CLOSED + SALES)
	effects = effects_of(history(events, moved(events, 0.05, elasticity=2.5)), ITEMS)
	own = replace(effects[0], groups={"dry": 0.5}, items={ItemKey("a", "W"): -0.25})
	kept = json.loads(json.dumps(events_as_json([own, *effects[1:]], events)))
	assert events_from(kept) == KnownEvents(events, (own, *effects[1:]))
	assert not events_from(None)


@pytest.mark.parametrize(
	"damage",
	[
		{"effects": 3},
		{"events": [{"kind": "Fair"}]},
		{"events": [{**events_as_json([], CLOSED)["events"][0], "first": "NaT"}]},
		{"effects": [{**events_as_json([STORED], [])["effects"][0], "slope": float("nan")}]},
		{"effects": [{**events_as_json([STORED], [])["effects"][0], "groups": [1]}]},
	],
)
def test_what_was_not_stored_is_refused(damage: dict[str, object]) -> None:
	with pytest.raises(PolicyFileError, match="events cannot be read; train it again"):
		events_from({**events_as_json([], []), **damage})


def test_the_buyer_is_told() -> None:
	effect = Effect("Promotion", True, 4, 0.2, 0.2, float(np.log(1.45) / 0.2))
	words = event_words(event("Promotion", 2, 7, discount=20), effect, 1.45)
	assert words == (
		"Promotion from 2024-01-03 to 2024-01-09: demand 45 % above the usual, going by the 4 before."
	)
	once = Effect("Holiday", False, 1, 1.0, 1.0, float(np.log(0.1)))
	assert event_words(event("Holiday", 0), once, 0.1) == (
		"Holiday on 2024-01-01: demand 90 % below the usual, going by the one before."
	)
	assert effect_words(effect) == "Promotion, seen 4 times: demand at 20 % off is 1.45 times the usual."
	assert "cannot be told from chance" in effect_words(replace(effect, slope=0.0))


def test_what_was_learned_in_plain_values() -> None:
	assert what_was_learned({}) == {}
	fairs = (event("Fair", 5), event("Gala", 400))
	effect = Effect("Fair", True, 4, 0.2, 0.2, float(np.log(1.5) / 0.2))
	about = {EVENTS: events_as_json([effect], fairs)}
	of_fair = {
		"kind": "Fair",
		"is_discount": True,
		"seen": 4,
		"lift": pytest.approx(1.5),
		"usual_discount": 20.0,
	}
	assert what_was_learned(about) == {"cost_ratio": None, "effects": [of_fair], "unseen": ["Gala"]}
	# left out where it did not pay: nothing is said of kinds, they were seen
	about = {EVENTS: events_as_json([], fairs), EVENTS_COST_RATIO: 1.1}
	assert what_was_learned(about) == {"cost_ratio": 1.1, "effects": [], "unseen": []}


def test_the_reason_names_what_moves_an_item_before_the_next_order_arrives() -> None:
	known = KnownEvents(
		(event("Fair", 20, items=codes(1)), event("Fair", 5, items=codes(2)[1:]), event("Unheard", 5)),
		(Effect("Fair", False, 3, 1.0, 1.0, 0.4),),
	)
	empty = [proposal() for _ in range(COUNT)]
	told = with_events_told(empty, known, ITEMS, MONDAY, np.full(COUNT, 14))
	assert [at for at, each in enumerate(told) if "Fair" in each.reason] == [1]
	assert told[1].reason == (
		"Enough. Fair on 2024-01-06: demand 49 % above the usual, going by the 3 before."
	)
	assert [each.reason for each in told[2:]] == ["Enough."] * (COUNT - 2)


def proposal() -> Proposal:
	return Proposal("", "", "", 0, 0, 0, 0, "Enough.", None)  # type: ignore[arg-type]


def test_levels_without_a_cap_stay_without_one() -> None:
	one = np.ones(1, np.float32)
	lifted = Levels(one, one, one * np.inf, one, one, one, one).lifted(np.zeros(1, np.float32))
	assert np.isinf(lifted.cap).all()
	assert lifted.reorder_point.tolist() == [0]
