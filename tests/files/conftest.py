"""Small files for the readers."""

from collections.abc import Callable
from pathlib import Path

import pytest

WriteFile = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> WriteFile:
	"""Writes a file called `data.csv`, from bytes or from text in an encoding, and gives its path."""

	def write_file(content: str | bytes, encoding: str = "utf-8") -> Path:
		path = tmp_path / "data.csv"
		path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
		return path

	return write_file
