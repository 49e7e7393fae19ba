"""Writing results whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.table import FilePath

#: what an operating system says where the place, and not the program, is at fault
_PLACE_AT_FAULT = frozenset(
	getattr(errno, name)
	for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ENAMETOOLONG")
	if hasattr(errno, name)
)


@contextmanager
def write_folder_atomically(path: FilePath, *, marker: str, outdated: Sequence[str] = ()) -> Iterator[Path]:
	"""Yield an empty folder to fill; on leaving without an error it becomes `path`, whole.

	What is already at `path` is replaced where it is an empty folder or one with a file called `marker`,
	which says that it is an earlier result; anything else is refused before work begins. Files of the earlier
	result that the new one does not have stay, since they may be the user's, except those called `outdated`.
	On an error nothing is left behind and `path` stays as it was. Raises `InputError` where `path` must not
	be replaced, the folder above it is missing or cannot be written to, or the disk is full.
	"""
	target = _resolved(path)
	_refuse_foreign(target, path, marker)
	filling = _sibling(target, "new")
	try:
		with _explained(path, within=filling):
			filling.mkdir()
			yield filling
			for file in filling.rglob("*"):
				if file.is_file():
					_flush(file)
		_refuse_foreign(target, path, marker)
		with _explained(path):
			_swap(filling, target, outdated)
	except InputError as error:
		# of a file or folder inside, by the name that it would have had
		raise InputError(str(error).replace(str(filling), str(path))) from error
	finally:
		shutil.rmtree(filling, ignore_errors=True)


def write_text_atomically(path: FilePath, text: str) -> None:
	"""As `write_bytes_atomically`, `text` as UTF-8."""
	write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: FilePath, data: bytes) -> None:
	"""Write `data` to `path`, which is replaced whole; on an error it stays as it was.

	Raises `InputError` where `path` is no file, the folder above it is missing or cannot be written to, or
	the disk is full.
	"""
	target = check_file_place(path)
	filling = _sibling(target, "new")
	with _explained(path, within=filling):
		try:
			with filling.open("xb") as file:
				file.write(data)
				file.flush()
				os.fsync(file.fileno())
			if target.exists():
				shutil.copymode(target, filling)
			filling.replace(target)
		finally:
			filling.unlink(missing_ok=True)


def check_file_place(path: FilePath) -> Path:
	"""Refuse a `path` that `write_text_atomically` could not write to, before the work is done.

	Returns the place behind links.
	"""
	target = _resolved(path)
	if target.is_dir():
		raise InputError(f"{path} is a folder; name a file.")
	if target.exists() and not target.is_file():
		raise InputError(f"{path} is a device or pipe, which cannot be replaced; name a file.")
	return target


def _resolved(path: FilePath) -> Path:
	"""The place behind links, so that a link to an earlier result stays a link; its folder must exist."""
	with _explained(path):
		target = Path(os.path.realpath(path))
		# a name that the disk cannot hold shows here, before any work
		target.exists()
		has_parent = target.parent.is_dir()
	if not has_parent:
		raise InputError(
			f"{path} cannot be written: the folder {target.parent} does not exist; create it first."
		)
	if not os.access(target.parent, os.W_OK | os.X_OK):
		raise InputError(
			f"{path} cannot be written: no permission to write in {target.parent}; name another place."
		)
	return target


def _refuse_foreign(target: Path, path: FilePath, marker: str) -> None:
	if not target.exists():
		return
	if not target.is_dir():
		raise InputError(f"{path} is a file; name a folder.")
	if Path.cwd().is_relative_to(target):
		raise InputError(
			f"{path} is the current folder or above it, which cannot be replaced; name one below it."
		)
	with _explained(path):
		ours = (target / marker).is_file() or not any(target.iterdir())
	if not ours:
		raise InputError(
			f"{path} holds other files and no {marker}, so it is not replaced; name a new or an empty folder."
		)


def _sibling(target: Path, purpose: str) -> Path:
	"""A name beside the target, hence on the same disk, that nothing else uses."""
	return target.with_name(f".{target.name[:40]}.{uuid.uuid4().hex[:12]}.{purpose}")


def _swap(filling: Path, target: Path, outdated: Sequence[str]) -> None:
	if not target.exists():
		filling.rename(target)
		return
	shutil.copymode(target, filling)
	aside = _sibling(target, "old")
	target.rename(aside)
	try:
		filling.rename(target)
	except BaseException:
		aside.rename(target)
		raise
	for kept in aside.iterdir():
		if kept.name not in outdated and not (target / kept.name).exists():
			kept.rename(target / kept.name)
	shutil.rmtree(aside, ignore_errors=True)


def _flush(file: Path) -> None:
	"""To the disk itself: a rename may otherwise outlive the contents in a power cut."""
	with file.open("rb+") as stream:
		os.fsync(stream.fileno())


@contextmanager
def _explained(path: FilePath, within: Path | None = None) -> Iterator[None]:
	"""Turn what the operating system says of `path` into one sentence.

	Errors about another file than one in `within` belong to the caller and pass through.
	"""
	try:
		yield
	except OSError as error:
		if within is not None:
			name = error.filename
			# a failed write names no file
			unnamed = name is None or isinstance(name, int)
			ours = (
				error.errno in _PLACE_AT_FAULT if unnamed else Path(os.fsdecode(name)).is_relative_to(within)
			)
			if not ours:
				raise
		remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "name another place"
		raise InputError(
			f"{path} cannot be written ({error.strerror or error}); {remedy} and run it again."
		) from error
