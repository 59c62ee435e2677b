"""Who may do what: nothing by default, nothing by accident."""

import pytest

from rempart.people.permissions import APPROVED_WITH, BY_ROLE, BY_SCOPE, Permission, Role, Scope
from rempart.people.principal import CONSOLE, SYSTEM, Principal


def person(*roles):
    return Principal(kind="person", id="person_1", pseudonym="p-1", roles=frozenset(roles))


def test_without_roles_and_scopes_nobody_may_do_anything_but_look_after_their_own_account():
    assert [permission for permission in Permission if person().may(permission)] == [Permission.OWN_ACCOUNT]
    key = Principal(kind="service", id="key_1", pseudonym="key_1")
    assert not any(key.may(permission) for permission in Permission)


def test_every_role_and_scope_has_its_row():
    assert set(BY_ROLE) == set(Role)
    assert set(BY_SCOPE) == set(Scope)


def test_every_permission_is_somebodys():
    given = frozenset().union(*BY_ROLE.values(), *BY_SCOPE.values())
    assert set(Permission) - given == {Permission.ENROL}


def test_the_administrator_sees_no_evidence():
    seen = {
        permission
        for permission in BY_ROLE[Role.ADMINISTRATOR]
        if permission.startswith(("evidence.", "cases.", "items.", "reports."))
        or permission == Permission.LISTS_ENTRIES
    }
    assert seen == set()


def test_single_entries_are_for_curators_only():
    assert [role for role in Role if Permission.LISTS_ENTRIES in BY_ROLE[role]] == [Role.CURATOR]


def test_no_key_may_second_anything_or_manage_people_and_keys():
    by_key = frozenset().union(*BY_SCOPE.values())
    assert by_key.isdisjoint({*APPROVED_WITH.values(), Permission.PEOPLE_MANAGE, Permission.KEYS_MANAGE})


@pytest.mark.parametrize("scope", Scope)
def test_a_scope_gives_only_what_stands_in_its_row(scope):
    key = Principal(kind="service", id="key_1", pseudonym="key_1", scopes=frozenset({scope}))
    assert {permission for permission in Permission if key.may(permission)} == BY_SCOPE[scope]


def test_checks_by_signals_alone_need_their_own_scope():
    assert Permission.CHECK_SIGNALS not in BY_SCOPE[Scope.CHECK]


def test_somebody_who_came_by_a_link_may_only_set_up_credentials():
    who = Principal(kind="person", id="p", pseudonym="p", roles=frozenset(Role), enrolling=True)
    assert {permission for permission in Permission if who.may(permission)} == {Permission.ENROL}


@pytest.mark.parametrize("who", [SYSTEM, CONSOLE])
def test_the_software_itself_may_act(who):
    assert all(who.may(permission) for permission in Permission)
