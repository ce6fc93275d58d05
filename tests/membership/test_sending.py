"""What is sent, and what is known afterwards, are what plain Python finds, on every engine, over several sends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5
from random import Random

import pytest

from remote_segments.membership import sending, settling
from remote_segments.membership.compile import Scope, unbound
from remote_segments.membership.literals import literal
from remote_segments.membership.sending import MODES, Comparison
from remote_segments.membership.tables import LEDGER, OUTGOING, RECIPIENTS
from remote_segments.sync.store import ensure_store
from tests.reference.sending import Move, Person, Sent, Terms, decide, settle

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
KEYS = ["1", "2", "3", "4"]
DESTINATION = '{"connection": "files"}'

ADDRESSES = ['{"email":"a@x"}', '{"email":"b@x"}', '{"email":"c@x"}', None]
ATTRIBUTES = ['{"plan":"free"}', '{"plan":"paid"}']
BLOCKED = [None, None, None, None, "suppressed: left", "no consent: mail", "holdout: control"]
OUTCOMES = ["accepted", "accepted", "accepted", "rejected", "refused", "unknown"]


@dataclass
class Engine:
    """The algebra on a real warehouse, one send after the other."""

    warehouse: object
    mode: str
    repeatable: tuple[str, ...]
    attributes: bool
    number: int = 0
    moved: dict = field(default_factory=dict)

    def plan(self, people, now):
        """The action and attempt of everybody who is not left out, and the rows to send."""
        with self.warehouse.write() as session:
            ensure_store(session)
            session.execute("DROP TABLE IF EXISTS people")
            session.execute(
                "CREATE TEMPORARY TABLE people (key TEXT, blocked TEXT, identifiers TEXT, attributes TEXT, digest TEXT)"
            )
            for key, one in people.items():
                digest = md5(one.attributes.encode(), usedforsecurity=False).hexdigest() if self.attributes else None
                attributes = one.attributes if self.attributes else None
                row = ", ".join(map(literal, (key, one.blocked, one.identifiers, attributes, digest)))
                session.execute(f"INSERT INTO people VALUES ({row})")
            scope = Scope(session.dialect, session.schema, "vip_to_files")
            comparison = Comparison(scope, DESTINATION, 1, self.mode, now, self.repeatable, self.attributes)
            columns = ("key", "blocked", "identifiers", "attributes", "digest")
            table = unbound("people", dict.fromkeys(columns, "text"))
            session.stage(sending.MOVES, scope.sql(sending.moves(comparison, table)))
            found = session.rows(f"SELECT key, action, attempt FROM {sending.MOVES}")
            rows = [
                (verb, *row)
                for verb in ("add", "upsert", "remove")
                for row in session.rows(scope.sql(sending.outgoing(comparison, verb)))
            ]
        return {key: Move(action, attempt) for key, action, attempt in found}, sorted(rows, key=str)

    def settle(self, sent):
        """Writes what was sent and what became of it; the people who are known afterwards."""
        self.number += 1
        send_id = f"send {self.number}"
        with self.warehouse.write() as session:
            for position, one in enumerate(sent, start=1):
                key = {"key": one.key, "key_2": None, "key_3": None}
                own = {"activation": "vip_to_files", "send_id": send_id, "position": position, "verb": one.verb, **key}
                if one.outcome != "skipped":
                    row = {**own, "identifiers": one.identifiers, "attributes": one.attributes, "attempt": one.attempt}
                    session.append("outgoing", [{name: row[name] for name in OUTGOING}])
                row = dict.fromkeys(LEDGER) | own | {
                    "outcome": one.outcome, "permanent": int(one.permanent), "attempt": one.attempt,
                    "decided_at": one.decided_at, "reason": "holdout: control" if one.outcome == "skipped" else None,
                }  # fmt: skip
                session.append("ledger", [row])
                if one.outcome == "unknown" and position % 2:  # somebody found out, and it changed nothing
                    session.append("ledger", [row | {"decided_at": one.decided_at + timedelta(seconds=1)}])
            send = settling.Send(Scope(session.dialect, session.schema, "vip_to_files"), send_id, DESTINATION, 1)
            session.stage(settling.SETTLED, send.scope.sql(settling.settled(send)))
            for statement in settling.retiring(send):
                session.execute(statement)
            session.stage(settling.NEXT, send.scope.sql(settling.next_recipients(send)))
            session.execute(settling.replacing(send))
            columns, rows = settling.new_rows(send)
            session.insert("recipients", columns, send.scope.sql(rows))
            found = session.rows(f'SELECT {", ".join(RECIPIENTS)} FROM "{session.schema}".recipients')
        return [dict(zip(RECIPIENTS, row, strict=True)) for row in found]

    def forget(self):
        """Empties the tables for the next example."""
        with self.warehouse.write() as session:
            ensure_store(session)
            for table in ("ledger", "outgoing", "recipients"):
                session.execute(f'DELETE FROM "{session.schema}".{table}')


def sent_rows(people, known, moves, outcomes, terms):
    """What the moves send, with outcomes dealt out in turn."""
    left = list(outcomes)
    rows = []
    removals = ("remove",) if terms.mode == "add_only" else ("remove", "readdress")
    for verb, actions in (("add", ("add", "readdress")), ("upsert", ("update",)), ("remove", removals)):
        for key in sorted(key for key, move in moves.items() if move.action in actions):
            drawn = left.pop() if left else "accepted"
            outcome = "rejected" if drawn == "refused" else drawn
            person = people.get(key)
            removal = verb == "remove"
            rows.append(
                Sent(
                    verb,
                    key,
                    known[key].identifiers if removal else person.identifiers,
                    None if removal else person.attributes,
                    outcome,
                    drawn == "refused",
                    moves[key].attempt,
                    terms.now,
                )
            )
    rows += [
        Sent("add", key, None, None, "skipped", False, 1, terms.now)
        for key, move in sorted(moves.items())
        if move.action == "log"
    ]
    return rows


def told(known):
    """A row of the reference as the table has it."""
    return (
        known.identifiers,
        known.present,
        known.verb,
        known.outcome,
        known.permanent,
        known.attempts,
        known.retry_at,
    )


def stored(row):
    """A row of the table as the reference has it."""
    return (
        row["identifiers"],
        row["present"],
        row["verb"],
        row["outcome"],
        bool(row["permanent"]),
        row["attempts"],
        row["retry_at"],
    )


def dealt(random):
    """One life of an activation: its mode, and several audiences with the outcomes of what is sent of each."""
    sent = random.random() < 0.5  # whether attributes are
    rounds = []
    for _ in range(4):
        people = {
            key: Person(random.choice(ADDRESSES), random.choice(ATTRIBUTES) if sent else None, random.choice(BLOCKED))
            for key in KEYS
            if random.random() < 0.7
        }
        outcomes = [random.choice(OUTCOMES) for _ in range(20)]
        rounds.append((people, outcomes, random.choice([0, 1, 2, 5, 400])))
    repeatable = random.choice([(), ("add", "upsert", "remove"), ("add",)])
    return rounds, repeatable, sent


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(8))
def test_what_is_sent_and_what_is_known_afterwards_are_those_of_plain_python(warehouse, mode, seed):
    """Promise 20: nobody is removed who has no row; Promise 25: rejections wait, twice as long each time."""
    rounds, repeatable, attributes = dealt(Random(f"{mode} {seed}"))
    engine = Engine(warehouse, mode, repeatable, attributes)
    known, former, now = {}, {}, NOW
    for people, outcomes, hours in rounds:
        now += timedelta(hours=hours)
        everybody = {*people, *known}
        terms = Terms(mode, repeatable, attributes, now)
        expected = {key: decide(people.get(key), known.get(key), terms) for key in everybody}
        shown = {
            key: move
            for key, move in expected.items()
            if move.action != "unchanged" and (move.action != "ignored" or key in people)
        }
        moves, rows = engine.plan(people, now)
        assert {key: move.action for key, move in moves.items()} == {key: move.action for key, move in shown.items()}
        sent = sent_rows(people, known, shown, outcomes, terms)
        written = [one for one in sent if one.outcome != "skipped"]
        wanted = [(one.verb, one.key, one.identifiers, one.attributes, one.attempt) for one in written]
        assert rows == sorted(wanted, key=str)
        table = engine.settle(sent)
        known, former = settle(known, former, sent)
        assert {row["key"]: stored(row) for row in table if row["former"] is None} == {
            key: told(one) for key, one in known.items()
        }
        assert {(row["key"], *stored(row)) for row in table if row["former"]} == {
            (key, *told(one)) for (key, _), one in former.items()
        }


def test_a_stranger_is_never_removed(warehouse):
    """Promise 20: whoever has no row in `recipients` is in no removal, whatever the audience is."""
    engine = Engine(warehouse, "mirror", ("add", "remove"), False)
    engine.forget()
    moves, rows = engine.plan({}, NOW)
    assert (moves, rows) == ({}, [])
