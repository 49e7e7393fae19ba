"""What service costs an agent, and what its service targets take."""
