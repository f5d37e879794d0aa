"""The HTTP API, version 1, below the prefix at `api/v1/`: docs/api.md. A request becomes a command of the protocol and
is carried out by a session that lives as long as its answer; so there is no second way of rights, rates or numbers.

`urls.py` puts it together, `rooms.py`, `messages.py`, `people.py` and `tokens.py` are the addresses, `guard.py` stands
before them, `asking.py` behind.
"""
