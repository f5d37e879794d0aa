"""What follows from what is installed: do the versions fit, and what would installing Teahouse change? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from teahouse.fit import pins, versions
from teahouse.fit.facts import Error, Installation
from teahouse.fit.findings import Finding, found
from teahouse.fit.versions import Version, text

# The packages whose requirements on each other are looked at, and what they are called in a sentence.
NAMES = {
    "django": "Django",
    "channels": "Channels",
    "channels-redis": "channels-redis",
    "daphne": "Daphne",
    "asgiref": "asgiref",
    "redis": "redis-py",
    "uvicorn": "uvicorn",
    "websockets": "websockets",
    "psycopg": "psycopg",
    "teahouse": "Teahouse",
}
# Below it nothing of Channels 2 or later runs; the probe reads the packages there and starts nothing.
OLDEST_PYTHON: Version = (3, 5)


def environment(seen: Installation) -> list[Finding]:
    """Everything about the versions, the most basic first."""
    python, django = seen.python.version, seen.numbers("django")
    if python < OLDEST_PYTHON:
        return [found("E007", python=seen.python.text(), pip=pip_line(seen))]
    if django is None and not _django_fails(seen):
        return [found("I004", pip=pip_line(seen))]
    if seen.numbers("channels") is None:
        return [*_python(seen), *_imports(seen), found("I003", pip=pip_line(seen))]
    judged = [*_channels(seen), *_python(seen), *_requirements(seen), *_layer(seen), *_imports(seen)]
    if all(finding.level in {"ok", "note"} for finding in judged):
        judged.insert(0, _all_fits(seen))
    return judged


def _django_fails(seen: Installation) -> bool:
    """Django is there in some form, but importing it ends in an error."""
    module = (seen.modules or {}).get("django")
    return module is not None and module.error is not None and module.error.missing != "django"


def _all_fits(seen: Installation) -> Finding:
    return found(
        "ok_versions",
        channels=seen.version("channels"),
        django=seen.version("django"),
        python=seen.python.text(),
    )


def pip_line(seen: Installation) -> str:
    """The pip line for what is here, keeping Python and, if there is one, the series of Django."""
    python = seen.python.version[:2]
    django = seen.numbers("django")
    series = {"django": f"=={text(django[:2])}"} if django else {}
    for wants in (pins.Wants(series, python), pins.Wants(series), pins.Wants({}, python), pins.Wants({})):
        if fitting := pins.choices(wants):
            return fitting[0].command
    raise AssertionError("the table of versions is empty")


def _python(seen: Installation) -> Iterator[Finding]:
    """Django and Channels on this Python: too old for them is an error, too new a warning."""
    python = seen.python.version[:2]
    django, channels = seen.numbers("django"), seen.numbers("channels")
    lines = {
        "django": versions.django_line(django) if django else None,
        "channels": versions.channels_line(channels) if channels else None,
    }
    spans = {
        name: line.pythons
        for name, line in lines.items()
        if line and not versions.within(python, line.pythons)
    }
    for key, names in (
        ("E003", [name for name, span in spans.items() if python < span[0]]),
        ("W004", [name for name, span in spans.items() if python > span[1]]),
    ):
        if names:
            told = [
                f"{NAMES[name]} {seen.version(name)} ({versions.span_text(spans[name])})" for name in names
            ]
            yield found(key, packages=", ".join(told), python=seen.python.text(), pip=pip_line(seen))


def _channels(seen: Installation) -> Iterator[Finding]:
    django, channels = seen.numbers("django"), seen.numbers("channels")
    if django is None or channels is None:
        return
    about = {"channels": seen.version("channels"), "django": seen.version("django"), "pip": pip_line(seen)}
    if versions.broken(channels, django):
        yield found("E001", **about)
        return
    line = versions.channels_line(channels)
    if line is None:
        if channels > versions.CHANNELS[0].last:
            yield found("I005", package="Channels", version=seen.version("channels"))
        return
    if versions.within(django[:2], line.tested) or not versions.allows(line.django, django):
        return  # what it declares is looked at with its own metadata, in _requirements
    about["tested"] = versions.span_text(line.tested)
    yield found("I002" if versions.tried(channels, django) else "W005", **about)


def _requirements(seen: Installation) -> Iterator[Finding]:
    """What Channels and its relatives ask of each other in their own metadata."""
    installed = seen.versions()
    for name in ("django", "channels", "channels-redis", "daphne", "teahouse"):
        if name not in seen.packages:
            continue
        for line in seen.packages[name].requires:
            wanted, specifier = versions.requirement(line)
            if wanted in NAMES and versions.unmet(wanted, specifier, installed):
                yield found(
                    "E002",
                    package=NAMES[name],
                    version=seen.version(name),
                    requirement=f"{NAMES[wanted]} {versions.tidy(specifier)}",
                    installed=seen.version(wanted),
                    pip="pip install --upgrade teahouse" if name == "teahouse" else pip_line(seen),
                )


def _layer(seen: Installation) -> Iterator[Finding]:
    """channels-redis too old for this Channels. Newer ones work with older Channels, as far as pip admits them."""
    layer, channels = seen.numbers("channels-redis"), seen.numbers("channels")
    line = versions.channels_line(channels) if channels else None
    if layer is None or line is None or line.first < (2,):
        return
    first = next(version for version in _grid() if versions.allows(line.layer, version))
    if layer[:2] < first[:2]:
        yield found(
            "W006",
            layer=seen.version("channels-redis"),
            channels=seen.version("channels"),
            fitting=line.layer,
        )


def _grid() -> Iterator[Version]:
    return ((major, minor, patch) for major in range(2, 9) for minor in range(10) for patch in range(10))


def redis_times_out(seen: Installation) -> bool:
    """redis-py 8 or later under channels-redis' core layer (channels_redis #422)."""
    redis = seen.numbers("redis")
    return redis is not None and redis >= versions.REDIS_TIMEOUT_FROM


def layer_unknown(seen: Installation) -> Iterator[Finding]:
    """Where no settings say which layer is used."""
    if redis_times_out(seen) and "channels-redis" in seen.packages:
        yield found("W007", redis=seen.version("redis"))


def _imports(seen: Installation) -> Iterator[Finding]:
    """Modules that fail when imported. Django alone is said once, not again for all that need it."""
    modules = seen.modules or {}
    started = [NAMES.get(name.replace("_", "-"), name) for name in modules if "." not in name]
    broken = False
    for name, module in modules.items():
        error = module.error
        if error is None:
            continue
        package = name.partition(".")[0]
        if error.missing == package:  # not installed
            started.remove(NAMES.get(package.replace("_", "-"), package))
            continue
        broken = True
        if not _known(error):
            yield _import_error(seen, name, error)
    if not broken and started:
        yield found("ok_imports", modules=", ".join(started))


def _known(error: Error) -> bool:
    """E001 has said it already."""
    return "LANGUAGE_SESSION_KEY" in error.message


def _import_error(seen: Installation, name: str, error: Error) -> Finding:
    return found("E005", module=name, error=error.text(), place=error.place(), pip=pip_line(seen))


# Installing Teahouse there --------------------------------------------------------------------------------


def installing(seen: Installation, requirements: Sequence[str]) -> list[Finding]:
    """What `pip install teahouse` would do to this environment; `requirements` are Teahouse's own.

    pip leaves alone what already satisfies a requirement, and takes the newest release for what does not.
    """
    if "teahouse" in seen.packages:
        return [found("ok_installed", version=seen.version("teahouse"))]
    python = seen.python.version
    if python < versions.TEAHOUSE_PYTHON:
        return [found("I001", needed=text(versions.TEAHOUSE_PYTHON), python=seen.python.text())]
    installed = seen.versions()
    changes = {
        name: specifier
        for name, specifier in map(versions.requirement, requirements)
        if versions.unmet(name, specifier, installed)
    }
    if not changes:
        return [found("ok_install")]
    changes = {name: versions.tidy(specifier) for name, specifier in changes.items()}
    told = ", ".join(f"{name} {installed[name]} → {specifier}" for name, specifier in changes.items())
    if "django" not in changes:
        return [found("W002", changes=told)]
    newest = versions.latest_django(python[:2]) or versions.TEAHOUSE_DJANGO
    first = found(
        "W001", django=installed["django"], new=text(newest), needed=changes["django"], changes=told
    )
    return [first, *_left_behind(seen, newest)]


def _left_behind(seen: Installation, django: Version) -> Iterator[Finding]:
    """Installed packages that say they do not go with the Django that would come."""
    future = {"django": text((*django, 0))}
    for name, package in sorted(seen.packages.items()):
        for line in package.requires:
            wanted, specifier = versions.requirement(line)
            if wanted == "django" and versions.unmet(wanted, specifier, future):
                yield found(
                    "W003",
                    package=name,
                    version=package.version,
                    requirement=f"Django {versions.tidy(specifier)}",
                )
