"""The bundled fake platforms: real HTTP on loopback, with faults on demand."""
