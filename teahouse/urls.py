"""The pages: `path("chat/", include("teahouse.urls"))` puts them below any prefix."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections, transaction
from django.urls import URLPattern, URLResolver, include, path

app_name = "teahouse"
urlpatterns = [
    path("", include("teahouse.web.urls")),
    path("api/v1/", include("teahouse.api.urls")),
]


def _views(patterns: Sequence[URLPattern | URLResolver]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns)
        else:
            yield pattern.callback


# A project with ATOMIC_REQUESTS would hold a transaction round each of our views, in which that view waits for the
# writer of this process, a connection of its own: with SQLite they would wait for each other.
for _view in _views(urlpatterns):
    for _alias in connections:
        transaction.non_atomic_requests(_alias)(_view)
