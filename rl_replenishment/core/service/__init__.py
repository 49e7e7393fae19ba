"""Service in the planner's words: classes of items, targets, and what they cost."""
