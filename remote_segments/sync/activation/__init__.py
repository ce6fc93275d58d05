"""From a published segment or audience to a destination: plan, send, and what is known afterwards."""
