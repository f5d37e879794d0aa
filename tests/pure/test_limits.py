"""Token buckets, strikes, counts and address keys, at given times."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teahouse.limits import Bucket, Buckets, Counted, Strikes, address_key


class TestBucket:
    def test_it_lets_a_burst_through_and_then_the_rate(self) -> None:
        bucket = Bucket(rate=2, burst=5)
        assert [bucket.take(100.0) for _ in range(5)] == [0.0] * 5
        assert bucket.take(100.0) == pytest.approx(0.5)
        assert bucket.take(100.5) == 0.0
        assert bucket.take(100.5) == pytest.approx(0.5)

    def test_a_refusal_takes_nothing(self) -> None:
        bucket = Bucket(rate=1, burst=1)
        assert bucket.take(0.0) == 0.0
        assert [bucket.take(0.5) for _ in range(50)] == pytest.approx([0.5] * 50)
        assert bucket.take(1.0) == 0.0

    def test_waiting_as_told_is_enough_late_in_the_life_of_a_machine(self) -> None:
        for start in (329562.1231654795, 184473.62809681142, 612283.487339991):
            for rate in (3, 7, 10 / 60):
                bucket = Bucket(rate, burst=5)
                assert [bucket.take(start) for _ in range(5)] == [0.0] * 5
                wait = bucket.take(start + 0.01)
                assert bucket.take(start + 0.01 + wait) == 0.0

    def test_several_at_once(self) -> None:
        bucket = Bucket(rate=10, burst=100)
        assert bucket.take(0.0, 90) == 0.0
        assert bucket.take(0.0, 30) == pytest.approx(2.0)
        assert bucket.take(0.0, 10) == 0.0

    def test_it_refuses_what_could_never_be_taken(self) -> None:
        with pytest.raises(ValueError, match="never"):
            Bucket(rate=1, burst=5).take(0.0, 6)

    @pytest.mark.parametrize(("rate", "burst"), [(0, 5), (-1, 5), (1, 0), (math.nan, 5)])
    def test_it_refuses_a_rate_or_burst_that_means_nothing(self, rate: float, burst: float) -> None:
        with pytest.raises(ValueError, match="rate above 0"):
            Bucket(rate, burst)

    def test_an_infinite_rate_lifts_the_limit(self) -> None:
        bucket = Bucket(rate=math.inf, burst=1)
        assert [bucket.take(3.0) for _ in range(10_000)] == [0.0] * 10_000

    def test_a_clock_that_stands_or_slips_back_gives_nothing_away(self) -> None:
        bucket = Bucket(rate=1, burst=2)
        assert bucket.take(10.0, 2) == 0.0
        assert bucket.take(9.0) == pytest.approx(2.0)
        assert bucket.take(11.0) == 0.0

    @given(
        rate=st.floats(0.01, 1000),
        burst=st.integers(1, 50),
        start=st.floats(0, 1e6),
        pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
    )
    def test_never_more_than_burst_and_rate_and_waiting_as_told_is_enough(
        self, rate: float, burst: int, start: float, pauses: list[float]
    ) -> None:
        bucket, now = Bucket(rate, burst), start
        for taken, pause in enumerate(pauses, 1):
            now += pause
            wait = bucket.take(now)
            if wait:
                now += wait
                assert bucket.take(now) == 0.0
            assert taken <= burst + rate * (now - start) * (1 + 1e-6) + 1e-3


class TestBuckets:
    def test_keys_do_not_share(self) -> None:
        buckets = Buckets(rate=1, burst=1)
        assert buckets.take("alice", 0.0) == 0.0
        assert buckets.take("alice", 0.0) > 0
        assert buckets.take("bob", 0.0) == 0.0

    def test_full_ones_are_forgotten_while_it_is_used(self) -> None:
        buckets = Buckets(rate=1, burst=3)
        for key in range(1000):
            buckets.take(key, 0.0)
        assert len(buckets) == 1000
        for turn in range(600):
            buckets.take("alice", 10.0 + turn)
        assert len(buckets) == 1

    def test_full_ones_are_forgotten_on_demand_and_others_not(self) -> None:
        buckets = Buckets(rate=1, burst=3)
        buckets.take("alice", 0.0, 3)
        buckets.take("bob", 0.0, 1)
        buckets.forget_full(2.0)
        assert len(buckets) == 1
        assert buckets.take("alice", 2.0, 3) == pytest.approx(1.0)
        buckets.forget_full(60.0)
        assert len(buckets) == 0

    def test_the_number_of_keys_is_bounded(self) -> None:
        buckets = Buckets(rate=0.001, burst=1, limit=10)
        for key in range(100):
            buckets.take(key, 0.0)
        assert len(buckets) == 10
        assert buckets.take(99, 0.0) > 0

    def test_beyond_it_the_one_quiet_the_longest_starts_anew(self) -> None:
        buckets = Buckets(rate=0.001, burst=2, limit=2)
        for key in ("alice", "bob", "alice", "charlie"):
            assert buckets.take(key, 0.0) == 0.0
        assert buckets.take("alice", 0.0) > 0
        assert buckets.take("bob", 0.0, 2) == 0.0

    def test_an_infinite_rate_remembers_nobody(self) -> None:
        buckets = Buckets(rate=math.inf, burst=1)
        for key in range(100):
            buckets.take(key, 0.0)
        assert len(buckets) == 0

    @given(
        st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3), st.integers(1, 3)), max_size=80),
    )
    def test_forgetting_changes_no_answer(self, takings: list[tuple[int, float, int]]) -> None:
        shared = Buckets(rate=0.7, burst=3)
        alone = {key: Bucket(rate=0.7, burst=3) for key in range(6)}
        now = 0.0
        for key, pause, n in takings:
            now += pause
            assert shared.take(key, now, n) == alone[key].take(now, n)


class TestStrikes:
    def test_the_tenth_in_a_minute_is_out(self) -> None:
        strikes = Strikes()
        assert [strikes.strike(6.0 * n) for n in range(9)] == [False] * 9
        assert strikes.strike(59.9) is True

    def test_ten_in_more_than_a_minute_are_not(self) -> None:
        strikes = Strikes()
        assert not any(strikes.strike(6.7 * n) for n in range(1000))

    def test_one_may_be_enough(self) -> None:
        assert Strikes(out=1).strike(5.0) is True

    def test_it_refuses_none(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            Strikes(out=0)


class TestCounted:
    def test_it_counts_up_to_the_limit_and_down_to_nothing(self) -> None:
        counted = Counted(limit=2)
        assert (counted.enter("a"), counted.enter("a"), counted.enter("a")) == (True, True, False)
        assert counted.enter("b")
        counted.leave("a")
        assert counted.count("a") == 1
        assert counted.enter("a")
        counted.leave("a")
        counted.leave("a")
        counted.leave("b")
        assert len(counted) == 0
        assert counted.count("a") == 0
        assert len(counted) == 0

    def test_without_a_limit(self) -> None:
        counted = Counted()
        assert all(counted.enter("a") for _ in range(1000))

    def test_it_refuses_to_go_below_nothing(self) -> None:
        with pytest.raises(ValueError, match="'a' left"):
            Counted(limit=2).leave("a")


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unix:", "unix:"),
        ("192.0.2.7:443", "192.0.2.7:443"),
    ],
)
def test_address_key(address: str, key: str) -> None:
    assert address_key(address) == key
