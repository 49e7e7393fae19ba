"""One module per claim; each measures, and returns what it found as plain values."""
