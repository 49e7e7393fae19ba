"""Lessons in companies, habits and rounds drawn at random: what holds of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.lessons.fitting import fit_lessons
from rl_replenishment.core.lessons.lessons import Lessons

START = np.datetime64("2025-03-03")
#: a buyer keeps what is as close to the quantity that he has in mind
CLOSE = 0.05
KINDS = ("item", "group", "supplier", "warehouse", "all")
FACTORS = (0.5, 0.6, 0.75, 0.8, 0.9, 1.1, 1.2, 1.25, 1.5, 1.8)


@dataclass
class Company:
	"""Items, and what was decided of them: position, day, proposed, ordered, asked for by the policy."""

	items: ItemTable
	decisions: list[tuple[int, int, float, float, float]] = field(default_factory=list)

	@classmethod
	def drawn(cls, rng: np.random.Generator) -> Company:
		"""Two to five groups over one to three suppliers and one or two warehouses."""
		suppliers, warehouses = rng.integers(1, 4), rng.integers(1, 3)
		keys, supplied, groups = [], [], []
		for group in range(rng.integers(2, 6)):
			for item in range(rng.integers(3, 9)):
				supplier = rng.integers(suppliers)
				for warehouse in range(warehouses):
					if warehouse == 0 or rng.random() < 0.8:
						keys.append(ItemKey(f"{group}-{item}", f"W{warehouse}"))
						supplied.append(f"S{supplier}")
						groups.append(f"G{group}")
		return cls(ItemTable.create(keys, supplied, groups, lead_time_days=5, unit_cost=10))

	def some(self, kind: str, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
		"""Which items are those of one item-warehouse, group, supplier or warehouse, or all."""
		count = len(self.items)
		names = {
			"item": np.arange(count).astype(str),
			"group": np.array(self.items.groups),
			"supplier": np.array(self.items.suppliers),
			"warehouse": np.array([key.warehouse for key in self.items.keys]),
			"all": np.zeros(count, "U1"),
		}[kind]
		return np.asarray(names == rng.choice(np.unique(names)))

	def fit(self, day: int, off: tuple[str, ...] = ()) -> Lessons:
		columns = np.array(self.decisions, np.float64).reshape(-1, 5)
		index = columns[:, 0].astype(np.intp)
		rows = FeedbackRows(
			tuple(self.items.keys[at] for at in index),
			proposed_qty=columns[:, 2],
			ordered_qty=columns[:, 3],
			date=START + columns[:, 1].astype("timedelta64[D]"),
			on_hand=np.zeros(len(columns)),
			on_order=np.zeros(len(columns)),
			reason=("",) * len(columns),
			policy_qty=columns[:, 4],
		)
		return fit_lessons(self.items, rows, index, START + np.timedelta64(day, "D"), off=off)

	def factor(self, day: int, off: tuple[str, ...] = ()) -> npt.NDArray[np.float64]:
		found = self.fit(day, off).factor(self.items, START + np.timedelta64(day, "D"))
		return np.asarray(found, np.float64)

	def decide(
		self,
		day: int,
		items: npt.ArrayLike,
		wish: npt.NDArray[np.float64],
		asked: float = 100.0,
		off: tuple[str, ...] = (),
	) -> None:
		"""A round: the buyer wants `wish`, shape (N,), times what the policy asks for."""
		factor = self.factor(day, off)
		for at in np.asarray(items, np.intp).tolist():
			proposed, wanted = max(round(asked * factor[at]), 1), max(round(asked * wish[at]), 1)
			is_kept = abs(wanted - proposed) <= max(CLOSE * wanted, 0.5)
			self.decisions.append((at, day, proposed, proposed if is_kept else wanted, asked))


@pytest.mark.parametrize("seed", range(20))
def test_towards_the_buyer_and_nowhere_else(seed: int) -> None:
	"""No line moves away from its buyer or beyond what he ordered, and one that was kept by 2 % at most.

	Items of what he changes that nobody has decided on yet come half of the way.
	"""
	rng = np.random.default_rng(seed)
	company, kind, factor = Company.drawn(rng), KINDS[seed % 5], float(rng.choice(FACTORS))
	own = company.some(kind, rng)
	unseen = (rng.random(len(own)) < 0.2) & (kind != "item")
	asked, rounds, present = float(rng.choice([40, 333, 1000])), int(rng.integers(3, 9)), rng.uniform(0.3, 1)
	for week in range(rounds):
		decided = np.flatnonzero(~unseen & (rng.random(len(own)) < present))
		company.decide(7 * week, decided, np.where(own, factor, 1.0), asked)
	found = company.factor(7 * rounds)
	moved, wish = np.log(found), np.log(factor)
	kept = np.zeros(len(own), np.bool_)
	kept[[at for at, *_rest in company.decisions]] = True
	assert np.abs(found - 1)[kept & ~own].max(initial=0) <= 0.02
	assert (moved[own] * wish).min() >= 0
	assert np.abs(moved[own]).max() <= abs(wish) + CLOSE
	if kind in ("group", "all") and (unseen & own).any() and (kept & own).sum() >= 3:
		assert (moved[unseen & own] / wish).mean() >= 0.5


@pytest.mark.parametrize("kind", KINDS[:-1])
@pytest.mark.parametrize("factor", [0.6, 0.8, 1.25, 1.6])
@pytest.mark.parametrize("weeks", [4, 12])
def test_back_within_five_decisions(kind: str, factor: float, weeks: int) -> None:
	"""Of a buyer who orders what the policy itself asks for again, whatever he changed and for how long."""
	rng = np.random.default_rng(weeks)
	company = Company.drawn(rng)
	own = company.some(kind, rng)
	for week in range(weeks):
		company.decide(7 * week, np.arange(len(own)), np.where(own, factor, 1.0))
	assert (np.abs(np.log(company.factor(7 * weeks))[own]) > abs(np.log(factor)) / 3).all()
	again = np.flatnonzero(own)
	five = [again[0]] * 5 if len(again) == 1 else rng.permutation(np.resize(again, max(5, len(again))))[:5]
	for number, at in enumerate(five):
		company.decide(7 * weeks + number, [at], np.ones(len(own)))
	back = np.abs(np.log(company.factor(7 * weeks + 5)))
	assert back[own].max() <= abs(np.log(factor)) / 4
	assert back[own].mean() <= 0.05


@pytest.mark.parametrize("kind", ["item", "group", "supplier"])
def test_off_stays_off(kind: str) -> None:
	"""Through all fits, whatever the buyer goes on ordering; what others taught is followed all the same."""
	rng = np.random.default_rng(3)
	company = Company.drawn(rng)
	own = company.some(kind, rng)
	wish = np.where(own, 1.5, 1.0)
	for week in range(4):
		company.decide(7 * week, np.arange(len(own)), wish)
	off = tuple(lesson.key for lesson in company.fit(28).lessons)
	assert off
	for week in range(4, 8):
		assert (company.factor(7 * week, off) == 1).all()
		company.decide(7 * week, np.arange(len(own)), np.ones(len(own)), off=off)
	assert company.factor(56, off)[own].max() == 1


@pytest.mark.parametrize("kind", ["item", "group", "supplier"])
@pytest.mark.parametrize(
	"factors", [(1.0, 1.3), (1.03, 1.3), (1.06, 1.3), (1.1, 1.5), (0.97, 0.7), (0.9, 0.7)]
)
@pytest.mark.parametrize("weeks", [4, 12])
def test_more_in_mind_is_followed_within_five_decisions(
	kind: str, factors: tuple[float, float], weeks: int
) -> None:
	"""Of one who has kept, or changed a little, and now wants far more, or far less.

	He is not taken for one who adds to whatever is proposed.
	"""
	rng = np.random.default_rng(weeks)
	company = Company.drawn(rng)
	own, (before, since) = company.some(kind, rng), factors
	for week in range(weeks):
		company.decide(7 * week, np.arange(len(own)), np.where(own, before, 1.0))
	five = np.resize(rng.permutation(np.flatnonzero(own)), 5)
	for number, at in enumerate(five):
		company.decide(7 * weeks + number, [at], np.where(own, since, 1.0))
	reached = np.log(company.factor(7 * weeks + 5)) / np.log(since)
	assert reached[five].mean() >= 0.4
	assert reached.max() <= 1 + CLOSE
	for number in range(5, 15):
		company.decide(7 * weeks + number, np.flatnonzero(own), np.where(own, since, 1.0))
	assert (np.log(company.factor(7 * weeks + 15)) / np.log(since))[own].min() >= 0.5


@pytest.mark.parametrize("seed", range(40, 70))
def test_kept_items_of_a_changed_group_stay(seed: int) -> None:
	"""Of a buyer who looks at some of his lines alone, whatever he had in mind before and has since."""
	rng = np.random.default_rng(seed)
	company = Company.drawn(rng)
	own = company.some("group", rng)
	changed, kept = [], {}
	for week in range(int(rng.integers(3, 9))):
		factor = float(rng.choice(FACTORS))
		proposals = company.factor(7 * week)
		for at in np.flatnonzero(own & (rng.random(len(own)) < 0.6)).tolist():
			proposed = max(round(100 * proposals[at]), 1)
			ordered = max(round(100 * factor), 1) if rng.random() < 0.4 else proposed
			company.decisions.append((at, 7 * week, proposed, ordered, 100.0))
			if ordered != proposed:
				changed.append(week)
			elif proposed == 100 and changed and changed[0] <= week:
				kept[at] = kept.get(at, True)
			if proposed != 100 or ordered != 100:
				kept[at] = False
	found = company.factor(70)
	assert all(abs(found[at] - 1) <= 0.02 for at, is_still in kept.items() if is_still)


@pytest.mark.parametrize("seed", range(8))
def test_of_one_day_nothing_is_earlier(seed: int) -> None:
	"""In whatever order the lines of a day are read, they teach the same: no row of a file comes first."""
	rng = np.random.default_rng(seed)
	company = Company.drawn(rng)
	count = len(company.items)
	# some are raised or cut, some are kept, on one day
	wish = np.where(rng.random(count) < 0.5, rng.choice([0.7, 1.3, 1.5]), 1.0)
	for week in range(rng.integers(1, 5)):
		company.decide(7 * week, np.flatnonzero(rng.random(count) < 0.7), wish)
	day = 7 * 5
	usual = company.factor(day)
	assert (usual != 1).any()
	for _shuffle in range(4):
		company.decisions = [company.decisions[at] for at in rng.permutation(len(company.decisions))]
		assert company.factor(day) == pytest.approx(usual, abs=1e-3)


def test_kept_beside_changed_on_one_day() -> None:
	"""Who raises three lines of a request and keeps three others has not changed his mind between two."""
	company = Company.drawn(np.random.default_rng(1))
	own = np.flatnonzero(np.array(company.items.groups) == company.items.groups[0])[:6]
	for order in (own, own[::-1]):
		company.decisions = []
		company.decide(0, order, np.where(np.isin(np.arange(len(company.items)), own[:3]), 1.5, 1.0))
		factor = company.factor(7)
		assert (factor[own[:3]] > 1.05).all()
		assert (factor[own[3:]] == 1).all()
