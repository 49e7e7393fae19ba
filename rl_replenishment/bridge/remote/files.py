"""Files of trainings on other machines: the records sent, the policy received. No address leads to them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import frappe

#: of the site's private folder, but not among its files, which Frappe lists, serves and backs up
_FOLDER = "rl_replenishment"
RECORDS, UPLOAD = "records", "upload"


def path_of(run: str, kind: str) -> Path:
	"""Where the records or the upload of an RL Training Run lie."""
	return Path(frappe.get_site_path("private", _FOLDER)) / f"{run}.{kind}"


def write(run: str, kind: str, data: bytes) -> str:
	"""Keep a file, whole or not at all; returns its checksum."""
	path = path_of(run, kind)
	path.parent.mkdir(mode=0o700, exist_ok=True)
	filling = path.with_suffix(f".{frappe.generate_hash(length=8)}")
	try:
		filling.write_bytes(data)
		os.replace(filling, path)
	finally:
		filling.unlink(missing_ok=True)
	return hashlib.sha256(data).hexdigest()


def page(run: str, kind: str, start: int, most: int) -> tuple[bytes, int]:
	"""A part of a file, and the size of all of it; b"" and 0 where there is none."""
	try:
		with path_of(run, kind).open("rb") as file:
			file.seek(start)
			return file.read(most), os.fstat(file.fileno()).st_size
	except FileNotFoundError:
		return b"", 0


def append(run: str, kind: str, start: int, data: bytes, most: int) -> int:
	"""Add a part that begins at `start`; returns the size that the file has now.

	What was there from `start` on is replaced, so that a part may be sent again; a part that would leave a
	hole, or make the file larger than `most`, is not written.
	"""
	path = path_of(run, kind)
	path.parent.mkdir(mode=0o700, exist_ok=True)
	with path.open("r+b" if path.exists() else "w+b") as file:
		size = os.fstat(file.fileno()).st_size
		if start > size or start + len(data) > most:
			return size
		file.seek(start)
		file.write(data)
		file.truncate()
		return start + len(data)


def checksum(run: str, kind: str) -> str:
	"""Of a file; "" where there is none."""
	try:
		return hashlib.sha256(path_of(run, kind).read_bytes()).hexdigest()
	except FileNotFoundError:
		return ""


def remove(run: str) -> None:
	"""Nothing of a training stays on the disk."""
	for kind in (RECORDS, UPLOAD):
		path_of(run, kind).unlink(missing_ok=True)


def remove_all() -> None:
	"""Nothing of any training stays on the disk."""
	shutil.rmtree(frappe.get_site_path("private", _FOLDER), ignore_errors=True)


def sweep() -> None:
	"""Remove what belongs to no open run."""
	folder = Path(frappe.get_site_path("private", _FOLDER))
	if not folder.is_dir():
		return
	found = {file.stem for file in folder.iterdir()}
	still = {"name": ("in", sorted(found) or [""]), "status": ("in", ("Queued", "In Progress"))}
	for run in found - set(frappe.get_all("RL Training Run", still, pluck="name")):
		for file in folder.glob(f"{run}.*"):
			file.unlink(missing_ok=True)
