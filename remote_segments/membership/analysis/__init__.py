"""Questions about published segments, as expressions over the tables: counts only, never a person."""
