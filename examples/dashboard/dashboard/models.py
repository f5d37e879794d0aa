"""Builds of a program, what is told of them, and the board on which that is seen."""

from django.db import models
from django.utils.html import format_html
from pydantic import BaseModel

import teahouse


class Board(models.Model):
    name = models.CharField(max_length=50, unique=True)

    def __str__(self):
        return self.name


class Build(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    seconds = models.FloatField(null=True)
    passed = models.BooleanField(null=True)

    @classmethod
    def figures(cls):
        """How many passed and failed so far."""
        finished = cls.objects.exclude(passed=None)
        return {
            "all_passed": finished.filter(passed=True).count(),
            "all_failed": finished.filter(passed=False).count(),
        }


@teahouse.event("build.finished")
class BuildFinished(BaseModel):
    """In the journal of the board's room: numbered, resumed, in its history for ever."""

    number: int
    passed: bool
    seconds: float
    # How many there are with this one, so that pages need not count.
    all_passed: int
    all_failed: int

    def render(self):
        """How it stands in the conversation."""
        return format_html(
            "Build <strong>{}</strong> {} after {} s.",
            self.number,
            "passed" if self.passed else "failed",
            self.seconds,
        )
