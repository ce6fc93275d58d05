"""Whether a manifest reads what its platform's documentation says, and notices what may go wrong."""
