"""How members are sent to a platform, as a manifest writes it down: what goes out, and how each outcome is read."""
