"""A policy in one file: the same bytes for the same policy, and nothing else is accepted."""

import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from core_samples import forecast_rule, mixed_history, mixed_items, residual_policy
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.policies import archive
from rl_replenishment.core.policies.archive import pack, unpack
from rl_replenishment.core.policies.store import (
	MANIFEST_FILE,
	WEIGHTS_FILE,
	StoredPolicy,
	parse_policy,
	policy_files,
)
from rl_replenishment.core.training.from_history import snapshot


def contents() -> dict[str, bytes]:
	items = mixed_items()
	policy = residual_policy(forecast_rule(items=items), np.random.default_rng(0))
	return policy_files(StoredPolicy(policy, snapshot(mixed_history(), items, 7), 7, "lost"))


def packed(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
	buffer = io.BytesIO()
	with zipfile.ZipFile(buffer, "w", compression) as file:
		for name, data in entries:
			file.writestr(name, data)
	return buffer.getvalue()


def test_what_is_packed_comes_back() -> None:
	files = contents()
	assert unpack(pack(files), "file") == files
	assert parse_policy(unpack(pack(files), "file"), "file").policy.name == "learned policy"


def test_same_policy_same_bytes() -> None:
	files = contents()
	assert pack(files) == pack(dict(reversed(files.items())))


@pytest.mark.parametrize(
	"foreign",
	[
		lambda files: b"",
		lambda files: b"no zip",
		lambda files: pack(files)[:-30],
		lambda files: packed((MANIFEST_FILE, b"{}")),
		lambda files: packed(*files.items(), ("../../more", b"")),
		lambda files: packed(*files.items(), (MANIFEST_FILE, b"{}")),
		lambda files: packed(*files.items(), compression=zipfile.ZIP_DEFLATED),
		lambda files: packed(*files.items(), *((f"{number}", b"") for number in range(50))),
		lambda files: pack(files) + b"more",
		lambda files: packed(
			(MANIFEST_FILE, bytes(2**24)), (WEIGHTS_FILE, b""), compression=zipfile.ZIP_LZMA
		),
	],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_foreign_files_are_refused(foreign: Callable[[dict[str, bytes]], bytes]) -> None:
	with pytest.raises(PolicyFileError, match=r"^Policy POL-1 "):
		unpack(foreign(contents()), "Policy POL-1")


def test_a_long_table_of_contents_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
	"""However it is told how long that is: a zip of some megabytes would take a gigabyte."""
	both = [packed(*((f"{number}", b"") for number in range(count))) for count in (1000, 70_000)]
	monkeypatch.setattr(zipfile, "ZipFile", None)
	for foreign in both:
		with pytest.raises(PolicyFileError, match="is no policy"):
			unpack(foreign, "file")


def test_large_files_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
	data = pack(contents())
	monkeypatch.setattr(archive, "LARGEST_ARCHIVE", len(data) - 1)
	with pytest.raises(PolicyFileError, match="more than any policy"):
		unpack(data, "file")


@given(position=st.integers(0), value=st.integers(0, 255))
def test_a_damaged_byte_is_never_taken_for_a_policy(position: int, value: int) -> None:
	"""Whatever byte is damaged, the contents come back as they were or not at all."""
	files = contents()
	data = bytearray(pack(files))
	data[position % len(data)] = value
	try:
		found = unpack(bytes(data), "file")
	except PolicyFileError:
		return
	assert found == files
