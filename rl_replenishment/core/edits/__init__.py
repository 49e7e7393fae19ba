"""What a buyer's changes to proposals say, and what they do not."""
