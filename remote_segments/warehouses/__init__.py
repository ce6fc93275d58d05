"""Where tables live: the only package that imports database drivers."""
