"""From the state through the policy to Material Requests."""
