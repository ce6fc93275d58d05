"""The control desk of the simulator: faults, the log of calls, the truth about members, the population.

POST   /_control/faults      one fault or a list of them      GET lists them, DELETE forgets them
POST   /_control/release     lets hanging answers go
GET    /_control/log         every call so far                DELETE forgets them
GET    /_control/members     ?platform=&segment=&refresh=     who is a member at that refresh
GET    /_control/people      ?offset=&limit=                  the population
GET    /_control/refreshes   how often each segment was fetched; POST {platform, segment, refresh} sets one
GET    /_control/segments    the accounts and their segments; POST {platform, segment, and what changes} changes one:
                             name, rule, active, computing (what the platform tells of it), deleted, and share:
                             how many of the account's profiles are members, from 0 to 1
"""

import json
from dataclasses import asdict
from itertools import islice
from typing import Any

from remote_segments.simulator.faults import Fault
from remote_segments.simulator.membership import membership
from remote_segments.simulator.messages import Answer, Request
from remote_segments.simulator.population import people
from remote_segments.simulator.state import State


def control(state: State, request: Request) -> Answer:
    """Answers a request to the control desk; what it cannot do is 400 with a sentence."""
    try:
        return Answer(document=_document(state, request))
    except (KeyError, TypeError, ValueError) as problem:
        return Answer(400, {"error": f"{type(problem).__name__}: {problem}"})


def _document(state: State, request: Request) -> Any:
    desks = {"/faults": _faults, "/log": _log, "/refreshes": _refreshes, "/members": _members, "/people": _people}
    desks["/segments"] = _segments
    if request.path == "/release" and request.method == "POST":
        return state.faults.release()
    if request.path not in desks:
        raise ValueError(f"there is no {request.path} here")
    return desks[request.path](state, request)


def _faults(state: State, request: Request) -> Any:
    if request.method == "DELETE":
        state.faults.clear()
    elif request.method == "POST":
        wanted = json.loads(request.body)
        for one in wanted if isinstance(wanted, list) else [wanted]:
            state.faults.add(Fault(**one))
    return state.faults.listed()


def _log(state: State, request: Request) -> Any:
    if request.method == "DELETE":
        state.forget_calls()
    return [asdict(call) for call in state.calls()]


def _refreshes(state: State, request: Request) -> Any:
    if request.method == "POST":
        wanted = json.loads(request.body)
        state.refreshes.set(wanted["platform"], wanted["segment"], int(wanted["refresh"]))
    return state.refreshes.listed()


def _segments(state: State, request: Request) -> Any:
    if request.method == "POST":
        wanted = json.loads(request.body)
        state.accounts[wanted.pop("platform")].segments.change(wanted.pop("segment"), **wanted)
    return {
        name: {key: asdict(one) for key, one in account.segments.current().items()}
        for name, account in state.accounts.items()
    }


def _members(state: State, request: Request) -> Any:
    query = request.query
    found = state.accounts[query["platform"]].segments.current().get(query["segment"])
    share = found.share if found else None
    refresh = int(query["refresh"])
    members = membership(query["platform"], query["segment"], refresh, state.seed, state.people, share=share)
    return [asdict(one.profile) | {"joined_at": one.joined_at.isoformat()} for one in members]


def _people(state: State, request: Request) -> Any:
    start, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", state.people))
    some = islice(people(state.people, state.seed), start, start + limit)
    return [asdict(one) | {"signed_up_at": one.signed_up_at.isoformat()} for one in some]
