"""How the people of a membership are addressed: the identifiers and attributes that go out, and who must not be sent.

Everything is read from the model as it is now: identifiers normalised, and hashed where the destination wants hashes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from remote_segments.identifiers import KINDS, NO_OPTIONS, Options, Side
from remote_segments.membership.compile import Scope, finished, unbound
from remote_segments.membership.functions import hashed
from remote_segments.membership.json_text import json_bare, json_object, json_string
from remote_segments.membership.models import Model
from remote_segments.membership.spelling import NO_SPELLINGS, Spellings, Value
from remote_segments.membership.tables import KEY_COLUMNS

SUPPRESSED, NO_CONSENT, HELD_OUT = "suppressed", "no consent", "holdout"
"""Why a person is not sent; a rule's name follows, as in `suppressed: unsubscribed`."""


@dataclass(frozen=True)
class Address:
    """One identifier that is sent: its name at the destination, its kind, and the model's column."""

    name: str
    kind: str
    column: str
    hashed: str | None = None
    """The hash that the column holds already."""
    options: Options = NO_OPTIONS
    without: str = ""
    """What is left out at the beginning of the normalised value, before it is hashed."""
    form: str | None = None
    """A regular expression that the whole value fits; whoever has another cannot be addressed by it."""

    @property
    def side(self) -> Side:
        """How the column's values become what is sent."""
        kind = KINDS[self.kind].ruled(self.options)
        if kind.of is None or self.hashed is not None:
            return Side(kind)
        return Side(kind.of, kind.digest)


@dataclass(frozen=True)
class Rule:
    """Who must not be sent, either by a column of the model or by a staged table of keys.

    Of a suppression those are meant that the rule finds; of consent those that it does not find.
    """

    why: str
    """`SUPPRESSED`, `NO_CONSENT` or `HELD_OUT`."""
    name: str
    column: str | None = None
    values: tuple[str, ...] | None = None
    """Values of the column that the rule finds, in lower case; None for any value at all."""
    staged: str | None = None
    """The temporary table of keys that the rule finds."""

    @property
    def reason(self) -> str:
        """As the ledger has it."""
        return f"{self.why}: {self.name}"


@dataclass(frozen=True)
class Message:
    """What is sent about a person, and about whom nothing is."""

    addresses: tuple[Address, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Name at the destination to column of the model."""
    needs: tuple[tuple[str, ...], ...] = ()
    """Sets of identifiers of which one must be there as a whole; any single one where none is named."""
    rules: tuple[Rule, ...] = ()
    spellings: Spellings = NO_SPELLINGS

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """The sets of identifiers of which one must be there."""
        return self.needs or tuple((one.name,) for one in self.addresses)


def people(scope: Scope, keys: Any, model: Model, message: Message) -> Any:
    """Everybody of a membership with what is sent: `key..., blocked, identifiers, attributes, digest`.

    `blocked` is the reason why somebody must not be sent, else null. `identifiers` is null for whoever cannot be
    addressed: the model no longer has the person, or none of the identifiers that the destination needs.

    Args:
        scope: whose rows are read.
        keys: the membership, with the key columns.
        model: the model.
        message: what is sent.
    """
    return _written(scope, _rows(scope, keys, model, message), model, message)


def model_people(scope: Scope, model: Model, message: Message) -> Any:
    """Everybody of the model with what would be sent: `key..., identifiers, sent_0, sent_1, ...` by identifier."""
    table = model.table
    keys = table.select(**{key: model.text(name) for key, name in zip(KEY_COLUMNS, model.key, strict=False)})
    rows = _rows(scope, keys, model, message)
    names = [f"sent_{number}" for number in range(len(message.addresses))]
    return _written(scope, rows, model, message, names)


def _rows(scope: Scope, keys: Any, model: Model, message: Message) -> Any:
    """The membership with each identifier as it goes out, and the attributes as text."""
    rows = blockable(keys, model, message.rules, message)
    columns = [(partial(_column, f"address_{number}"), one.side) for number, one in enumerate(message.addresses)]
    rows, values = message.spellings.values(rows, columns, scope.dialect)
    sent = {
        f"sent_{number}": _sent(one, value, rows)
        for number, (one, value) in enumerate(zip(message.addresses, values, strict=True))
    }
    attributes = [f"attribute_{number}" for number in range(len(message.attributes))]
    return finished(rows.select(*_keys(model), "blocked", *attributes, **sent))


def _sent(address: Address, value: Value, rows: Any) -> Any:
    """What goes out as one identifier; null where the value cannot identify anybody there."""
    import ibis

    usable = value.usable(rows).fill_null(False)
    side = value.side
    if address.without:
        plain = replace(value, side=Side(side.kind)).comparable(rows)
        cut = plain.substr(len(address.without))
        text = ibis.cases((plain.startswith(address.without), cut), else_=plain)
        text = hashed(text, side.digest, value.dialect) if side.digest else text
    else:
        text = value.comparable(rows)
    if address.form:
        usable &= text.re_search(f"^({address.form})$").fill_null(False)
    return ibis.cases((usable, text), else_=ibis.null("string"))


def _written(scope: Scope, rows: Any, model: Model, message: Message, more: Sequence[str] = ()) -> Any:
    """Both as JSON, and the hash of the attributes that tells whether they changed."""
    import ibis

    sent = {one.name: rows[f"sent_{number}"] for number, one in enumerate(message.addresses)}
    enough = ibis.or_(*(ibis.and_(*(sent[name].notnull() for name in some)) for some in message.alternatives))
    whole = json_object({name: json_string(text) for name, text in sent.items()})
    columns = {"identifiers": ibis.cases((enough, whole), else_=ibis.null("string"))}
    columns["attributes"] = columns["digest"] = ibis.null("string")
    if message.attributes:
        given = {
            name: _as_json(rows[f"attribute_{number}"], model.columns[column])
            for number, (name, column) in enumerate(message.attributes.items())
        }
        columns["attributes"] = json_object(given)
        columns["digest"] = hashed(columns["attributes"], "md5", scope.dialect)
    return rows.select(*_keys(model), "blocked", *more, **columns)


def blockable(keys: Any, model: Model, rules: Sequence[Rule], message: Message | None = None) -> Any:
    """The membership beside its rows of the model: `key..., blocked`, and with a message the columns that are sent."""
    import ibis

    found = keys.select(*_keys(model), **_sought(model, keys))
    columns = _model_columns(model, rules, message)
    offered = {f"model_{name}": value for name, value in model.keys().items()}
    rows = model.table.select(**offered, **columns)
    both = finished(found.left_join(rows, [(f"sought_{name}", f"model_{name}") for name in _keys(model)]))
    reasons = []
    for number, rule in enumerate(rules):
        if rule.staged is not None:
            both = _met(both, rule.staged, _keys(model), number)
        hit = both[f"met_{number}"].notnull() if rule.staged else _hit(both[f"rule_{number}"], rule)
        reasons.append((~hit if rule.why == NO_CONSENT else hit, rule.reason))
    blocked = ibis.cases(*reasons, else_=ibis.null("string")) if reasons else ibis.null("string")
    kept = [name for name in columns if not name.startswith("rule_")]
    return finished(both.select(*_keys(model), *kept, blocked=blocked))


def _model_columns(model: Model, rules: Sequence[Rule], message: Message | None) -> dict[str, Any]:
    """What is read of the model, as text, under names that no other column has."""
    columns = {f"rule_{number}": model.text(one.column) for number, one in enumerate(rules) if one.column}
    if message is not None:
        columns |= {f"address_{number}": model.text(one.column) for number, one in enumerate(message.addresses)}
        columns |= {f"attribute_{number}": model.text(one) for number, one in enumerate(message.attributes.values())}
    return columns


def _met(rows: Any, staged: str, keys: Sequence[str], number: int) -> Any:
    """Rows with a further column, which is null for whoever is not in a staged table of keys."""
    import ibis

    listed = unbound(staged, dict.fromkeys(keys, "text"))
    names = {f"list_{number}_{name}": listed[name] for name in keys}
    listed = listed.select(**names, **{f"met_{number}": ibis.literal(1)})
    return finished(rows.left_join(listed, [(name, f"list_{number}_{name}") for name in keys]))


def _hit(value: Any, rule: Rule) -> Any:
    found = value.notnull() if rule.values is None else value.lower().isin(rule.values)
    return found.fill_null(False)


def _column(name: str, rows: Any) -> Any:
    return rows[name]


def _keys(model: Model) -> tuple[str, ...]:
    return KEY_COLUMNS[: len(model.key)]


def _sought(model: Model, rows: Any) -> dict[str, Any]:
    """The keys as the model has them, so that an index on them can be used."""
    return {
        f"sought_{name}": rows[name].cast("int64") if value.type().is_integer() else rows[name]
        for name, value in model.keys().items()
    }


_BARE = ("tinyint", "smallint", "integer", "bigint", "hugeint", "int2", "int4", "int8", "utinyint", "usmallint",
         "uinteger", "ubigint", "float", "double", "real", "decimal", "numeric", "bool")  # fmt: skip
"""Beginnings of the names of types whose values JSON has without quotes."""


def _as_json(text: Any, kind: str) -> Any:
    return json_bare(text) if kind.lower().startswith(_BARE) and "[" not in kind else json_string(text)
