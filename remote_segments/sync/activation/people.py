"""Who is in what is sent, and who of them must not be: read from the warehouse, as it is in this session."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from remote_segments.errors import ProjectError
from remote_segments.membership.addressing import HELD_OUT, Message, Rule, blockable, people
from remote_segments.membership.compile import Scope, finished, unbound
from remote_segments.membership.literals import literal, quoted, table_name
from remote_segments.membership.models import Model, check_columns
from remote_segments.membership.tables import KEY_COLUMNS, TABLES
from remote_segments.sync.activation.terms import Permission, Terms
from remote_segments.sync.snapshots import Snapshot, latest_published
from remote_segments.sync.spelling import spellings_of
from remote_segments.warehouses.base import Session


def scope_of(session: Session, terms: Terms) -> Scope:
    """The activation in this session's schema and dialect."""
    return Scope(session.dialect, session.schema, terms.activation)


@dataclass(frozen=True)
class Source:
    """The published snapshot that is sent, and that of the people who are held out of it."""

    snapshot: Snapshot
    holdout: Snapshot | None

    @property
    def size(self) -> int:
        """People of the audience, those held out included."""
        return (self.snapshot.mapped or 0) + (self.holdout.mapped or 0 if self.holdout else 0)


def read_source(session: Session, terms: Terms) -> Source:
    """The newest published snapshot of what is sent.

    Raises:
        ProjectError: `source-unpublished`, `activation-key-changed`.
    """
    found = _published(session, terms.source, terms.where)
    if found.key_columns != terms.key_columns:
        raise ProjectError(
            "activation-key-changed",
            f"{terms.source} was published with the key {found.key_columns}; its model has {terms.key_columns} now.",
            f"Refresh it first: `remote-segments run {terms.source}`.",
            terms.where,
        )
    return Source(found, _published(session, terms.holdout, terms.where) if terms.holdout else None)


def _published(session: Session, name: str, where: str) -> Snapshot:
    found = None
    if session.relation("snapshots", session.schema) is not None:
        found = latest_published(session, name)
    if found is None:
        raise ProjectError(
            "source-unpublished",
            f"{name} was never published, so nobody knows who is in it.",
            f"Run `remote-segments run {name}`, then plan again.",
            where,
        )
    return found


def keys_of(scope: Scope, name: str, snapshot_id: str, width: int) -> Any:
    """The keys of a stored snapshot of any segment or audience."""
    rows = unbound("keys", TABLES["keys"], scope.schema)
    rows = rows.filter(rows.segment == scope.text(name), rows.snapshot_id == scope.text(snapshot_id))
    return rows.select(*KEY_COLUMNS[:width])


def read_model(session: Session, terms: Terms) -> Model:
    """Makes the model readable in this session, and checks the columns that are sent.

    Raises:
        ProjectError: `model-missing`, `unknown-column`, `model-key-type`, `identifier-column-type`.
    """
    try:
        found = session.expose(table=terms.model.table, sql=terms.model.sql, path=terms.model.path)
    except ProjectError as error:
        error.placed(f"{terms.where}, model {terms.model_name}")
        raise
    model = Model(found.schema, found.name, found.columns, terms.key)
    sent = [one.column for one in terms.message.addresses]
    judged = [one.listing.column for one in terms.permissions if one.listing.column and not one.listing.table]
    check_columns(model, sent, [*terms.message.attributes.values(), *judged], terms.where)
    return model


def stage_rules(session: Session, terms: Terms, source: Source | None) -> tuple[Rule, ...]:
    """Writes the lists of people who must not be sent into temporary tables; what cannot be read stops everything.

    Raises:
        ProjectError: `source-unpublished`, `list-unreadable`.
    """
    rules = [_rule(session, terms, number, one) for number, one in enumerate(terms.permissions)]
    if source is not None and source.holdout is not None:
        scope = scope_of(session, terms)
        keys = keys_of(scope, terms.holdout or "", source.holdout.snapshot_id, len(terms.key))
        session.stage("rs_held_out", scope.sql(keys.distinct()))
        rules.append(Rule(HELD_OUT, terms.holdout or "", staged="rs_held_out"))
    return tuple(rules)


def _rule(session: Session, terms: Terms, number: int, one: Permission) -> Rule:
    listing, staged = one.listing, f"rs_listed_{number}"
    if listing.segment is None and listing.table is None:
        return Rule(one.why, one.name, column=listing.column, values=listing.counted)
    if listing.segment is not None:
        found = _published(session, listing.segment, f"{terms.where}, {one.why} {one.name}")
        if found.key_columns != terms.key_columns:
            raise _unreadable(terms, one, f"{listing.segment} has the key {found.key_columns}", "of the same model")
        scope = scope_of(session, terms)
        keys = keys_of(scope, listing.segment, found.snapshot_id, len(terms.key))
        session.stage(staged, scope.sql(keys.distinct()))
    else:
        session.stage(staged, _table_keys(session, terms, one))
    return Rule(one.why, one.name, staged=staged)


def _table_keys(session: Session, terms: Terms, one: Permission) -> str:
    """The keys of a team's own table, as text, each once."""
    listing = one.listing
    columns = listing.key or terms.key
    if len(columns) != len(terms.key):
        raise _unreadable(terms, one, f"`key` has {len(columns)} columns", f"as many as the model: {terms.key_columns}")
    try:
        found = session.expose(table=listing.table)
    except ProjectError as error:
        raise _unreadable(terms, one, error.problem.found.rstrip("."), "that can be read") from None
    for name in (*columns, *([listing.column] if listing.column else [])):
        if name not in found.columns:
            raise _unreadable(terms, one, f"{listing.table} has no column `{name}`", "with the columns that are named")
    chosen = ", ".join(
        f"CAST({quoted(name)} AS VARCHAR) AS {key}" for key, name in zip(KEY_COLUMNS, columns, strict=False)
    )
    wanted = [f"{quoted(name)} IS NOT NULL" for name in columns]
    if listing.column:
        value = f"lower(CAST({quoted(listing.column)} AS VARCHAR))"
        values = listing.counted
        wanted.append(f"{value} IN ({', '.join(map(literal, values))})" if values else f"{value} IS NOT NULL")
    return f"SELECT DISTINCT {chosen} FROM {table_name(found.schema, found.name)} WHERE {' AND '.join(wanted)}"


def _unreadable(terms: Terms, one: Permission, found: str, wanted: str) -> ProjectError:
    return ProjectError(
        "list-unreadable",
        f"The {one.why} list `{one.name}` cannot be applied: {found}.",
        f"Nothing is sent until it can: name one {wanted}.",
        terms.where,
    )


def addressed(session: Session, scope: Scope, terms: Terms, model: Model, source: Source) -> Any:
    """What is sent of whom, as an expression in a scope, over everybody of the audience."""
    message = prepared(session, terms, model, stage_rules(session, terms, source))
    keys = keys_of(scope, terms.source, source.snapshot.snapshot_id, len(terms.key))
    if source.holdout is not None:
        held_out = keys_of(scope, terms.holdout or "", source.holdout.snapshot_id, len(terms.key))
        keys = finished(keys.union(held_out, distinct=True))
    return people(scope, keys, model, message)


def prepared(session: Session, terms: Terms, model: Model, rules: Sequence[Rule]) -> Message:
    """The message with its rules, and with the spellings that only Python can make."""
    scope = scope_of(session, terms)
    columns = [(model.table, _of(model, one.column), one.side) for one in terms.message.addresses]
    return replace(terms.message, rules=tuple(rules), spellings=spellings_of(session, scope, columns))


def _of(model: Model, column: str) -> Any:
    def text(rows: Any) -> Any:
        return model.text(column, rows)

    return text


def blocked_now(session: Session, terms: Terms, first: int, last: int, send_id: str) -> Iterator[tuple[int, str]]:
    """Rows of a send that must not be sent by now, with the reason: lists and columns are read again.

    Args:
        session: a session, on tables as they are now.
        terms: the activation.
        first: the first position to look at.
        last: the last one.
        send_id: the send.
    """
    scope = scope_of(session, terms)
    model = read_model(session, terms)
    rules = stage_rules(session, terms, None)
    if not rules:
        return
    rows = unbound("outgoing", TABLES["outgoing"], scope.schema)
    rows = rows.filter(
        rows.activation == scope.text(terms.activation), rows.send_id == scope.text(send_id), rows.verb != "remove",
        rows.position >= first, rows.position <= last,
    )  # fmt: skip
    width = len(terms.key)
    session.stage("rs_about_to_go", scope.sql(rows.select("position", *KEY_COLUMNS[:width])))
    staged = unbound("rs_about_to_go", {"position": "bigint", **dict.fromkeys(KEY_COLUMNS[:width], "text")})
    verdicts = blockable(staged.select(*KEY_COLUMNS[:width]).distinct(), model, rules)
    verdicts = verdicts.filter(verdicts.blocked.notnull())
    verdicts = verdicts.select("blocked", **{f"v_{name}": verdicts[name] for name in KEY_COLUMNS[:width]})
    joined = staged.inner_join(verdicts, [(name, f"v_{name}") for name in KEY_COLUMNS[:width]])
    yield from session.rows(scope.sql(joined.select("position", "blocked")))
