"""What the notification says is in its template."""
