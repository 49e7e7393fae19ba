"""Policies as documents: kept, compared, put to use, watched."""
