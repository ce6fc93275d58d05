"""One platform, written down: a closed language of bricks, checked as a whole when it is loaded.

There are no expressions and no conditions, only `{name}` placeholders. A manifest that wants an `if` is a platform to
be written in Python instead.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Literal

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from remote_segments.explanations import refusal
from remote_segments.rest.auth import Auth
from remote_segments.rest.describing import DESCRIBED
from remote_segments.rest.endpoint import PAGE_SIZE, Endpoint
from remote_segments.rest.export.members import Export
from remote_segments.rest.limits import Limits, Quota
from remote_segments.rest.paths import Path
from remote_segments.rest.placeholders import Declared, Template, fill_path, names
from remote_segments.rest.python.declared import PythonDescribe, PythonListing, PythonMembers
from remote_segments.rest.python.platform import PythonPlatform
from remote_segments.rest.refusals import Refusal
from remote_segments.rest.retries import Retries
from remote_segments.rest.source_kind import SourceKind
from remote_segments.rest.writing.call import WriteCall
from remote_segments.rest.writing.kind import DestinationKind
from remote_segments.settings import Settings
from remote_segments.sources.audiences import Audiences
from remote_segments.sources.connection import ConnectionKeys
from remote_segments.suggestions import choose
from remote_segments.yaml import KeyPath

Verb = Literal[
    "auth", "limits", "members", "lookup", "describe", "list", "errors",
    "add", "remove", "upsert", "create", "resolve", "job",
]  # fmt: skip
NAME = r"^[a-z][a-z0-9_]{0,47}$"


_SILENT: Mapping[str, Path] = {"graphql": "errors", "json-rpc": "error"}
"""For each shape of a body whose errors come as HTTP 200, where they are.

https://spec.graphql.org/October2021/#sec-Errors, https://www.jsonrpc.org/specification#response_object
"""


class Manifest(Settings):
    """Everything the project knows about one platform."""

    name: str = Field(pattern=NAME, description="Name that connections use.", examples=["klaviyo"])
    title: str = Field(description="Name for people.", examples=["Klaviyo"])
    docs: dict[Verb, str] = Field(description="Address of the vendor's documentation, per part of this manifest.")
    api_version: str = Field(description="Version of the API that is written down here.")
    sunset: dict[str, date] = Field(
        default_factory=dict,
        description="For a version of the API, the day from which the vendor no longer promises it; only where the "
        "vendor says so. A connection speaks `api_version`, or what its option `version` says.",
        examples=[{"2026-07-15": "2028-07-15"}],
    )
    checked: date = Field(description="Day on which it was compared with the documentation.")
    proof: Literal["documented", "replayed", "live"] = Field(
        description="How far it is proven: read in documentation; its documented exchanges replayed and the "
        "conformance kit passed; or, beside that, run against a real server by a test."
    )
    notes: str | None = Field(None, description="What a user should know before relying on it.")
    audiences: Audiences | None = Field(
        None, description="How to get the four typical audiences from it, or that it cannot give them."
    )
    base_url: Template = Field(description="Address below which all paths are; may hold options.", pattern="^https?://")
    connection: ConnectionKeys = Field(description="What a connection is made of.")
    key_help: str = Field(description="How to make a key with the least rights that suffice.")
    auth: Auth = Field(description="How the platform learns who calls.")
    headers: dict[str, Template] = Field(default_factory=dict, description="Headers of every call.")
    limits: Limits = Field(description="Calls that one account may make.")
    quota: Quota | None = Field(None, description="Headers that tell the rest of the quota.")
    retries: Retries = Field(default=Retries(), description="When a call is tried again.")
    refusals: tuple[Refusal, ...] = Field((), description="Answers that mean something else than their status says.")
    error_detail: Path | None = Field(
        None, description="Path of the sentence in the body of a refusal.", examples=["errors.0.detail"]
    )
    timeout_seconds: float = Field(60.0, gt=0, description="Seconds without a byte after which a call is given up.")
    largest_answer: int = Field(64_000_000, ge=1, description="Bytes; a larger answer is an error.")
    sources: dict[str, SourceKind] = Field(default_factory=dict, description="Kinds of membership that can be read.")
    destinations: dict[str, DestinationKind] = Field(
        default_factory=dict, description="Kinds of list that members can be sent to."
    )

    _code: type[PythonPlatform] | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _fits(self) -> "Manifest":
        for problem in self._placeholder_problems():
            raise problem
        problems = [*self._auth_problems(), *self._name_problems(), *self._silent_problems()]
        problems += self._destination_problems()
        for what, kinds in (("source", self.sources), ("destination", self.destinations)):
            sets = [frozenset(kind.ids) for kind in kinds.values()]
            if len(set(sets)) < len(sets):
                problems.append(f"two kinds of {what} have the same id keys, so that they could be confused")
        if not self.sources and not self.destinations:
            problems.append("it has neither sources nor destinations")
        problems += [
            f"the bucket's option {name} is not an option of the connection"
            for name in self.bucket_options()
            if name not in self.connection.options
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _placeholder_problems(self) -> Iterator[PydanticCustomError]:
        """Yields the placeholders that nothing fills; other problems may only follow from them."""
        options = tuple(self.connection.options)
        outside = {name for text in (self.base_url, *self.headers.values()) for name in names(text)}
        yield from _unfilled({*outside, *self.auth.names()}, options, ())
        for name, kind in self.sources.items():
            known = (*kind.ids, *options, PAGE_SIZE, *sorted(kind.given()))
            yield from _unfilled(set(kind.placeholders()), known, ("sources", name))
        for name, destination in self.destinations.items():
            needs = destination.create.needs if destination.create is not None else ()
            known = (*destination.ids, *options, *needs)
            yield from _unfilled(set(destination.placeholders()), known, ("destinations", name))

    def _auth_problems(self) -> Iterator[str]:
        for secret in self.auth.uses():
            if secret not in self.connection.secrets:
                yield f"auth uses the secret {secret}, which connection.secrets does not list"
        if "authorization" in {name.lower() for name in self.headers}:
            yield "the authorization header belongs to auth"

    def _silent_problems(self) -> Iterator[str]:
        """Yields the shapes of calls whose errors come as HTTP 200, and that no rule tells from success."""
        told = {rule.path for rule in self.refusals if rule.status == 200 and rule.present is not None}
        blocks: dict[str, list[Endpoint | WriteCall]]
        blocks = {f"sources.{name}": [*kind.calls_made()] for name, kind in self.sources.items()}
        blocks |= {f"destinations.{name}": [*kind.calls_made()] for name, kind in self.destinations.items()}
        for place, calls in blocks.items():
            silent = {_SILENT[call.body.kind] for call in calls if call.body and call.body.kind in _SILENT}
            for path in sorted(silent - told):
                yield f"errors of {place} come as HTTP 200: refusals needs a rule for `{path}` being present"

    def _destination_problems(self) -> Iterator[str]:
        for name, kind in self.destinations.items():
            source = self.sources.get(kind.readable or "")
            if kind.readable is not None and (source is None or set(source.ids) != set(kind.ids)):
                yield f"destinations.{name}.readable is {kind.readable}, which is no kind of source of the same ids"

    def _name_problems(self) -> Iterator[str]:
        options = set(self.connection.options)
        for kind_name, kind in self.sources.items():
            used = {*kind.members.placeholders(), *(kind.where.placeholders() if kind.where else ())}
            if DESCRIBED in used:  # the name comes from the description, which the ids lead to
                used |= set(kind.describe.placeholders())
            unused = set() if isinstance(kind.members, PythonMembers) else set(kind.ids) - used
            for name in sorted(unused):
                yield f"the id {name} is not used in sources.{kind_name}.members"
            clash = sorted(set(kind.ids) & options)
            if clash:
                yield f"{clash[0]} is both an id of sources.{kind_name} and an option of the connection"

    @property
    def code(self) -> type[PythonPlatform] | None:
        """The class that speaks to the platform where Python does; None where none does, or none was loaded."""
        return self._code

    def with_code(self, code: type[PythonPlatform] | None) -> "Manifest":
        """Returns this manifest with the class that some of its verbs need."""
        manifest = self.model_copy()
        manifest._code = code
        return manifest

    def methods(self) -> Iterator[str]:
        """Yields the methods that its class must have; nothing where all is written down."""
        verbs = {"members": PythonMembers, "describe": PythonDescribe, "list": PythonListing}
        for verb, kind_of in verbs.items():
            if any(isinstance(getattr(kind, verb), kind_of) for kind in self.sources.values()):
                yield verb.replace("list", "segments")

    def source_kind(self, ids: Collection[str]) -> tuple[str, SourceKind] | None:
        """Returns the kind of source with exactly these id keys, and its name; None when there is none."""
        for name, kind in self.sources.items():
            if set(kind.ids) == set(ids):
                return name, kind
        return None

    def destination_kind(self, ids: Collection[str]) -> tuple[str, DestinationKind] | None:
        """Returns the kind of destination with exactly these id keys, and its name; None when there is none."""
        for name, kind in self.destinations.items():
            if set(kind.ids) == set(ids):
                return name, kind
        return None

    def calls_per_refresh(self, kind: str, size: int, wanted: Collection[str] | None = None) -> int:
        """Returns the calls that one refresh of a segment with so many members takes at most, retries not counted.

        Args:
            kind: kind of source.
            size: members.
            wanted: the identifiers that are matched; all when left out.
        """
        return self.sources[kind].calls(size, wanted) + self.auth.calls()

    def version_of(self, options: Mapping[str, str]) -> str:
        """Returns the version of the API that a connection with these options speaks."""
        return self.option_values(options).get("version", self.api_version)

    def option_values(self, given: Mapping[str, str]) -> dict[str, str]:
        """Returns the options of a connection completed by their defaults; an option without either is left out."""
        defaults = {
            name: option.default for name, option in self.connection.options.items() if option.default is not None
        }
        listed = {name for name, option in self.connection.options.items() if option.values}
        return {name: Declared(value) if name in listed else value for name, value in {**defaults, **given}.items()}

    def bucket_options(self) -> Iterator[str]:
        """Yields the options of a connection that name another connection: that of a bucket to which it exports."""
        exports = (kind.members for kind in self.sources.values() if isinstance(kind.members, Export))
        yield from dict.fromkeys(members.bucket.option for members in exports if members.bucket is not None)

    def page_url(self, kind: str, ids: Mapping[str, str], options: Mapping[str, str]) -> str | None:
        """Returns the address of a segment's page in the tool, None where it is unknown."""
        template = self.sources[kind].page_url
        values = {**self.option_values(options), **ids}
        if template is None or any(not values.get(name) for name in names(template)):
            return None
        return fill_path(template, values)


__all__ = ["NAME", "ConnectionKeys", "Manifest", "SourceKind", "Verb"]


def _unfilled(used: Collection[str], known: Collection[str], block: KeyPath) -> Iterator[PydanticCustomError]:
    """Yields the used placeholders of a block that nobody knows."""
    for name in sorted(set(used) - set(known)):
        where = f" in {'.'.join(map(str, block))} is neither one of its ids nor" if block else " is not"
        found, fix = f"{{{name}}}{where} an option of the connection.", choose(name, known, "There are no options.")
        yield refusal("bad-value", found, fix, holding=f"{{{name}}}", below=block)
