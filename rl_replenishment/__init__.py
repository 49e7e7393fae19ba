"""Proposes what to buy in ERPNext, and learns from stock history and from the buyer's edits."""

__version__ = "0.1.0"
