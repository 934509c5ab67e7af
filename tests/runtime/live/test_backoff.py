from i3d_edge.runtime.live.backoff import Backoff


def test_delays_double_up_to_the_longest_and_begin_anew() -> None:
    backoff = Backoff(max_attempts=None)
    assert [backoff.failed() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    backoff.succeeded()
    assert backoff.failed() == 1


def test_the_limit_is_of_failures_in_a_row() -> None:
    backoff = Backoff(max_attempts=2, first_s=0.5)
    assert [backoff.failed(), backoff.failed(), backoff.failed()] == [0.5, 1, None]
    backoff.succeeded()
    assert backoff.failed() == 0.5


def test_hours_of_failures_do_not_overflow() -> None:
    backoff = Backoff(max_attempts=None)
    assert {backoff.failed() for _ in range(5000)} == {1, 2, 4, 8, 16, 30}
