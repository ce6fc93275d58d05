"""A segment of each simulated account, and what a connection to that account is made of: what `init` writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from remote_segments.config.names import as_name
from remote_segments.config.starting import Example
from remote_segments.config.writing import Match
from remote_segments.conformance.secrets import invented_secrets
from remote_segments.rest.auth.signed import Jwt
from remote_segments.rest.auth.webhook import WebhookSignature
from remote_segments.rest.manifest import Manifest
from remote_segments.simulator.documented.account import Documented
from remote_segments.simulator.documented.holding import Held
from remote_segments.simulator.documented.reading import columns
from remote_segments.simulator.membership import SEGMENTS
from remote_segments.simulator.state import State

BY_ID_OR_EMAIL = (Match("external_id", "contact_id"), Match("email", "email"))

EXAMPLES: Mapping[str, Example] = {
    "klaviyo": Example(
        "vip_openers", "Opened a VIP campaign lately", {"segment_id": "VIPOPN"}, BY_ID_OR_EMAIL, "WINBCK"
    ),
    "hubspot": Example(
        "paying_customers", "Paying customers", {"list_id": "55"}, (Match("record_id", "hubspot_id"),), "56"
    ),
    "customer_io": Example(
        "active_users",
        "Opened the app this week",
        {"segment_id": "7"},
        (Match("id", "contact_id"), Match("email", "email")),
        "9",
    ),
    "mailchimp": Example(
        "magazine_readers",
        "Readers of the magazine",
        {"list_id": "a1b2c3d4e5", "segment_id": "101"},
        (Match("email", "email"),),
        "a1b2c3d4e5/103",
    ),
}
"""A segment of each simulated account, by platform."""


def example_of(platform: str, exchanges: Mapping[str, Path]) -> Example | None:
    """A segment of a simulated account with somebody in it; None where members are only sent to it."""
    if platform in EXAMPLES:
        return EXAMPLES[platform]
    found = [one for one in _account(platform, exchanges).segments if one.size]
    if not found:
        return None
    one = found[0]
    others = [_meant(each, found) for each in found if each.key != one.key]
    matches = tuple(Match(name, column) for name, column in columns(one.membership).items() if column != "phone")
    return Example(as_name(one.name), one.name, one.membership.ids, matches, others[0] if others else None)


def _meant(one: Held, among: Sequence[Held]) -> str:
    """A segment as `add` takes it: by its ids, with their keys where there are several kinds, which may share ids."""
    ids = one.membership.ids
    if len({each.kind for each in among}) == 1:
        return one.key
    return "/".join(f"{name}={value}" for name, value in ids.items())


def simulated_options(manifest: Manifest, exchanges: Mapping[str, Path]) -> dict[str, str]:
    """The options of a simulated account where they are no defaults: those of the documented examples."""
    if manifest.name in SEGMENTS:
        return {}
    account = _account(manifest.name, exchanges)
    lists = [one.deliveries.options for one in account.inboxes.inboxes.values()]
    known = account.segments[0].membership.options if account.segments else lists[0]
    options = manifest.connection.options
    return {name: value for name, value in known.items() if name in options and value != options[name].default}


def key_of(manifest: Manifest) -> str | None:
    """A key in the form that this platform wants; None where any text will do."""
    auth = manifest.auth
    return invented_secrets(manifest)[auth.secret] if isinstance(auth, Jwt | WebhookSignature) else None


def _account(platform: str, exchanges: Mapping[str, Path]) -> Documented:
    return State(exchanges=exchanges).documented(platform)
