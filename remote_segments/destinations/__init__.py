"""What every destination of members offers, whatever is behind it: a platform's list, a file, a table, a webhook."""
