"""The buyer's board: open proposals on one screen, and what is done with them there."""
