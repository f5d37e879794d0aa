"""What Prometheus gets of a server, read by its own library."""

from __future__ import annotations

import urllib.request
from typing import Final

from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_format
from prometheus_client.samples import Sample

TOKEN: Final = "what-prometheus-brings"
OPEN: Final = "application/openmetrics-text;version=1.0.0"


class Scrape:
    """One answer. `kinds`: what each family is."""

    def __init__(self, url: str, path: str = "/metrics", token: str = TOKEN, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}", **named})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.media: str = answer.headers["Content-Type"]
            self.kept: str = answer.headers["Cache-Control"]
            self.text = answer.read().decode()
        parse = open_metrics if "openmetrics" in self.media else text_format
        families = list(parse(self.text))
        self.kinds = {one.name: one.type for one in families}
        self.helps = {one.name: one.documentation for one in families}
        self.samples: list[Sample] = [sample for one in families for sample in one.samples]

    def of(self, name: str, **labels: str) -> list[Sample]:
        """Samples of this name with these labels, of whatever process."""
        return [one for one in self.samples if one.name == name and labels.items() <= one.labels.items()]

    def value(self, name: str, **labels: str) -> float:
        """All of them together; there has to be one."""
        found = self.of(name, **labels)
        assert found, f"no {name} {labels} in\n{self.text}"
        return sum(one.value for one in found)

    def rose(self, before: Scrape, name: str, **labels: str) -> float:
        """By how much since."""
        return self.value(name, **labels) - before.value(name, **labels)
