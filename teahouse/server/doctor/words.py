"""What the doctor says around its findings, in English and Chinese."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

EN: Final = {
    "ok": "ok",
    "note": "note",
    "warning": "warning",
    "error": "error",
    "all_well": "Everything fits.",
    "fits": "It fits, with something to know: {counts}.",
    "misfit": "It does not fit: {counts}.",
    "count_error": "{n} to mend",
    "count_warning": "{n} to look at",
    "count_note": "{n} to know",
    "more": "{n} more messages of Django's checks: {python} manage.py check",
    "docs": "Each finding explained: {url}",
    "for": "Versions that fit {wants}",
    "any": "anything",
    "line": "For Python {pythons}, in a virtual environment:",
    "tested": "Channels {channels} was tested with Django {django} by its makers.",
    "tried": "Channels {channels} and Django {django} were tried together; its makers tested Django {tested}.",
    "also": "These fit as well:",
    "also_line": "Django {django} with Channels {channels}, Python {pythons}",
    "nofit": "Nothing fits {wants}.",
    "instead": "Without {want}, this fits:",
    "unknown": "{name}{specifier} is in no line of this table, which knows {known}.",
    "reason_broken": "Channels {channels} does not start with Django {django}: channels.auth imports a name that "
    "Django 4.0 removed.",
    "reason_django": "Channels {channels} asks for Django {asked}.",
    "reason_untested": "Channels {channels} with Django {django}: tested with {tested} only, never tried with this.",
    "reason_python": "Django {django} runs on Python {one}, Channels {channels} on Python {other}.",
    "reason_wanted_python": "Django {django} with Channels {channels} needs Python {pythons}, not {python}.",
    "reason_relative": "Channels {channels} goes with {name} {specifier}.",
    "reason_redis": "Channels 4 goes with redis {specifier}: redis-py 8 breaks the core layer (channels_redis #422).",
    "own": "this installation",
}
ZH: Final = {
    "ok": "正常",
    "note": "提示",
    "warning": "警告",
    "error": "错误",
    "all_well": "全部相配。",
    "fits": "相配，但有需要知道的：{counts}。",
    "misfit": "不相配：{counts}。",
    "count_error": "{n} 项要改",
    "count_warning": "{n} 项要看",
    "count_note": "{n} 项提示",
    "more": "Django 自己的检查还有 {n} 条：{python} manage.py check",
    "docs": "每一项的说明：{url}",
    "for": "与 {wants} 相配的版本",
    "any": "任意版本",
    "line": "适用于 Python {pythons}，在虚拟环境里执行：",
    "tested": "Channels {channels} 的作者测试过 Django {django}。",
    "tried": "Channels {channels} 与 Django {django} 一起试过；作者测试过的是 Django {tested}。",
    "also": "这些也相配：",
    "also_line": "Django {django} 配 Channels {channels}，Python {pythons}",
    "nofit": "没有版本能满足 {wants}。",
    "instead": "不要求 {want} 时，这样相配：",
    "unknown": "版本表里没有 {name}{specifier}，它知道 {known}。",
    "reason_broken": "Channels {channels} 不能和 Django {django} 一起启动："
    "channels.auth 要导入 Django 4.0 已删除的名字。",
    "reason_django": "Channels {channels} 要求 Django {asked}。",
    "reason_untested": "Channels {channels} 配 Django {django}：只测试过 {tested}，没有试过这个。",
    "reason_python": "Django {django} 用于 Python {one}，Channels {channels} 用于 Python {other}。",
    "reason_wanted_python": "Django {django} 配 Channels {channels} 需要 Python {pythons}，不是 {python}。",
    "reason_relative": "Channels {channels} 配的是 {name} {specifier}。",
    "reason_redis": "Channels 4 配的是 redis {specifier}：redis-py 8 会使 core 层失效（channels_redis #422）。",
    "own": "本机安装",
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {"en": EN, "zh": ZH}


def language(environment: Mapping[str, str] | None = None) -> str:
    """ "zh" or "en" by the variables in the order of POSIX; the first that is set decides."""
    given = os.environ if environment is None else environment
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if given.get(name):
            return "zh" if given[name].lower().startswith("zh") else "en"
    return "en"


def say(lang: str, key: str, **values: object) -> str:
    return WORDS[lang][key].format(**values)
