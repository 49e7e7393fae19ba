"""Trainings as documents, from the question to the policy that came of it."""
