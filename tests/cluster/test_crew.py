"""Workers that are never placed, die, or do not answer any more: the run goes on with the others, or ends with a line."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace

import pytest

from vidstyle.cluster import crew
from vidstyle.cluster.crew import Crew, NoWorkerError, WorkerLostError

from .here import Answer, Method, Ray, RayError


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(crew, "_PULSE", 0)
    monkeypatch.setattr(crew, "_FIRST", 0)
    monkeypatch.setattr(crew, "PATIENCE", 0.2)
    monkeypatch.setattr(crew, "NOTICE", 0.05)


def here():
    return Answer(None)


def nowhere():
    return Answer(ended=False)


def unborn(**facts):
    error = RayError("It died:\n\nModuleNotFoundError: No module named 'vidstyle'\n")
    vars(error).update(facts)
    return Answer(error=error)


def crew_of(*answers):
    """Return workers, by how each answers from its beginning on; the later ones answer as the last."""
    left = list(answers)
    asked = []

    def hire():
        answer = left.pop(0) if len(left) > 1 else left[0]
        asked.append(SimpleNamespace(progress=Method(answer)))
        return asked[-1]

    made = Crew(Ray(), hire, len(answers))
    made.asked = asked
    return made


def test_a_run_without_any_worker_ends_with_a_line_after_a_while(caplog):
    workers = crew_of(nowhere, nowhere)
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        assert workers.take() is None
    assert "2 of 2 workers have not begun: 1 of 2 cores of the cluster are free; waiting" in (
        caplog.text
    )
    time.sleep(0.2)
    with pytest.raises(NoWorkerError, match=r"no worker has begun .*`worker_cores`"):
        workers.take()


def test_the_work_goes_on_with_those_that_there_are(caplog):
    workers = crew_of(here, nowhere)
    end = time.monotonic() + 0.5  # longer than it waits where there is none
    while time.monotonic() < end:
        (worker,) = filter(None, [workers.take(), workers.take()])
        workers.give_back(worker)
    (record,) = (r for r in caplog.records if r.levelno == logging.WARNING)
    assert record.getMessage().startswith("1 of 2 workers have not begun")
    assert record.getMessage().endswith("the work goes on with the others")
    assert workers.most == 1


def test_one_that_does_not_answer_any_more_is_replaced():
    answers = [Answer(None)]
    workers = crew_of(lambda: answers.pop() if answers else nowhere(), here)
    silent = workers.take()
    time.sleep(0.25)
    with pytest.raises(WorkerLostError, match="has not answered"):
        workers.check(silent)
    workers.give_back(silent)
    assert len(workers) == 2
    assert silent not in workers.members
    assert workers.take() is not silent


def test_a_module_that_a_worker_lacks_ends_the_run():
    with pytest.raises(NoWorkerError, match=r"does not begin: ModuleNotFoundError: .* same vers"):
        crew_of(lambda: unborn(actor_init_failed=True)).take()


def test_workers_that_all_die_as_they_begin_end_the_run():
    workers = crew_of(unborn)
    with pytest.raises(NoWorkerError, match="4 workers died as they began"):
        for _ in range(9):
            assert workers.take() is None
    assert len(workers.asked) == 4


def test_some_that_die_as_they_begin_do_not():
    workers = crew_of(unborn, unborn, here)
    for _ in range(3):
        workers.tend()
    assert [worker.begun for worker in workers.members] == [True] * 3


def test_after_long_work_another_worker_is_waited_for_as_long():
    lost = []
    workers = crew_of(lambda: nowhere() if lost else here())
    worker = workers.take()
    end = time.monotonic() + 0.3  # longer than it waits; nobody asks for another one meanwhile
    while time.monotonic() < end:
        workers.check(worker)
    lost.append(worker)
    with pytest.raises(WorkerLostError, match="a worker has died"):
        workers.result(worker, Answer(error=RayError("it was killed")))
    assert workers.take() is None
    time.sleep(0.25)
    with pytest.raises(NoWorkerError):
        workers.take()
