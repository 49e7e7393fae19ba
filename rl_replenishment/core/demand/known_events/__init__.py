"""Holidays, promotions and other prices, known by date: what they do to demand, learned and counted in."""
