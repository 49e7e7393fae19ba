"""What is known of item-warehouses today, read from the site's documents."""
