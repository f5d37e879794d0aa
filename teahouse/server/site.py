"""What a site has from its first start: its key, the room `main`, a digest of its secret key."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from teahouse.actions.people import site_key
from teahouse.actions.rooms import make_main
from teahouse.models import Site
from teahouse.server import logins
from teahouse.server.sessions import SessionStore
from teahouse.server.words import Refused, program, say


def secret_digest() -> str:
    """Tells whether two keys are the same, and nothing else of them."""
    return salted_hmac("teahouse.site", "secret", secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()


def forget_old_logins() -> None:
    """Rows of sign-ins that ran out; nothing else removes them."""
    SessionStore.clear_expired()
    logins.forget_old()


@transaction.atomic
def prepare(*, new_secret: bool) -> None:
    """Makes what is missing.

    Raises:
        Refused: the site is used with another secret key, and this start was not told to change it.
    """
    site_key()
    make_main()
    site = Site.objects.select_for_update().get(pk=1)
    own = secret_digest()
    if constant_time_compare(site.secret_check, own):
        return
    # An SQLite file has one server, whose key may be lost with its folder; all that is lost is who was signed in.
    if site.secret_check and connection.vendor != "sqlite" and not new_secret:
        raise Refused(
            say(
                "This database belongs to a site with another secret key. Servers with different keys would not "
                "accept each other's sign-ins and guest tickets.\n"
                "Copy the file secret_key from the other server's data folder, or set TEAHOUSE_SECRET_KEY in both.\n"
                f"If the old key is lost: {program()} serve --new-secret (everyone will have to sign in again).",
                "此数据库属于使用另一密钥的站点。密钥不同的服务器互不承认登录和访客凭证。\n"
                "请从另一服务器的数据文件夹复制 secret_key，或在两边都设置 TEAHOUSE_SECRET_KEY。\n"
                f"若旧密钥已丢失：{program()} serve --new-secret（所有人需重新登录）。",
            )
        )
    site.secret_check = own
    site.save(update_fields=["secret_check"])
