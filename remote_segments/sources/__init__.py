"""What every source of members offers, whatever is behind it: a platform's API, files, a query of the warehouse."""
