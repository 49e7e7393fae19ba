import pytest

# an extra of its own
pytest.importorskip("requests")
