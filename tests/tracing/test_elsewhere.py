"""What forward hands to other threads: a pool's jobs are counted, a thread's work is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from multiprocessing.pool import ThreadPool
from queue import Queue
from threading import Barrier, Condition, Event, Thread, Timer
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import cnnref
from cnnref.errors import CnnrefError
from cnnref.tracing import elsewhere


class Handing(nn.Module):
    """Has work done by a function that hands it to another thread."""

    def __init__(self, hand: Callable[..., Any], work: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.weight, self.part = nn.Parameter(torch.ones(4, 8)), nn.Linear(4, 8, bias=False)
        self.hand, self.work = hand, work or Handing.product

    def product(self, x: Tensor) -> Tensor:
        return x @ self.weight

    def forward(self, x: Tensor) -> Any:
        return self.hand(partial(self.work, self), x)


def started(work: Callable[..., Any], x: Tensor) -> Any:
    found: list[Any] = []
    thread = Thread(target=lambda: found.append(work(x)))
    thread.start()
    thread.join()
    return found[0]


def pooled(work: Callable[..., Any], x: Tensor) -> Any:
    with ThreadPool(1) as pool:
        return pool.apply(work, (x,))


@pytest.fixture(scope="module")
def workers() -> Iterator[tuple[ThreadPoolExecutor, ThreadPool]]:
    """Pools whose threads are there before a trace begins."""
    with ThreadPoolExecutor(1) as pool, ThreadPool(1) as other:
        pool.submit(int).result()
        yield pool, other


JOBS: dict[str, Callable[..., Any]] = {
    "a pool of forward's own": lambda _, work, x: ThreadPoolExecutor(1).submit(work, x).result(),
    "a pool": lambda pools, work, x: pools[0].submit(work, x).result(),
    "a pool's map": lambda pools, work, x: next(pools[0].map(work, [x])),
    "a loop's pool": lambda _, work, x: asyncio.run(asyncio.to_thread(work, x)),
    "a fork": lambda _, work, x: torch.jit.wait(torch.jit.fork(work, x)),
}
THREADS: dict[str, Callable[..., Any]] = {
    "a thread": lambda _, work, x: started(work, x),
    "a thread of a thread": lambda _, work, x: started(partial(started, work), x),
    "a pool in a thread": lambda pools, work, x: started(partial(JOBS["a pool"], pools, work), x),
    "a pool of multiprocessing": lambda pools, work, x: pools[1].apply(work, (x,)),
    "its map": lambda pools, work, x: pools[1].map(work, [x])[0],
    "its iterator": lambda pools, work, x: next(pools[1].imap(work, [x])),
    "one of forward's own": lambda _, work, x: pooled(work, x),
}
WORK = {"matmul": Handing.product, "part": lambda module, x: module.part(x)}


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("values", ["never", "always"])
@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("job", JOBS)
def test_what_a_pool_does_is_counted(job: str, work: str, values: str, workers: Any) -> None:
    module = Handing(partial(JOBS[job], workers), WORK[work])
    table = cnnref.trace(module, (4,), values=values)
    assert [(row.name, row.macs) for row in table] == [(work, 32)]


@pytest.mark.parametrize("values", ["never", "always"])
@pytest.mark.parametrize(("work", "called"), [("matmul", "mm"), ("part", r"part \(Linear\)")])
@pytest.mark.parametrize("hand", THREADS)
def test_what_another_thread_does_is_refused(
    hand: str, work: str, called: str, values: str, workers: Any
) -> None:
    module = Handing(partial(THREADS[hand], workers), WORK[work])
    message = rf"^forward calls {called} in another thread, where a trace sees nothing: have it "
    with pytest.raises(CnnrefError, match=message):
        cnnref.trace(module, (4,), values=values)


@pytest.mark.parametrize("values", ["never", "always"])
@pytest.mark.parametrize("idle", [lambda _, x: x.shape, lambda *_: torch.rand(3).sum()])
def test_another_thread_may_do_what_is_none_of_the_networks(idle: Any, values: str) -> None:
    def hand(work: Callable[..., Any], x: Tensor) -> Tensor:
        started(work, x)
        return x + 1

    assert len(cnnref.trace(Handing(hand, idle), (4,), values=values)) == 1


def test_a_job_that_fails_says_so_where_it_is_asked() -> None:
    def hand(work: Callable[..., Any], x: Tensor) -> Tensor:
        assert isinstance(ThreadPoolExecutor(1).submit(work, x).exception(), ZeroDivisionError)
        return x + 1

    assert len(cnnref.trace(Handing(hand, lambda *_: 1 / 0), (4,))) == 1


def after(first: Callable[[], object], x: Tensor, then: Callable[[], object]) -> Tensor:
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(first), pool.submit(then)]
        assert all(job.done() for job in jobs)
        return x + 1


def awaited(name: str, work: Callable[..., Any], x: Tensor) -> Tensor:
    """Two jobs, of which the first waits for the second."""
    done, queue, barrier, later = Event(), Queue[int](), Barrier(2), Future[int]()
    waits, then = {
        "event": (done.wait, done.set),
        "queue": (queue.get, partial(queue.put, 1)),
        "barrier": (barrier.wait, barrier.wait),
        "result": (later.result, partial(later.set_result, 1)),
    }[name]
    return after(waits, x, then)


@pytest.mark.parametrize("name", ["event", "queue", "barrier", "result"])
def test_a_job_that_waits_for_a_later_one_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = Condition.wait
    monkeypatch.setattr(elsewhere, "LONGEST", 0.01)
    with pytest.raises(CnnrefError, match=r"^forward submits a job to a pool that waits for ano"):
        cnnref.trace(Handing(partial(awaited, name)), (4,))
    assert Condition.wait is wait


def test_a_job_may_wait_for_what_comes_and_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hand(work: Callable[..., Any], x: Tensor) -> Tensor:
        later, never = Event(), Event()
        clock = Timer(0.05, later.set)
        clock.start()
        return after(later.wait, x, lambda: not never.wait(0.02))

    assert len(cnnref.trace(Handing(hand), (4,))) == 1
    monkeypatch.setattr(elsewhere, "LONGEST", 0.0)
    brief = Handing(lambda _, x: after(partial(Event().wait, 0.02), x, int))
    assert len(cnnref.trace(brief, (4,))) == 1


def test_threads_and_pools_are_as_they_were_behind_a_trace(workers: Any) -> None:
    homes = (Thread, ThreadPoolExecutor, ThreadPool)
    before = [dict(vars(home)) for home in homes]
    later, left = Event(), []

    def stays(work: Callable[..., Any], x: Tensor) -> Tensor:
        left.append(Thread(target=lambda: (later.wait(), left.append(work(x)))))
        left[0].start()
        return x + 1

    assert len(cnnref.trace(Handing(stays), (4,))) == 1
    later.set()
    left[0].join()
    assert left[1].shape == (1, 8)
    assert [dict(vars(home)) for home in homes] == before
