"""How often somebody may try to sign in: from one address, and as one account from wherever. In: a request.
Out: the seconds to wait. Counted by each process for itself.

An account's limit alone would let anybody keep its person out. So a browser that has signed in as them before has a
cookie that says so, and tries of its own.
"""

from __future__ import annotations

import secrets
import time
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from teahouse.conf import conf
from teahouse.limits import Buckets, address_key
from teahouse.models.people import name_key

TRIES: Final = 10
SECONDS_A_TRY: Final = 20.0
"""Ten tries at once from one address, then one every twenty seconds: some four thousand guesses a day."""
ACCOUNT_TRIES: Final = 20
SECONDS_AN_ACCOUNT: Final = 60.0
"""Twenty tries at once as one account, then one a minute: some fifteen hundred a day, however many addresses guess."""
COOKIE: Final = "teahouse_browser"
SALT: Final = "teahouse.browser"
COOKIE_SECONDS: Final = 400 * 24 * 3600

_lock = Lock()
_addresses = Buckets(1 / SECONDS_A_TRY, TRIES)
_accounts = Buckets(1 / SECONDS_AN_ACCOUNT, ACCOUNT_TRIES)
_browsers = Buckets(1 / SECONDS_A_TRY, TRIES)


def wait(request: HttpRequest, account: str | None = None) -> float:
    """Seconds until there may be another try; 0 takes one, if this request is a try at all.

    Whether there is such an account makes no difference: a name that nobody has runs out of tries as well.
    """
    if request.method != "POST" or not conf().RATES:
        return 0
    now = time.monotonic()
    with _lock:
        seconds = _addresses.take(address_key(request.META.get("REMOTE_ADDR", "")), now)
        if seconds or account is None:
            return seconds
        if (browser := _browser(request, account)) is not None:
            return _browsers.take(browser, now)
        return _accounts.take(_named(account), now)


def remember(request: HttpRequest, response: HttpResponse, account: str) -> None:
    """Notes in the browser that this account has signed in with it."""
    if _browser(request, account) is not None:
        return
    value = signing.dumps([_named(account), secrets.token_hex(8)], salt=SALT)
    cookie: dict[str, Any] = {"httponly": True, "samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE}
    response.set_cookie(COOKIE, value, max_age=COOKIE_SECONDS, **cookie)


def _browser(request: HttpRequest, account: str) -> str | None:
    """Which browser this is, of those that have signed in as this account."""
    try:
        named, browser = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(browser) if named == _named(account) else None


def _named(account: str) -> str:
    """An account as it is counted: whoever looks into the cookie learns no name, and no name is too long to keep."""
    name = name_key(account.strip()[:200]).encode("utf-8", "surrogatepass")
    return salted_hmac(SALT, name, algorithm="sha256").hexdigest()
