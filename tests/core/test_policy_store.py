"""The policy folder: what was stored comes back, what is damaged or foreign is refused in a sentence."""

import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from core_samples import codes, forecast_rule, mixed_history, mixed_items, residual_policy, state_of
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core import Policy, load_policy
from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, demand_statistics
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import ARRAY_FIELDS, ItemTable
from rl_replenishment.core.policies import store
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.order_up_to import base_stock
from rl_replenishment.core.policies.store import (
	FORMAT_VERSION,
	MANIFEST_FILE,
	WEIGHTS_FILE,
	StoredPolicy,
	parse_policy,
	policy_files,
	read_policy,
)
from rl_replenishment.core.training.from_history import snapshot

REVIEW_DAYS = 7


def make_stored(**changed: Any) -> StoredPolicy:
	items, history = mixed_items(), mixed_history(120)
	rule = forecast_rule(safety_factor=1.5, gap=0.5, cap=3.0, items=items, forecast="28 days")
	policy = residual_policy(rule, np.random.default_rng(5))
	made = StoredPolicy(
		policy, snapshot(history, items, REVIEW_DAYS), REVIEW_DAYS, "backorder", {"why": ["ä", 1, None]}
	)
	return replace(made, **changed)


FILES = policy_files(make_stored())
TENSORS: dict[str, np.ndarray] = safetensors.numpy.load(FILES[WEIGHTS_FILE])
MANIFEST: dict[str, Any] = json.loads(FILES[MANIFEST_FILE])


def write(folder: Path, files: dict[str, bytes]) -> Path:
	folder.mkdir(parents=True, exist_ok=True)
	for name, content in files.items():
		(folder / name).write_bytes(content)
	return folder


def forged(tensors: dict[str, np.ndarray] | None = None, **manifest: Any) -> dict[str, bytes]:
	"""The files with other contents and matching checksums: no accident, but what the next check is for."""
	weights = safetensors.numpy.save(
		{name: np.ascontiguousarray(v) for name, v in (tensors or TENSORS).items()}
	)
	return {WEIGHTS_FILE: weights, MANIFEST_FILE: sealed({**MANIFEST, "sha256": sha256(weights), **manifest})}


def sealed(manifest: dict[str, Any]) -> bytes:
	"""A manifest with the checksum of what it says now."""
	try:
		checksum = store.checksum(manifest)
	except ValueError:
		# numbers that JSON has no name for have no checksum
		checksum = manifest["checksum"]
	return json.dumps({**manifest, "checksum": checksum}).encode()


def sha256(content: bytes) -> str:
	return hashlib.sha256(content).hexdigest()


def refusal(folder: Path) -> str:
	"""The sentence with which a folder is refused; it names the folder and ends like one."""
	with pytest.raises(PolicyFileError) as caught:
		load_policy(folder)
	sentence = str(caught.value)
	assert str(folder) in sentence
	assert sentence.endswith(".")
	assert "\n" not in sentence
	# told to a user: without the error behind it
	assert caught.value.__context__ is None or caught.value.__suppress_context__
	return sentence


def states(seed: int) -> list[State]:
	"""Situations of known items, in another order, and of items never seen."""
	rng = np.random.default_rng(seed)
	everything = mixed_items()
	stranger = ItemTable.create(codes(7)[5:], lead_time_days=[2, 30], order_multiple=[0, 5])
	found = []
	for items in (everything, everything.take([4, 2, 2]), stranger):
		count = len(items)
		demand = rng.poisson(rng.uniform(0.1, 20, count), (400, count)).astype(np.float32)
		horizon = protection_days(items, REVIEW_DAYS)
		found.append(
			state_of(
				items,
				on_hand=rng.uniform(-20, 200, count),
				arrivals=rng.uniform(0, 30, (9, count)),
				demand=demand_statistics(demand, horizon, [400]).on(0),
				review_days=REVIEW_DAYS,
			)
		)
	return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
	return write(tmp_path_factory.mktemp("stored") / "policy", FILES)


@pytest.mark.parametrize("path_type", [Path, str])
def test_quantities_are_the_same_to_the_last_bit(folder: Path, path_type: Callable[[Path], Any]) -> None:
	before, after = make_stored().policy, load_policy(path_type(folder))
	assert isinstance(after, Policy)
	assert after.name == before.name
	ordered = 0
	for seed in range(5):
		for state in states(seed):
			expected = before.order_quantities(state)
			found = after.order_quantities(state)
			assert found.dtype == np.float32
			assert found.tobytes() == expected.tobytes()
			ordered += int((found > 0).sum())
	assert ordered > 10


def test_all_else_comes_back_too(folder: Path) -> None:
	before, after = make_stored(), read_policy(folder)
	assert after.review_days == REVIEW_DAYS
	assert after.unmet_demand == "backorder"
	assert after.about == {"why": ["ä", 1, None]}
	assert after.policy.classical.name == before.policy.classical.name
	assert after.snapshot.today == before.snapshot.today
	assert after.snapshot.items.keys == before.snapshot.items.keys
	assert after.snapshot.items.suppliers == before.snapshot.items.suppliers
	for name in ARRAY_FIELDS:
		np.testing.assert_array_equal(
			getattr(after.snapshot.items, name), getattr(before.snapshot.items, name), err_msg=name
		)
	for name in STATISTIC_NAMES:
		np.testing.assert_array_equal(
			getattr(after.snapshot.demand, name), getattr(before.snapshot.demand, name), err_msg=name
		)


def test_storing_what_was_read_gives_the_same_files(folder: Path) -> None:
	assert policy_files(read_policy(folder)) == FILES


def test_lost_sales_come_back_as_lost_sales() -> None:
	assert parse_policy(policy_files(make_stored(unmet_demand="lost")), "x").unmet_demand == "lost"


def test_only_rules_that_can_be_read_again_are_stored() -> None:
	policy = residual_policy(base_stock(20), np.random.default_rng(0))
	with pytest.raises(TypeError, match="only a policy whose rule keeps parameters of its own items"):
		policy_files(make_stored(policy=policy))


def test_the_manifest_is_plain_json() -> None:
	"""No NaN and no Infinity, which other readers refuse."""

	def refuse(name: str) -> None:
		raise AssertionError(name)

	json.loads(FILES[MANIFEST_FILE], parse_constant=refuse)


@given(st.integers(0, len(FILES[WEIGHTS_FILE]) - 1), st.integers(1, 255))
def test_a_damaged_byte_in_the_weights(at: int, change: int) -> None:
	damaged = bytearray(FILES[WEIGHTS_FILE])
	damaged[at] ^= change
	with pytest.raises(PolicyFileError, match=r"^FOLDER: policy\.safetensors is damaged or not the one"):
		parse_policy({**FILES, WEIGHTS_FILE: bytes(damaged)}, "FOLDER")


@given(st.integers(0, len(FILES[MANIFEST_FILE]) - 1), st.integers(1, 255))
def test_a_damaged_byte_in_the_manifest(at: int, change: int) -> None:
	"""Refused, unless it says the same all the same (another blank)."""
	damaged = bytearray(FILES[MANIFEST_FILE])
	damaged[at] ^= change
	with suppress(PolicyFileError):
		found = parse_policy({**FILES, MANIFEST_FILE: bytes(damaged)}, "FOLDER")
		assert policy_files(found) == FILES


def test_an_edited_manifest() -> None:
	"""Still JSON, but not what was written: another review interval, or items in another order."""
	for name, value in (("review_days", 3), ("items", MANIFEST["items"][::-1])):
		edited = json.dumps({**MANIFEST, name: value}).encode()
		with pytest.raises(PolicyFileError, match=r"^FOLDER: manifest\.json is damaged or was edited"):
			parse_policy({**FILES, MANIFEST_FILE: edited}, "FOLDER")


@pytest.mark.parametrize("name", [WEIGHTS_FILE, MANIFEST_FILE])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file(tmp_path: Path, name: str, share: float) -> None:
	content = FILES[name]
	sentence = refusal(write(tmp_path / "policy", {**FILES, name: content[: int(len(content) * share)]}))
	assert name in sentence
	assert "copy the policy folder again" in sentence


@pytest.mark.parametrize("name", [WEIGHTS_FILE, MANIFEST_FILE])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
	sentence = refusal(write(tmp_path / "policy", {other: FILES[other] for other in FILES if other != name}))
	assert f"{name} cannot be read (No such file or directory)" in sentence
	assert "train --out" in sentence


def test_no_folder_at_all(tmp_path: Path) -> None:
	assert "is not a policy folder" in refusal(tmp_path / "nothing here")
	file = tmp_path / "file"
	file.write_text("")
	assert "Not a directory" in refusal(file)
	assert "null byte" in refusal(tmp_path / "a\0b")


@pytest.mark.parametrize(
	"content",
	[b"", b"{", b"\xff\xfe\x00", b"# a policy", b"\x80\x04N.", b'{"format": "rl_replenishment policy"'],
)
def test_a_manifest_that_is_not_json(tmp_path: Path, content: bytes) -> None:
	sentence = refusal(write(tmp_path / "policy", {**FILES, MANIFEST_FILE: content}))
	assert "manifest.json is not JSON" in sentence


def test_a_manifest_of_brackets(tmp_path: Path) -> None:
	assert refusal(write(tmp_path / "policy", {**FILES, MANIFEST_FILE: b"[" * 100_000}))


@pytest.mark.parametrize(
	"content", ["[]", "null", "7", '"policy"', "{}", '{"name": "left-pad"}', '{"format": "another"}']
)
def test_foreign_json(tmp_path: Path, content: str) -> None:
	sentence = refusal(write(tmp_path / "policy", {**FILES, MANIFEST_FILE: content.encode()}))
	assert "does not describe a policy of rl_replenishment" in sentence


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 99, 10**9])
def test_a_newer_version(tmp_path: Path, version: int) -> None:
	sentence = refusal(write(tmp_path / "policy", forged(format_version=version)))
	assert "newer version" in sentence
	assert str(version) in sentence
	assert "update rl_replenishment" in sentence


@pytest.mark.parametrize("version", [None, "1", 1.5])
def test_a_version_that_is_no_number(tmp_path: Path, version: object) -> None:
	assert refusal(write(tmp_path / "policy", forged(format_version=version)))


@pytest.mark.parametrize("name", sorted(TENSORS))
def test_numbers_that_are_none(tmp_path: Path, name: str) -> None:
	"""A single NaN anywhere."""
	values = TENSORS[name].copy()
	values.flat[-1] = np.nan
	assert "not a usable policy" in refusal(write(tmp_path / "policy", forged({**TENSORS, name: values})))


@pytest.mark.parametrize(
	"name",
	[
		"network.layer.0.weight",
		"network.layer.1.bias",
		"network.mean",
		"rule.gap",
		"items.unit_cost",
		"demand.season",
	],
)
def test_infinite_numbers_where_none_belong(tmp_path: Path, name: str) -> None:
	tensors = {**TENSORS, name: np.full_like(TENSORS[name], np.inf)}
	assert "not a usable policy" in refusal(write(tmp_path / "policy", forged(tensors)))


@pytest.mark.parametrize("name", sorted(TENSORS))
def test_wrong_shapes(tmp_path: Path, name: str) -> None:
	"""One number too many or too few, or another number of dimensions."""
	value = TENSORS[name]
	for other in (np.concatenate([value, value[:1]]), value[:-1], value[None], value.reshape(-1)[0]):
		assert "not a usable policy" in refusal(write(tmp_path / "policy", forged({**TENSORS, name: other})))


def test_a_layer_without_numbers(tmp_path: Path) -> None:
	"""It would answer the same to everything, if at all."""
	at = "network.layer"
	empty = {f"{at}.0.weight": TENSORS[f"{at}.0.weight"][:0], f"{at}.0.bias": np.zeros(0, "f4")}
	tensors = {**TENSORS, **empty, f"{at}.1.weight": TENSORS[f"{at}.1.weight"][:, :0]}
	assert "not a usable policy" in refusal(write(tmp_path / "policy", forged(tensors)))


@pytest.mark.parametrize("name", sorted(TENSORS))
def test_missing_tensors(tmp_path: Path, name: str) -> None:
	tensors = {other: value for other, value in TENSORS.items() if other != name}
	assert "not a usable policy" in refusal(write(tmp_path / "policy", forged(tensors)))


@pytest.mark.parametrize("name", sorted(set(MANIFEST) - {"format", "checksum"}))
def test_missing_entries_of_the_manifest(tmp_path: Path, name: str) -> None:
	manifest = sealed({other: value for other, value in MANIFEST.items() if other != name})
	assert refusal(write(tmp_path / "policy", {**FILES, MANIFEST_FILE: manifest}))


def test_an_older_version(tmp_path: Path) -> None:
	"""Its observations and levels are no longer built: one sentence says what to do."""
	sentence = refusal(write(tmp_path / "policy", forged(format_version=1)))
	assert "written by an earlier version" in sentence
	assert "train it again" in sentence


def test_a_network_that_orders_more_with_more_stock(tmp_path: Path) -> None:
	name = "network.layer.0.weight"
	weight = TENSORS[name].copy()
	weight[-1, -1] = -1
	sentence = refusal(write(tmp_path / "policy", forged({**TENSORS, name: weight})))
	assert "order more where there is more stock" in sentence


@pytest.mark.parametrize(
	("name", "value"),
	[
		("sha256", None),
		("sha256", 7),
		("layers", 0),
		("layers", 1),
		("layers", 4),
		("layers", "3"),
		("layers", None),
		("observation", ["on_hand"]),
		("observation", MANIFEST["observation"][::-1]),
		("rule", {"kind": "forecast", "forecast": "by feeling"}),
		("rule", {"kind": "forecast"}),
		("rule", {"kind": "by feeling"}),
		("rule", {"kind": "mean", "parts": []}),
		("rule", None),
		("items", MANIFEST["items"][:-1]),
		("items", 5),
		("items", [["A"]] * 5),
		("today", "tomorrow"),
		("today", "NaT"),
		("today", ""),
		("today", "0001-01-01"),
		("today", "9999-12-31"),
		("layers", True),
		("layers", 10**9),
		("about", [1, 2]),
		("review_days", "weekly"),
		("review_days", None),
		("review_days", 0),
		("review_days", -7),
		("review_days", float("inf")),
		("today", None),
		("unmet_demand", "shrug"),
		("suppliers", ["Acme"]),
	],
)
def test_wrong_entries_of_the_manifest(tmp_path: Path, name: str, value: object) -> None:
	assert refusal(write(tmp_path / "policy", forged(**{name: value})))


class _Trap:
	"""Unpickled, it leaves a file behind."""

	def __init__(self, path: Path) -> None:
		self.path = path

	def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
		return (Path.touch, (self.path,))


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", [WEIGHTS_FILE, MANIFEST_FILE])
def test_loading_runs_no_code(tmp_path: Path, name: str, protocol: int) -> None:
	"""A pickle in place of a file is refused, even with the right checksum, and not run."""
	sprung = tmp_path / "sprung"
	trap = pickle.dumps(_Trap(sprung), protocol)
	pickle.loads(trap)  # noqa: S301 the trap works
	assert sprung.exists()
	sprung.unlink()
	files = {**FILES, name: trap}
	if name == WEIGHTS_FILE:
		files[MANIFEST_FILE] = sealed({**MANIFEST, "sha256": sha256(trap)})
	assert refusal(write(tmp_path / "policy", files))
	assert not sprung.exists()


def test_serving_loads_no_training_library(folder: Path) -> None:
	"""In a clean interpreter: load, propose, and look at what is imported."""
	program = f"""
import sys
import numpy as np
from rl_replenishment.core import State, load_policy
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.proposal import propose
policy = load_policy({str(folder)!r})
items = ItemTable.create(["ITEM-2", "NEW"])
demand = np.ones((50, 2), np.float32)
state = State.from_history(
	items, demand, today=np.datetime64("2024-05-01"), review_days=7, on_hand=np.zeros(2, np.float32)
)
assert policy.order_quantities(state).shape == (2,)
assert len(propose(policy, state)) == 2
print(*sys.modules)
"""
	run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
	assert run.returncode == 0, run.stderr
	loaded = set(run.stdout.split())
	assert "rl_replenishment.core.policies.store" in loaded
	assert not {"torch", "stable_baselines3", "pandas", "gymnasium"} & loaded


@pytest.mark.parametrize("dtype", ["int32", "int64", "float16", "float64", "bool"])
@pytest.mark.parametrize("name", ["network.layer.0.weight", "rule.safety_factor", "items.unit_cost"])
def test_numbers_of_another_kind_are_refused(name: str, dtype: str) -> None:
	"""Training writes float32 alone; others would be added up in other ways, or take twice the memory."""
	tensors = {**TENSORS, name: np.ones_like(TENSORS[name]).astype(dtype)}
	with pytest.raises(PolicyFileError, match="not float32"):
		parse_policy(forged(tensors), "policy")


@pytest.mark.parametrize("number", [1e13, -1e13, 3e38])
def test_numbers_that_orders_could_not_be_added_up_from_are_refused(number: float) -> None:
	for name in TENSORS:
		changed = TENSORS[name].copy()
		changed.flat[-1] = number
		with pytest.raises(PolicyFileError, match="beyond"):
			parse_policy(forged({**TENSORS, name: changed}), "policy")


def test_a_weight_may_be_large_but_not_huge() -> None:
	changed = TENSORS["network.layer.0.weight"].copy()
	changed.flat[0] = 999_999
	parse_policy(forged({**TENSORS, "network.layer.0.weight": changed}), "policy")
	changed.flat[0] = 1_000_001
	with pytest.raises(PolicyFileError, match=r"layer\.0\.weight holds a number beyond"):
		parse_policy(forged({**TENSORS, "network.layer.0.weight": changed}), "policy")
