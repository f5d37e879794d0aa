"""Commands and errors of the JSON protocol: each wrong frame has its exact answer, and none breaks the parser."""

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from teahouse.live import protocol
from teahouse.live.protocol import CLOSE_CODES, COMMANDS, ERRORS, Problem, ok, parse, refusal

COMMAND_NAMES = (
    "hello, subscribe, unsubscribe, send, edit, edits, delete, react, read, history, typing, ping, make, direct, "
    "change, archive, join, leave, invite, remove, role, rooms, members, people, settings, activity, threads"
)
EXAMPLE = 'A frame is one JSON object, such as {"id":1,"do":"ping"}: '
BIGGEST = 2**53 - 1
ID = f"id: an integer up to {BIGGEST}, or a string of 1 to 64 characters."

WHOLE: dict[str, dict[str, Any]] = {
    "hello": {"v": 1, "name": "梅"},
    "subscribe": {"room": "tea", "since": {"epoch": "e", "seq": 41}, "make": True},
    "unsubscribe": {"room": "tea"},
    "send": {"room": "tea", "key": "01J", "text": "hello", "reply": 912, "thread": 911},
    "edit": {"room": "tea", "message": 912, "text": "hello"},
    "edits": {"room": "tea", "message": 912},
    "delete": {"room": "tea", "message": 912},
    "react": {"room": "tea", "message": 912, "emoji": "🍵", "on": False},
    "read": {"room": "tea", "seq": 45, "back": True, "thread": 911},
    "history": {"room": "tea", "around": 45, "limit": 200, "thread": 911},
    "typing": {"room": "@me", "thread": 911},
    "ping": {},
    "make": {"kind": "private", "title": "茶", "room": "tea", "topic": "x", "speaking": "moderators"},
    "direct": {"people": [7, 8]},
    "change": {"room": "tea", "title": "Tea", "topic": "", "speaking": "everyone", "kind": "open"},
    "archive": {"room": "tea", "on": False},
    "join": {"room": "tea"},
    "leave": {"room": "tea"},
    "invite": {"room": "tea", "people": [7, 8]},
    "remove": {"room": "tea", "person": 7},
    "role": {"room": "tea", "person": 7, "role": "moderator"},
    "rooms": {"search": "茶", "after": "tea", "limit": 20},
    "members": {"room": "tea", "search": "a", "after": 7, "limit": 20},
    "people": {"search": "a", "room": "tea", "limit": 20},
    "settings": {
        "room": "tea",
        "level": "all",
        "quiet": {"from": "22:00", "to": "07:00", "zone": "Asia/Shanghai"},
    },
    "activity": {"before": 45, "limit": 20},
    "threads": {"before": 912, "limit": 20},
}
"""A right frame of each command; `id` and `do` come on top."""


def refused(frame: str) -> dict[str, Any]:
    """The whole answer to a frame that is no command."""
    with pytest.raises(Problem) as raised:
        parse(frame)
    answer: dict[str, Any] = json.loads(refusal(raised.value))
    return answer


def send(**fields: Any) -> str:
    return json.dumps({"id": 1, "do": "send", **WHOLE["send"], **fields})


def test_every_command_is_tried_here_and_parsed() -> None:
    assert list(WHOLE) == list(COMMANDS)
    assert set(COMMANDS.values()) == set(get_args(protocol.Command))
    for do, fields in WHOLE.items():
        command = parse(json.dumps({"id": "a", "do": do, **fields}))
        assert type(command) is COMMANDS[do]
        assert command.id == "a"
        assert {
            name: value for name, value in command.model_dump(by_alias=True).items() if name in fields
        } == fields


def test_what_is_not_known_is_passed_over() -> None:
    assert parse('{"id":1,"do":"ping","new":{"x":[1]}}') == parse(' {"do" : "ping", "id" : 1} \n')


def test_what_may_be_left_out_may_be_null() -> None:
    assert parse('{"id":1,"do":"subscribe","room":"tea","since":null}') == parse(
        '{"id":1,"do":"subscribe","room":"tea"}'
    )


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)."),
        ("GET / HTTP/1.1", "Expecting value: line 1 column 1 (char 0)."),
        ('{"id":1,"do":"ping"', "Expecting ',' delimiter: line 1 column 20 (char 19)."),
        ('{"id":1,"do":"ping"}x', "Extra data: line 1 column 21 (char 20)."),
        ('{"id":1,"do":"ping"}\x00', "Extra data: line 1 column 21 (char 20)."),
        ('{"id":1}{"id":2}', "Extra data: line 1 column 9 (char 8)."),
        ("{'id':1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        ('{"id":1,"do":"send","text":"\x01"}', "Invalid control character at: line 1 column 29 (char 28)."),
    ],
)
def test_what_is_no_json_is_answered_with_null_and_where(frame: str, why: str) -> None:
    assert refused(frame) == {
        "re": None,
        "error": {"code": "bad_json", "message": EXAMPLE + why, "retry": False},
    }


@pytest.mark.parametrize(
    ("frame", "kind"),
    [("[1]", "an array"), ('"ping"', "a string"), ("true", "a boolean"), ("null", "null"), ("7", "a number")],
)
def test_json_that_is_no_object_is_answered_with_what_it_is(frame: str, kind: str) -> None:
    message = f"A frame is one JSON object; this is {kind}."
    assert refused(frame) == {"re": None, "error": {"code": "bad_json", "message": message, "retry": False}}


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"id":1,"x":' + "[" * 100_000, '{"a":' * 100_000])
def test_nesting_without_end_is_no_json(deep: str) -> None:
    answer = refused(deep)
    assert (answer["re"], answer["error"]["code"]) == (None, "bad_json")
    assert "maximum recursion depth exceeded" in answer["error"]["message"]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [250, 400, 900])
def test_nesting_that_python_reads_and_the_fast_parser_does_not_is_refused_too(
    opening: str, closing: str, depth: int
) -> None:
    answer = refused('{"id":1,"do":"ping","x":' + opening * depth + "1" + closing * depth + "}")
    assert answer["error"]["code"] in ("invalid", "bad_json")


@pytest.mark.parametrize(
    ("frame", "re", "named"),
    [
        ("{}", None, '"do" names the command'),
        ('{"id":1}', 1, '"do" names the command'),
        ('{"id":1,"do":5}', 1, '"do" names the command'),
        ('{"id":"a","do":"Ping"}', "a", "'Ping' is no command"),
        ('{"id":1,"do":"\\ud800"}', 1, "'\\ud800' is no command"),
        ('{"id":1,"do":"' + "x" * 1000 + '"}', 1, f"'{'x' * 40}' is no command"),
    ],
)
def test_what_is_no_command_is_told_all_commands(frame: str, re: Any, named: str) -> None:
    message = f"{named}; there are {COMMAND_NAMES}."
    assert refused(frame) == {
        "re": re,
        "error": {"code": "unknown_command", "message": message, "retry": False},
    }


@pytest.mark.parametrize(
    ("frame", "re", "message"),
    [
        ('{"do":"ping"}', None, "id: Field required."),
        ('{"id":null,"do":"ping"}', None, ID),
        ('{"id":true,"do":"ping"}', None, ID),
        ('{"id":1.0,"do":"ping"}', None, ID),
        ('{"id":[],"do":"ping"}', None, ID),
        ('{"id":"","do":"ping"}', None, ID),
        ('{"id":"' + "x" * 65 + '","do":"ping"}', None, ID),
        (f'{{"id":{BIGGEST + 1},"do":"ping"}}', None, ID),
        ('{"id":1' + "0" * 5000 + ',"do":"ping"}', None, ID),
        ('{"id":-1' + "0" * 5000 + ',"do":"ping"}', None, ID),
        (send(room=""), 1, "room: a room's name has 1 to 64 characters; this one has 0."),
        (send(room="r" * 65), 1, "room: a room's name has 1 to 64 characters; this one has 65."),
        (send(room=None), 1, "room: Input should be a valid string."),
        (send(key=""), 1, "key: a key is 1 to 64 printable ASCII characters."),
        (send(key="k" * 65), 1, "key: a key is 1 to 64 printable ASCII characters."),
        (send(key="茶"), 1, "key: a key is 1 to 64 printable ASCII characters."),
        (send(key="a\n"), 1, "key: a key is 1 to 64 printable ASCII characters."),
        (send(text="a\x00b"), 1, "text: a text has no NUL character (U+0000): it cannot be stored."),
        (send(text=5), 1, "text: Input should be a valid string."),
        ('{"id":1,"do":"send","room":"tea","key":"k"}', 1, "text: Field required."),
        ('{"id":1,"do":"subscribe","room":"tea","since":5}', 1, "since: Input should be an object."),
        ('{"id":1,"do":"subscribe","room":"tea","since":{"epoch":"e"}}', 1, "since.seq: Field required."),
        (
            '{"id":1,"do":"history","room":"tea","limit":201}',
            1,
            "limit: Input should be less than or equal to 200.",
        ),
        (
            '{"id":1,"do":"read","room":"tea","seq":-1}',
            1,
            "seq: Input should be greater than or equal to 0.",
        ),
        (
            '{"id":1,"do":"react","room":"tea","message":1,"emoji":""}',
            1,
            "emoji: String should have at least 1 character.",
        ),
    ],
)
def test_a_wrong_field_is_named_with_what_is_right(frame: str, re: Any, message: str) -> None:
    assert refused(frame) == {"re": re, "error": {"code": "invalid", "message": message, "retry": False}}


@pytest.mark.parametrize("id", [1, 0, -BIGGEST, BIGGEST, "a", "x" * 64, "茶"])
def test_a_usable_id_is_repeated_also_by_a_refusal(id: int | str) -> None:
    assert parse(json.dumps({"id": id, "do": "ping"})).id == id
    assert refused(json.dumps({"id": id, "do": "nothing"}))["re"] == id


@pytest.mark.parametrize(
    "frame",
    [
        '{"id":1,"do":"send","room":"tea","key":"k","text":"\\ud83c"}',
        '{"id":1,"do":"send","room":"tea","key":"k","text":"\\udf75\\ud83c"}',
        '{"id":1,"do":"hello","name":"\\udfff"}',
        '{"id":1,"do":"ping","x":[{"y":"\\ud800"}]}',
        '{"id":1,"do":"ping","\\ud800":1}',
        '{"id":1,"do":"send","room":"tea","key":"k","text":"\ud800"}',
    ],
)
def test_a_lone_surrogate_is_refused_wherever_it_stands(frame: str) -> None:
    message = "A text has no lone surrogates (U+D800 to U+DFFF): they cannot be stored."
    assert refused(frame) == {"re": 1, "error": {"code": "invalid", "message": message, "retry": False}}


def test_an_id_that_cannot_be_sent_back_is_not() -> None:
    assert refused('{"id":"\\ud800","do":"ping"}')["re"] is None


def test_a_pair_of_surrogates_is_a_character() -> None:
    command = parse('{"id":1,"do":"send","room":"tea","key":"k","text":"\\ud83c\\udf75"}')
    assert isinstance(command, protocol.Send)
    assert command.text == "🍵"


@pytest.mark.parametrize("two", [("before", "after"), ("after", "around"), ("before", "around")])
def test_history_goes_one_way(two: tuple[str, str]) -> None:
    answer = refused(json.dumps({"id": 7, "do": "history", "room": "tea", two[0]: 1, two[1]: 0}))
    message = "Give one of before, after, around and at, not several."
    assert answer == {"re": 7, "error": {"code": "invalid", "message": message, "retry": False}}
    assert parse(json.dumps({"id": 7, "do": "history", "room": "tea", two[0]: 1})).id == 7


def test_limits_are_where_they_are_said_to_be() -> None:
    parse(send(room="r" * 64, key="k" * 64, text=""))
    parse(json.dumps({"id": 1, "do": "react", "room": "a", "message": 1, "emoji": "x" * 32}))
    assert (
        refused(json.dumps({"id": 1, "do": "react", "room": "a", "message": 1, "emoji": "x" * 33}))["re"] == 1
    )
    assert refused(json.dumps({"id": 1, "do": "react", "room": "a", "message": 0, "emoji": "x"}))["re"] == 1


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([*COMMANDS, "tea", "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
fields = st.fixed_dictionaries(
    {"id": st.integers() | json_values, "do": st.sampled_from([*COMMANDS]) | json_values},
    optional=dict.fromkeys(
        ("room", "key", "text", "since", "message", "emoji", "seq", "limit", "x"), json_values
    ),
)


def either(frame: str) -> None:
    """A command or a Problem with a documented code and an answer that can be sent; nothing else, ever."""
    try:
        command = parse(frame)
    except Problem as problem:
        assert problem.code in ERRORS
        assert problem.message.endswith(".")
        answer = json.loads(refusal(problem).encode())
        assert answer["re"] is None or answer["error"]["code"] != "bad_json"
    else:
        assert json.loads(ok(command.id, {}).encode()) == {"re": command.id, "ok": {}}


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
@example('{"id":1,"do":"ping","x":' + '{"a":' * 950 + "1" + "}" * 951)
@example('{"id":1,"do":"ping","x":NaN}')
@example('\ufeff{"id":1,"do":"ping"}')
@example("\ud800")
def test_no_text_breaks_the_parser(frame: str) -> None:
    either(frame)


@given(fields, st.booleans(), st.integers(0, 400))
def test_no_json_breaks_the_parser(frame: dict[str, Any], ascii_only: bool, cut: int) -> None:
    text = json.dumps(frame, ensure_ascii=ascii_only)
    either(text)
    either(text[:cut])


def test_after_never_tells_to_come_back_too_early() -> None:
    problem = Problem("too_fast", "Wait.", retry=True, after=0.01)
    assert json.loads(refusal(problem)) == {
        "re": None,
        "error": {"code": "too_fast", "message": "Wait.", "retry": True, "after": 0.1},
    }
    assert '"after":2.0}' in refusal(Problem("busy", "Wait.", retry=True, after=2.0))


def test_the_range_of_a_close_code_says_whether_to_come_back() -> None:
    own = [code for code in CLOSE_CODES if code >= 4000]
    assert own == [4000, 4001, 4003, 4004, 4008, 4100, 4101, 4102, 4103, 4105, 4200, 4201]
    assert [code for code in CLOSE_CODES if code < 4000] == [
        1000,
        1001,
        1002,
        1003,
        1006,
        1007,
        1009,
        1011,
        1012,
        1013,
    ]


def test_an_error_that_is_followed_by_a_close_says_so_in_its_description() -> None:
    for code, description in ERRORS.items():
        assert re.fullmatch(r"[a-z_]+", code)
        for close in re.findall(r"close (\d{4})", description):
            assert int(close) in CLOSE_CODES
