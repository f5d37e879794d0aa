"""`teahouse doctor --for django==3.2`: the pip line that fits, or why nothing does and what would."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from teahouse.fit import pins, versions
from teahouse.fit.pins import PACKAGES, Choice, Wants
from teahouse.fit.versions import ChannelsLine, DjangoLine, span_text, text
from teahouse.server.doctor.examine import WrongUse
from teahouse.server.doctor.terminal import Terminal
from teahouse.server.doctor.words import say

MOST_REASONS = 3


def parse_wants(given: Sequence[str], python: str | None) -> Wants:
    """From what was typed: `django==3.2`, `Channels 3.0.3`, `django>=4.2,<5`.

    Raises:
        WrongUse: a package that the table does not know, or no version.
    """
    packages: dict[str, str] = {}
    for word in given:
        found = re.fullmatch(r"\s*([A-Za-z][\w.-]*?)\s*(?:(?=[=<>~!])|\s+|$)(.*)", word)
        name = re.sub(r"[-_.]+", "-", found.group(1)).lower() if found else ""
        if found is None or name not in PACKAGES:
            raise WrongUse(f"--for {word}: known are {', '.join(PACKAGES)}; write it like --for django==3.2")
        packages[name] = _specifier(word, found.group(2).strip())
    if python is not None and not re.fullmatch(r"\d+\.\d+(\.\d+)?", python):
        raise WrongUse(f"--python-version {python}: write it like --python-version 3.11")
    return Wants(packages, versions.parse(python)[:2] if python else None)


def _specifier(word: str, given: str) -> str:
    if given and given[0].isdigit():
        given = f"=={given}"
    given = re.sub(r"^=(?!=)", "==", given).replace(" ", "")
    try:
        versions.allows(given, (1,))
    except ValueError as error:
        raise WrongUse(f"--for {word}: {error}") from None
    return given


def as_text(wants: Wants, lang: str) -> str:
    words = [f"{name}{specifier}" for name, specifier in wants.packages.items()]
    if wants.python:
        words.append(f"Python {text(wants.python)}")
    return ", ".join(words) or say(lang, "any")


def about(choice: Choice, lang: str) -> str:
    key = "tested" if choice.tested else "tried"
    return say(
        lang,
        key,
        channels=_name(choice.channels),
        django=text(choice.django.series),
        tested=span_text(choice.channels.tested),
    )


def _name(line: ChannelsLine) -> str:
    """A line as people say it: 3.0.0–3.0.3, or 4.3.2 and later patches."""
    if line.last[2] < 99:
        return span_text((line.first, line.last))
    return f"{text(line.first)}+"


def reasons(wants: Wants, lang: str) -> list[str]:
    """Why nothing fits, in a few sentences."""
    unknown = [
        say(lang, "unknown", name=name, specifier=wants.packages[name], known=known)
        for name, lines, known in (
            ("django", pins.lines_of_django(wants), _known_django()),
            ("channels", pins.lines_of_channels(wants), _known_channels()),
        )
        if name in wants.packages and not lines
    ]
    if unknown:
        return unknown
    ranked = [_reason(channels, django, wants, lang) for channels, django in pins.pairs(wants)]
    ranked.sort(key=lambda one: one[0])  # the order of the tables stays: newest first
    return list(dict.fromkeys(reason for _, reason in ranked))[:MOST_REASONS]


def _known_django() -> str:
    return f"{text(versions.DJANGO[-1].series)}–{text(versions.DJANGO[0].series)}"


def _known_channels() -> str:
    return f"{text(versions.CHANNELS[-1].first)}–{text(versions.CHANNELS[0].first)}"


def _reason(channels: ChannelsLine, django: DjangoLine, wants: Wants, lang: str) -> tuple[int, str]:
    """Why these two do not do, and how little that says: what comes closest to fitting says most."""
    names = {"channels": _name(channels), "django": text(django.series)}
    misfit = pins.relative_misfit(channels, wants)
    pythons = pins.common(channels.pythons, django.pythons)
    if misfit is not None:
        key = "reason_redis" if misfit[0] == "redis" else "reason_relative"
        return 1, say(lang, key, name=misfit[0], specifier=misfit[1], **names)
    if versions.broken(channels.last, django.series):
        return 2, say(lang, "reason_broken", **names)
    if not versions.allows(channels.django, (*django.series, 99)):
        return 5, say(lang, "reason_django", asked=channels.django, **names)
    if pythons is None:
        one, other = span_text(django.pythons), span_text(channels.pythons)
        return 4, say(lang, "reason_python", one=one, other=other, **names)
    if wants.python and not versions.within(wants.python, pythons):
        python = text(wants.python)
        return 0, say(lang, "reason_wanted_python", pythons=span_text(pythons), python=python, **names)
    return 3, say(lang, "reason_untested", tested=span_text(channels.tested), **names)


def instead(wants: Wants) -> Iterator[tuple[str, Choice]]:
    """What fits if one of the wants is given up, each with the name of that want."""
    if len(wants.names()) < 2:
        return
    for name in wants.names():
        if fitting := pins.choices(wants.without(name)):
            yield name, fitting[0]


def as_json(wants: Wants, lang: str) -> dict[str, object]:
    fitting = pins.choices(wants)
    if not fitting:
        others = [{"without": name, **_choice_json(choice)} for name, choice in instead(wants)]
        return {"fits": False, "reasons": reasons(wants, lang), "instead": others}
    return {
        "fits": True,
        **_choice_json(fitting[0]),
        "also": [_choice_json(choice) for choice in fitting[1:4]],
    }


def _choice_json(choice: Choice) -> dict[str, object]:
    return {
        "command": choice.command,
        "requirements": choice.requirements,
        "pythons": [text(choice.pythons[0]), text(choice.pythons[1])],
        "tested": choice.tested,
    }


def print_advice(wants: Wants, terminal: Terminal, lang: str) -> int:
    """The line that fits: status 0. Why nothing fits, and what would: status 1."""
    fitting = pins.choices(wants)
    terminal.line()
    if not fitting:
        _print_nothing(wants, terminal, lang)
        return 1
    best = fitting[0]
    sign = terminal.paint(terminal.signs["ok"], "ok", "bold")
    terminal.line(f"  {sign} {terminal.paint(say(lang, 'for', wants=as_text(wants, lang)), 'bold')}")
    _print_choice(best, terminal, lang)
    terminal.paragraph(about(best, lang), "dim")
    if len(fitting) > 1:
        terminal.line()
        terminal.paragraph(say(lang, "also"))
        for other in fitting[1:4]:
            words = {"django": text(other.django.series), "channels": _name(other.channels)}
            terminal.paragraph(say(lang, "also_line", pythons=span_text(other.pythons), **words), indent=6)
    terminal.line()
    return 0


def _print_choice(choice: Choice, terminal: Terminal, lang: str) -> None:
    terminal.paragraph(say(lang, "line", pythons=span_text(choice.pythons)))
    terminal.line(f"      {terminal.paint(choice.command, 'bold')}")


def _print_nothing(wants: Wants, terminal: Terminal, lang: str) -> None:
    sign = terminal.paint(terminal.signs["error"], "error", "bold")
    terminal.line(
        f"  {sign} {terminal.paint(say(lang, 'nofit', wants=as_text(wants, lang)), 'error', 'bold')}"
    )
    for reason in reasons(wants, lang):
        terminal.paragraph(reason)
    for name, choice in instead(wants):
        terminal.line()
        want = (
            f"Python {text(wants.python)}"
            if name == "python" and wants.python
            else name + wants.packages[name]
        )
        terminal.paragraph(say(lang, "instead", want=want))
        _print_choice(choice, terminal, lang)
    terminal.line()
