"""What is kept has a bound in bytes; what was wanted last stays."""

from teahouse.web.kept import Kept


def test_what_was_wanted_last_stays() -> None:
    kept = Kept[str](100)
    for name in "abcd":
        kept.put(name, name.upper(), 25)
    assert kept.get("a") == "A"
    kept.put("e", "E", 25)
    assert [kept.get(name) for name in "abcde"] == ["A", None, "C", "D", "E"]


def test_it_never_grows_over_its_bound() -> None:
    kept = Kept[int](1_000)
    for n in range(5_000):
        kept.put(n, n, n % 250 + 1)
        assert kept.size <= 1_000
    assert kept.get(4_999) == 4_999


def test_the_same_key_counts_once() -> None:
    kept = Kept[int](100)
    for n in range(50):
        kept.put("key", n, 20)
    assert (kept.get("key"), kept.size) == (49, 20)


def test_what_is_too_big_pushes_nothing_out() -> None:
    kept = Kept[str](100)
    kept.put("small", "small", 10)
    kept.put("big", "big", 26)
    assert (kept.get("small"), kept.get("big")) == ("small", None)
