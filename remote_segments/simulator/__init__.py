"""The bundled fake platforms: real HTTP on loopback, with faults on demand."""

from remote_segments.simulator.membership import SEGMENTS, Member, Profile, membership
from remote_segments.simulator.population import PEOPLE, SEED, Person, people
from remote_segments.simulator.server import Simulator, serve

__all__ = ["PEOPLE", "SEED", "SEGMENTS", "Member", "Person", "Profile", "Simulator", "membership", "people", "serve"]
