"""Trainings on other machines, and the state for environments over a site."""
