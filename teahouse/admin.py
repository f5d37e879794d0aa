"""Django's admin for Teahouse: to look, and to change the little that has no effect on open sessions.

What others must hear of (a message edited, a person removed) is done in the chat or by `actions`, not here: a row
that is changed behind the journal's back reaches nobody.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest

from teahouse import database
from teahouse.actions import people
from teahouse.models import Member, Message, Person, Room, Token

if TYPE_CHECKING:
    from django.db.models import QuerySet


if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:  # Django's own classes take no type arguments.
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


class LookOnly(ModelAdmin):
    """Shows rows and changes none."""

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Members(TabularInline):
    model = Member
    fields = ("person", "role", "read", "joined_at")
    readonly_fields = ("person", "role", "read", "joined_at")
    can_delete = False
    max_num = 0


@admin.register(Room)
class RoomAdmin(LookOnly):
    list_display = ["slug", "title", "kind", "seq", "made_by", "created_at", "archived_at"]
    list_filter = ["kind"]
    search_fields = ["slug", "title"]
    list_select_related = ["made_by"]
    inlines = [Members]


@admin.register(Person)
class PersonAdmin(LookOnly):
    list_display = ["name", "kind", "user", "is_owner", "created_at", "deactivated_at"]
    list_filter = ["kind", "is_owner"]
    search_fields = ["name"]
    # No join: the project's users may be in another database. Django 6.1 joins what stands in the list unless told.
    list_select_related = []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        return super().get_queryset(request).prefetch_related("user")


@admin.register(Message)
class MessageAdmin(LookOnly):
    list_display = ["at", "room", "person", "text", "edited_at", "deleted_at"]
    list_filter = ["room"]
    search_fields = ["text"]
    list_select_related = ["room", "person"]
    ordering = ["-id"]
    # The count of all messages is a walk over the table.
    show_full_result_count = False


@admin.register(Token)
class TokenAdmin(LookOnly):
    list_display = ["label", "person", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["person"]
    fields = ["person", "label", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    @admin.action(description="Revoke: sessions that use them end", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[Token]) -> None:
        for token in tokens.filter(revoked_at=None):
            database.write(lambda token=token: people.revoke_token(token))  # type: ignore[misc]
            # The writer did not wait for the other processes; the answer to this request does. Behind the commit: who
            # is cut before comes back at once, with a token that is still good.
            cut = people.Cut(token_digest=token.digest)
            transaction.on_commit(partial(people.announce, cut), using=database.alias())

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("teahouse.change_token")
