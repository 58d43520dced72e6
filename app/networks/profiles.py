"""A member's profile as plain values: comparing it with what a file or a form says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.networks.models import Member, MemberTrait, TraitKind

SCALARS = ("name", "profession", "country", "timezone")
LISTS = {
    "specialties": TraitKind.SPECIALTY,
    "languages": TraitKind.LANGUAGE,
    "tags": TraitKind.TAG,
}


def profile_of(member: Member) -> dict[str, Any]:
    """Every field that is a person's own; notes are a network's. Lists in their own order."""
    values: dict[str, Any] = {name: getattr(member, name) for name in SCALARS}
    for name, kind in LISTS.items():
        values[name] = [trait.label for trait in member.traits if trait.kind == kind]
    return values


def changes(member: Member, wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    """field -> [before, after] where `wanted` says something else. Empty values say nothing."""
    have = profile_of(member)
    return {
        name: [have[name], wanted[name]]
        for name in (*SCALARS, *LISTS)
        if wanted.get(name) and not _same(have[name], wanted[name])
    }


def apply_profile(member: Member, wanted: Mapping[str, Any], now: datetime) -> None:
    """Set what `wanted` says. An empty value never erases."""
    for name, (_before, after) in changes(member, wanted).items():
        if name in LISTS:
            set_list(member, LISTS[name], after)
        else:
            setattr(member, name, after)
        member.updated_at = now


def set_list(member: Member, kind: str, labels: list[str]) -> None:
    """Make one list of the profile exactly `labels`; what stays keeps its row."""
    held = {trait.value: trait for trait in member.traits if trait.kind == kind}
    wanted = {label.casefold(): label for label in reversed(labels)}
    for value, trait in held.items():
        if value not in wanted:
            member.traits.remove(trait)
    for position, value in enumerate(dict.fromkeys(label.casefold() for label in labels)):
        if value in held:
            held[value].position, held[value].label = position, wanted[value]
        else:
            member.traits.append(
                MemberTrait(kind=kind, value=value, label=wanted[value], position=position)
            )


def _same(before: Any, after: Any) -> bool:
    if isinstance(after, list | tuple):
        return [value.casefold() for value in before] == [value.casefold() for value in after]
    return bool(before == after)
