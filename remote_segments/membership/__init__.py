"""The algebra of membership: tables in, table out; no connection, no clock, no Dagster."""
