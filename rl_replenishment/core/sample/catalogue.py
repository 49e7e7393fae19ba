"""What the sample company sells and who supplies it. All names are invented."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

#: how the demand of an item runs; see `patterns` for what each means
Pattern: TypeAlias = Literal["smooth", "seasonal", "trending", "erratic", "intermittent", "lumpy", "new"]


class Supplier(NamedTuple):
	"""A supplier and its habits."""

	name: str
	#: days from order to arrival, mean and standard deviation
	lead_time_days: float
	lead_time_std_days: float
	#: packs of an item that must be ordered at least; 0 for no minimum
	minimum_packs: int
	#: money below which an order is not welcome; the buyer knows it, the item master does not
	minimum_order_value: float


class Product(NamedTuple):
	"""A line of the catalogue."""

	name: str
	supplier: Supplier
	pattern: Pattern
	#: money per unit
	unit_cost: float
	#: units per pack
	pack: int
	#: units per pallet, whole packs; 0 where it does not come on pallets
	pallet: int = 0


_ALDER = Supplier("Alderbrook Tools", 5, 1.0, 0, 250)
_BROOK = Supplier("Brookmill Fixings", 7, 1.5, 2, 150)
_CALDER = Supplier("Calder Abrasives", 10, 2.0, 1, 200)
_DUN = Supplier("Dunmoor Garden", 12, 4.0, 0, 400)
_ELM = Supplier("Elmfield Cleaning", 3, 0.5, 0, 120)
_FARROW = Supplier("Farrow Workwear", 8, 1.5, 1, 200)
_GREY = Supplier("Greyhaven Imports", 42, 7.0, 3, 900)

SUPPLIERS = (_ALDER, _BROOK, _CALDER, _DUN, _ELM, _FARROW, _GREY)

CATALOGUE: dict[str, tuple[Product, ...]] = {
	"Hand Tools": (
		Product("Claw hammer 450 g", _ALDER, "smooth", 8.40, 6),
		Product("Club hammer 1 kg", _ALDER, "intermittent", 11.20, 1),
		Product("Screwdriver set, 6 pieces", _ALDER, "smooth", 9.80, 6),
		Product("Combination pliers 180 mm", _ALDER, "smooth", 7.60, 6),
		Product("Water pump pliers 250 mm", _ALDER, "erratic", 12.90, 6),
		Product("Adjustable wrench 10 in", _ALDER, "trending", 10.50, 1),
		Product("Spirit level 600 mm", _ALDER, "intermittent", 14.20, 1),
		Product("Tape measure 5 m", _GREY, "smooth", 3.10, 12),
		Product("Utility knife", _GREY, "smooth", 2.30, 24),
		Product("Knife blades, box of 10", _GREY, "smooth", 1.20, 50),
		Product("Hex key set, metric", _GREY, "trending", 4.20, 12),
		Product("Pipe wrench 14 in", _ALDER, "lumpy", 23.50, 1),
		Product("Torque wrench 1/2 in", _ALDER, "lumpy", 58.00, 1),
		Product("Socket set, 94 pieces", _GREY, "intermittent", 41.00, 2),
	),
	"Power Tools": (
		Product("Cordless drill 18 V", _ALDER, "trending", 74.00, 1),
		Product("Battery pack 18 V 4 Ah", _ALDER, "trending", 39.00, 1),
		Product("Angle grinder 125 mm", _ALDER, "smooth", 46.00, 1),
		Product("Jigsaw 650 W", _ALDER, "intermittent", 52.00, 1),
		Product("Rotary hammer SDS 800 W", _ALDER, "lumpy", 96.00, 1),
		Product("Heat gun 2000 W", _GREY, "seasonal", 18.50, 4),
		Product("Work light LED 30 W", _GREY, "seasonal", 16.00, 6),
		Product("Wet and dry vacuum 30 l", _ALDER, "intermittent", 88.00, 1),
		Product("Laser level, cross line", _ALDER, "new", 64.00, 1),
	),
	"Workshop Supplies": (
		Product("Cutting disc 125 mm, steel", _CALDER, "smooth", 0.95, 25),
		Product("Grinding disc 125 mm", _CALDER, "smooth", 1.40, 10),
		Product("Flap disc 125 mm grit 60", _CALDER, "erratic", 2.10, 10),
		Product("Sanding paper grit 120, sheet", _CALDER, "smooth", 0.45, 50),
		Product("Sanding belt 75 x 533", _CALDER, "intermittent", 1.80, 10),
		Product("Diamond blade 230 mm", _CALDER, "lumpy", 27.00, 1),
		Product("Twist drill HSS 6 mm", _CALDER, "smooth", 1.10, 10),
		Product("Masonry drill SDS 8 mm", _CALDER, "smooth", 2.60, 10),
		Product("Hole saw 68 mm", _CALDER, "intermittent", 8.90, 1),
		Product("Wood screws 4 x 40, box of 200", _BROOK, "smooth", 4.60, 12, 720),
		Product("Wood screws 5 x 80, box of 100", _BROOK, "smooth", 6.20, 12, 600),
		Product("Drywall screws, box of 500", _BROOK, "erratic", 7.40, 12, 480),
		Product("Wall plugs 8 mm, box of 100", _BROOK, "smooth", 2.40, 24),
		Product("Anchor bolts M10, box of 25", _BROOK, "lumpy", 13.80, 4),
		Product("Hex bolts M8 x 40, box of 100", _BROOK, "intermittent", 9.60, 2),
		Product("Threaded rod M8, 1 m", _BROOK, "lumpy", 1.70, 5),
		Product("Cable ties 200 mm, bag of 100", _GREY, "smooth", 1.30, 50),
		Product("Duct tape 50 m", _BROOK, "smooth", 3.90, 12),
		Product("Masking tape 38 mm", _BROOK, "trending", 1.60, 24),
		Product("Silicone sealant, clear", _BROOK, "smooth", 3.20, 12, 576),
		Product("Mounting foam 750 ml", _BROOK, "seasonal", 5.10, 12, 540),
		Product("Wood glue 500 g", _BROOK, "smooth", 4.40, 6),
		Product("Spray lubricant 400 ml", _ELM, "smooth", 3.60, 12, 432),
		Product("Chain hoist 1 t", _GREY, "lumpy", 112.00, 1),
		Product("Bench vice 150 mm", _GREY, "intermittent", 78.00, 1),
		Product("Adhesive anchor 300 ml", _BROOK, "new", 9.90, 6),
	),
	"Garden": (
		Product("Garden hose 25 m", _DUN, "seasonal", 17.50, 4, 96),
		Product("Hose connector 1/2 in", _DUN, "seasonal", 1.90, 10),
		Product("Watering can 10 l", _DUN, "seasonal", 6.30, 6, 120),
		Product("Lawn rake", _DUN, "seasonal", 9.40, 6),
		Product("Pruning shears", _DUN, "seasonal", 11.60, 6),
		Product("Hedge shears", _DUN, "seasonal", 16.90, 2),
		Product("Potting soil 40 l", _DUN, "seasonal", 3.80, 6, 54),
		Product("Lawn fertiliser 10 kg", _DUN, "seasonal", 12.70, 5, 60),
		Product("Plant stakes 1.5 m, bundle of 10", _DUN, "seasonal", 4.10, 10),
		Product("Wheelbarrow 85 l", _DUN, "intermittent", 43.00, 1),
		Product("Snow shovel, aluminium", _DUN, "seasonal", 13.20, 5),
		Product("Gritting salt 25 kg", _DUN, "seasonal", 4.90, 5, 40),
		Product("Garden pond pump", _DUN, "lumpy", 61.00, 1),
	),
	"Cleaning": (
		Product("All-purpose cleaner 5 l", _ELM, "smooth", 6.80, 4, 128),
		Product("Hand cleaner paste 10 l", _ELM, "trending", 15.40, 1),
		Product("Cleaning cloth roll", _ELM, "smooth", 8.70, 2, 64),
		Product("Refuse sacks 120 l, roll of 25", _ELM, "smooth", 3.30, 10, 400),
		Product("Workshop broom 600 mm", _ELM, "intermittent", 9.20, 1),
		Product("Floor squeegee", _ELM, "intermittent", 7.90, 1),
		Product("Bucket 12 l", _ELM, "erratic", 2.20, 10),
		Product("Oil absorbent granules 20 kg", _ELM, "lumpy", 10.60, 1, 50),
		Product("Citrus degreaser 1 l", _ELM, "new", 5.60, 6),
	),
	"Work Safety": (
		Product("Nitrile gloves, box of 100", _FARROW, "erratic", 7.20, 10, 480),
		Product("Assembly gloves size 9", _FARROW, "trending", 1.90, 12),
		Product("Dust mask, box of 20", _FARROW, "erratic", 11.80, 6),
		Product("Safety glasses, clear", _FARROW, "trending", 3.40, 10),
		Product("Ear plugs, box of 200", _FARROW, "smooth", 12.50, 6),
		Product("Ear defenders", _FARROW, "intermittent", 9.10, 1),
		Product("Safety helmet, white", _FARROW, "lumpy", 8.80, 1),
		Product("Safety boots size 43", _FARROW, "intermittent", 38.00, 1),
		Product("High-visibility vest", _FARROW, "new", 2.80, 10),
	),
}

#: items of the catalogue that sell in winter; the others that are seasonal sell in spring and early summer
WINTER_GOODS = frozenset(
	{
		"Heat gun 2000 W",
		"Work light LED 30 W",
		"Mounting foam 750 ml",
		"Snow shovel, aluminium",
		"Gritting salt 25 kg",
	}
)
