"""Templates of the report; a package, so that every build takes them along."""
