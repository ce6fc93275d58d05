"""The platforms that come with the project: one manifest each, and nothing else."""
