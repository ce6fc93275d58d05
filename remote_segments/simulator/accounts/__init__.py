"""One file per platform that the simulator can pretend to be."""
