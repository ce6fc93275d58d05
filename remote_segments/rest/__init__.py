"""How to speak to platforms over HTTP: the only package that imports httpx."""
