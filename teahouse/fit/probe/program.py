"""The probe as a program: `python -B - bare`, or `server` or `manage` with FOLDER SETTINGS en|zh [connect].

`server` imports the ASGI application as a server does, before anything has set Django up; where that fails it
ends there, since what was half imported would spoil the rest. `manage` sets Django up first, as manage.py does.
It prints one JSON object a line, `{"stage": ..., "facts": ...}`, each as soon as it is known: what was seen
before a crash is still told.
"""
# ruff: noqa  Old Pythons read this too: no annotations, no f-strings, no pathlib.

import json
import os
import sys

if __name__ != "__main__":  # In the program this file follows the other two.
    from teahouse.fit.probe.installation import (
        bare_facts,
        hidden_facts,
        import_facts,
        package_facts,
        python_facts,
        try_import,
    )
    from teahouse.fit.probe.project import fresh_facts, project_facts

MYPY = False
if MYPY:
    from typing import Any

    Facts = dict[str, Any]


def main(argv):
    # type: (list[str]) -> None
    # The project may print what it likes: its output goes to standard error, ours to the real one.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(stage, facts):
        # type: (str, Any) -> None
        output.write(json.dumps({"stage": stage, "facts": facts}) + "\n")
        output.flush()

    sys.dont_write_bytecode = True
    sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())]
    tell("python", python_facts())
    tell("packages", package_facts())
    # Channels 2, the oldest that is looked at in full, needs 3.5.
    if sys.version_info >= (3, 5):
        if argv[0] == "bare":
            tell("modules", bare_facts())
        else:
            look_at_project(tell, *argv)
    tell("end", {})


def look_at_project(tell, mode, folder, settings, language, connect=""):
    # type: (Any, str, str, str, str, str) -> None
    sys.path.insert(0, folder)
    tell("hidden", hidden_facts(folder))
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    sys.argv = ["manage.py", "check"]
    if "error" in try_import("django"):
        return  # "bare" says which
    if mode == "server":
        fresh = fresh_facts()
        tell("fresh", fresh)
        if "error" in fresh:
            return
    facts = project_facts(language, bool(connect))
    tell("project", facts)
    if "settings_error" not in facts and "setup_error" not in facts:
        tell("modules", import_facts())


if __name__ == "__main__":
    main(sys.argv[1:])
    # A project's threads, or its exit handlers, may hold the interpreter for ever.
    os._exit(0)
