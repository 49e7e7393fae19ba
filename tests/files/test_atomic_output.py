"""Results are written whole or not at all, and nothing of the user's is overwritten."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.output import write_folder_atomically, write_text_atomically

MARKER = "manifest.json"
not_as_root = pytest.mark.skipif(
	not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


def write_result(target: Path, content: str = "new") -> None:
	with write_folder_atomically(target, marker=MARKER) as folder:
		(folder / MARKER).write_text(content)
		(folder / "below").mkdir()
		(folder / "below" / "weights").write_text(content)


def contents(folder: Path) -> dict[str, str]:
	return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@contextmanager
def refused(text: str) -> Iterator[None]:
	with pytest.raises(InputError) as caught:
		yield
	message = str(caught.value)
	assert text in message
	assert message.endswith(".")
	assert "\n" not in message


@contextmanager
def small_files_only(limit: int) -> Iterator[None]:
	"""The operating system refuses to let any file grow beyond `limit` bytes."""
	resource = pytest.importorskip("resource")
	soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
	resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
	try:
		yield
	finally:
		resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestFolder:
	def test_a_new_folder_appears_whole(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		with write_folder_atomically(target, marker=MARKER) as folder:
			(folder / MARKER).write_text("new")
			assert not target.exists()
			assert folder.parent == tmp_path
		assert contents(target) == {MARKER: "new"}
		assert os.listdir(tmp_path) == ["policy"]

	def test_permissions_are_those_of_any_new_folder(self, tmp_path: Path) -> None:
		write_result(tmp_path / "policy")
		(tmp_path / "plain").mkdir()
		assert (tmp_path / "policy").stat().st_mode == (tmp_path / "plain").stat().st_mode

	def test_an_earlier_result_is_replaced(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		write_result(target, "old")
		target.chmod(0o750)
		write_result(target)
		assert contents(target) == {MARKER: "new", "below/weights": "new"}
		assert stat.S_IMODE(target.stat().st_mode) == 0o750
		assert os.listdir(tmp_path) == ["policy"]

	def test_what_the_user_put_beside_an_earlier_result_stays(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		write_result(target, "old")
		(target / "notes.txt").write_text("mine")
		write_result(target)
		assert contents(target) == {MARKER: "new", "below/weights": "new", "notes.txt": "mine"}

	def test_an_empty_folder_is_filled(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		target.mkdir()
		write_result(target)
		assert MARKER in contents(target)

	def test_a_link_to_an_earlier_result_stays_a_link(self, tmp_path: Path) -> None:
		write_result(tmp_path / "policy-1", "old")
		link = tmp_path / "active"
		link.symlink_to("policy-1")
		write_result(link)
		assert link.is_symlink()
		assert contents(tmp_path / "policy-1")[MARKER] == "new"

	def test_a_folder_of_other_files_is_refused_before_work_begins(self, tmp_path: Path) -> None:
		(tmp_path / "mine.txt").write_text("mine")
		with (
			refused(f"{tmp_path} holds other files and no {MARKER}"),
			write_folder_atomically(tmp_path, marker=MARKER),
		):
			pytest.fail("work began")
		assert contents(tmp_path) == {"mine.txt": "mine"}

	def test_a_folder_that_others_filled_meanwhile_is_refused(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		with refused("holds other files"), write_folder_atomically(target, marker=MARKER) as folder:
			(folder / MARKER).write_text("new")
			target.mkdir()
			(target / "mine.txt").write_text("mine")
		assert contents(tmp_path) == {"policy/mine.txt": "mine"}

	def test_a_file_is_refused(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		target.write_text("mine")
		with refused("is a file; name a folder"):
			write_result(target)
		assert target.read_text() == "mine"

	@pytest.mark.parametrize("name", [".", "..", "/"])
	def test_the_current_folder_and_those_above_are_refused(
		self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
	) -> None:
		write_result(tmp_path / "policy", "old")
		(tmp_path / "policy" / "below" / MARKER).write_text("old")
		monkeypatch.chdir(tmp_path / "policy" / "below")
		with refused("is the current folder or above it"):
			write_result(Path(name))

	def test_a_missing_parent_is_refused(self, tmp_path: Path) -> None:
		with refused(f"the folder {tmp_path / 'none'} does not exist; create it first"):
			write_result(tmp_path / "none" / "policy")

	def test_an_error_leaves_nothing_behind_and_passes_through(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		write_result(target, "old")

		def fail(error: BaseException) -> None:
			with write_folder_atomically(target, marker=MARKER) as folder:
				(folder / MARKER).write_text("new")
				raise error

		for error in (ValueError("a bug"), KeyboardInterrupt(), InputError("A bad row.")):
			with pytest.raises(type(error)):
				fail(error)
			assert os.listdir(tmp_path) == ["policy"]
			assert contents(target)[MARKER] == "old"

	def test_an_error_about_another_file_passes_through(self, tmp_path: Path) -> None:
		with pytest.raises(FileNotFoundError), write_folder_atomically(tmp_path / "policy", marker=MARKER):
			(tmp_path / "none").read_text()
		assert os.listdir(tmp_path) == []

	def test_a_limit_of_the_disk_leaves_the_earlier_result(self, tmp_path: Path) -> None:
		target = tmp_path / "policy"
		write_result(target, "old")
		with refused(f"{target} cannot be written (File too large)"), small_files_only(1000):
			write_result(target, "n" * 100_000)
		assert os.listdir(tmp_path) == ["policy"]
		assert contents(target)[MARKER] == "old"

	def test_a_full_disk_says_so(self, tmp_path: Path) -> None:
		with (
			refused("cannot be written (No space left on device); free some space and run it again"),
			write_folder_atomically(tmp_path / "policy", marker=MARKER) as folder,
		):
			(folder / MARKER).write_text("new")
			raise OSError(errno.ENOSPC, "No space left on device")
		assert os.listdir(tmp_path) == []

	def test_a_failed_swap_puts_the_earlier_result_back(
		self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
	) -> None:
		target = tmp_path / "policy"
		write_result(target, "old")
		rename = Path.rename

		def fail_for_the_new(path: Path, to: Path) -> Path:
			if path.suffix == ".new":
				raise OSError(errno.EIO, "Input/output error", str(path))
			return rename(path, to)

		monkeypatch.setattr(Path, "rename", fail_for_the_new)
		with refused("cannot be written (Input/output error)"):
			write_result(target)
		assert os.listdir(tmp_path) == ["policy"]
		assert contents(target)[MARKER] == "old"

	@not_as_root
	def test_a_read_only_parent_is_refused(self, tmp_path: Path) -> None:
		tmp_path.chmod(0o500)
		try:
			with refused("no permission to write"):
				write_result(tmp_path / "policy")
		finally:
			tmp_path.chmod(0o700)

	def test_a_denied_folder_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
		def deny(path: Path, *_: Any, **__: Any) -> None:
			raise PermissionError(errno.EACCES, "Permission denied", str(path))

		monkeypatch.setattr(Path, "mkdir", deny)
		with refused("cannot be written (Permission denied); name another place"):
			write_result(tmp_path / "policy")


class TestText:
	def test_a_file_is_written_and_replaced(self, tmp_path: Path) -> None:
		target = tmp_path / "report.html"
		write_text_atomically(target, "Käse\n")
		assert target.read_bytes() == "Käse\n".encode()
		target.chmod(0o640)
		write_text_atomically(str(target), "new")
		assert target.read_text() == "new"
		assert stat.S_IMODE(target.stat().st_mode) == 0o640
		assert os.listdir(tmp_path) == ["report.html"]

	def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
		(tmp_path / "report.html").write_text("old")
		(tmp_path / "latest.html").symlink_to("report.html")
		write_text_atomically(tmp_path / "latest.html", "new")
		assert (tmp_path / "latest.html").is_symlink()
		assert (tmp_path / "report.html").read_text() == "new"

	def test_folders_and_devices_are_refused(self, tmp_path: Path) -> None:
		with refused("is a folder; name a file"):
			write_text_atomically(tmp_path, "new")
		os.mkfifo(tmp_path / "pipe")
		with refused("is a device or pipe"):
			write_text_atomically(tmp_path / "pipe", "new")

	def test_a_missing_parent_is_refused(self, tmp_path: Path) -> None:
		with refused("does not exist; create it first"):
			write_text_atomically(tmp_path / "none" / "report.html", "new")

	def test_a_name_too_long_is_refused(self, tmp_path: Path) -> None:
		with refused("cannot be written (File name too long)"):
			write_text_atomically(tmp_path / ("n" * 300), "new")

	def test_a_limit_of_the_disk_leaves_the_earlier_file(self, tmp_path: Path) -> None:
		target = tmp_path / "report.html"
		write_text_atomically(target, "old")
		with refused(f"{target} cannot be written (File too large)"), small_files_only(1000):
			write_text_atomically(target, "n" * 100_000)
		assert contents(tmp_path) == {"report.html": "old"}

	def test_a_full_disk_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
		def full(_: int) -> None:
			raise OSError(errno.ENOSPC, "No space left on device")

		monkeypatch.setattr(os, "fsync", full)
		with refused("cannot be written (No space left on device); free some space"):
			write_text_atomically(tmp_path / "report.html", "new")
		assert os.listdir(tmp_path) == []


def test_what_is_outdated_does_not_stay(tmp_path: Path) -> None:
	"""Of an earlier result, what belongs to it alone goes; what may be the user's stays."""
	place = tmp_path / "result"
	for names in (("marker", "notes.txt", "checkpoint"), ("marker",)):
		with write_folder_atomically(place, marker="marker", outdated=["checkpoint"]) as folder:
			for name in names:
				(folder / name).write_text(name)
	assert {path.name for path in place.iterdir()} == {"marker", "notes.txt"}
