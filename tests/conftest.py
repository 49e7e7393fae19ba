from types import ModuleType

import pytest
from hypothesis import settings

# The same examples on every run, and no deadline: a busy machine is no failure.
settings.register_profile("repository", derandomize=True, deadline=None)
settings.load_profile("repository")


@pytest.fixture(scope="session")
def lightgbm() -> ModuleType:
	"""LightGBM, which a peer needs, where it is installed and the system has what it is linked to."""
	try:
		return pytest.importorskip("lightgbm")
	except OSError as error:
		pytest.skip(f"LightGBM cannot be loaded here: {error}")
