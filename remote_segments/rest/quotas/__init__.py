"""How the limits of an account are kept by all threads and processes that call it."""
