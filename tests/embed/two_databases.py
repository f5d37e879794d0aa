"""What other processes do to the two databases of the shop of `apart`, and find there."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from tests.embed.conftest import Shop

LEAVE: Final = """
from django.db import transaction
from tests.embed.host.shop.models import Order
import teahouse
order = Order.objects.get(pk={order})
for text in {texts}:
    with transaction.atomic():
        teahouse.post(order, text)
"""
LOOK: Final = """
import json
from teahouse.models import Message, Outbox, RightsChange
from teahouse.project_outbox.models import ProjectOutbox, ProjectRightsChange
texts = Message.objects.using("talk").filter(room__slug="order-{order}").order_by("seq").values_list("text", flat=True)
waits = sum(each.objects.using("talk").count() for each in (Outbox, RightsChange))
waits += sum(each.objects.count() for each in (ProjectOutbox, ProjectRightsChange))
print(json.dumps([list(texts), waits]))
"""


class Looked(NamedTuple):
    said: list[str]
    waits: int  # Rows on their way, in both databases.


def looked(shop: Shop, order: int) -> Looked:
    """What another process finds in the databases."""
    return Looked(*json.loads(shop.python(LOOK.format(order=order))))
