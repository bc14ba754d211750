"""Who is looking: known by a login, or on this machine by a name that nobody has checked."""

import os
from dataclasses import dataclass

import streamlit as st

from dashboard.safe_text import one_line, show_text
from service.access import ROLES, Role, read_access
from service.report.document import Say

LOGIN = "KOJUDGE_DASHBOARD_LOGIN"
"""Set when the dashboard was started with a login: should its file go away, nobody comes in."""
_UNNAMED = "dashboard"
_ROLE_NAMES: dict[Role, tuple[str, str]] = {
    "viewer": ("viewer", "열람자"),
    "reviewer": ("reviewer", "검토자"),
    "operator": ("operator", "운영자"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is an address if it was verified by a login, otherwise what they call themselves."""

    name: str
    verified: bool
    role: Role

    def may(self, role: Role) -> bool:
        """Whether what this role does is theirs to do."""
        return ROLES.index(self.role) >= ROLES.index(role)


def who() -> Person | None:
    """The person in front of the page; None for somebody who may not look.

    Without a login everybody on this machine may do everything, under the name that `dashboard.reviewer` asks for.
    """
    access = read_access()
    if not access.login and not os.environ.get(LOGIN):
        return Person(one_line(str(st.session_state.get("reviewer") or ""), 80) or _UNNAMED, False, "operator")
    address = str(st.user.get("email") or "").lower()
    role = access.users.get(address)
    if not st.user.get("is_logged_in") or st.user.get("email_verified") is False or role is None:
        return None
    return Person(address, True, role)


def may(role: Role) -> bool:
    """Whether the person in front of the page may do what this role does."""
    person = who()
    return person is not None and person.may(role)


def admit(say: Say) -> bool:
    """Whether the page may be shown; otherwise the way in, or why there is none."""
    person = who()
    if person is not None:
        if person.verified:
            with st.sidebar:
                show_text(f"{person.name} · {say(*_ROLE_NAMES[person.role])}")
                st.button(say("Log out", "로그아웃"), on_click=st.logout)
        return True
    if not st.user.get("is_logged_in"):
        st.title("kojudge", anchor=False)
        st.button(say("Log in", "로그인"), on_click=st.login, type="primary")
        return False
    show_text(
        say(
            f"{st.user.get('email')} may not look at this dashboard. Whoever runs it can add the address to [users].",
            f"{st.user.get('email')} 계정은 볼 수 없습니다. 운영자에게 [users]에 주소를 넣어 달라고 하세요.",
        )
    )
    st.button(say("Log out", "로그아웃"), on_click=st.logout)
    return False
