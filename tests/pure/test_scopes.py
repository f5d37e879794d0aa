"""What a token may be used for."""

from __future__ import annotations

import pytest

from teahouse import scopes
from teahouse.api import own, own_hooks
from teahouse.live.protocol import COMMANDS, Problem


def test_every_command_needs_a_scope_or_none() -> None:
    own_commands = {kind.model_fields["do"].default for kind in (*own.COMMANDS, *own_hooks.COMMANDS)}
    assert scopes.NEEDS.keys() == COMMANDS.keys() | own_commands
    assert set(scopes.NEEDS.values()) == {"", *scopes.SCOPES}


def test_who_has_none_may_do_everything() -> None:
    for needed in scopes.SCOPES:
        scopes.check(None, needed)
        scopes.check(frozenset({needed}), needed)
        with pytest.raises(Problem, match=needed):
            scopes.check(frozenset(scopes.SCOPES.keys() - {needed}), needed)
    scopes.check(frozenset(), "")


def test_they_are_read_and_kept() -> None:
    assert scopes.parsed("") == scopes.held("") == {"read", "write", "manage"}
    assert scopes.parsed("write,read tokens") == {"read", "write", "tokens"}
    assert scopes.stored(["tokens", "read"]) == "read tokens"
    assert scopes.listed("tokens read") == ["read", "tokens"]
    with pytest.raises(ValueError, match="'all'"):
        scopes.parsed("read all")
    assert scopes.held("read later") == {"read", "later"}, "of a newer version"
