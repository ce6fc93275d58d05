"""The kinds of identifiers that platforms and models share, one file each."""
