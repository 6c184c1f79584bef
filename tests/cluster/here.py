"""A cluster without Ray: its workers work in this process, each call at once, and may be made to die."""

from __future__ import annotations

import time
from types import SimpleNamespace

from vidstyle.cluster.crew import Crew
from vidstyle.cluster.worker import Worker
from vidstyle.cores import cores


class RayError(Exception):
    """As Ray's; a worker has died."""


class RayTaskError(RayError):
    """As Ray's; a worker has raised."""

    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class Answer:
    """What a call will return, or raise; `ended` is False as long as it does neither."""

    def __init__(self, value=None, error=None, ended=True):
        self.value, self.error, self.ended = value, error, ended


class Method:
    def __init__(self, function):
        self._function = function

    def remote(self, *args):
        answer = self._function(*args)
        return answer if isinstance(answer, Answer) else Answer(answer)


class Ray:
    """As much of Ray as a `Crew` asks for."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self):
        self.killed = []

    def wait(self, answers, timeout):
        done = [answer for answer in answers if answer.ended]
        if not done:
            time.sleep(min(timeout, 0.01))
        return done[:1], []

    def get(self, answer):
        if answer.error:
            raise answer.error
        return answer.value

    def kill(self, actor):
        self.killed.append(actor)

    def available_resources(self):
        return {"CPU": 1.0}

    def cluster_resources(self):
        return {"CPU": 2.0}


class Here:
    """Stands in for `vidstyle.cluster.session.Cluster`."""

    def __init__(self, count=2, deaths=0):
        self.ray = Ray()
        self.tasks = []
        self.deaths = deaths
        """Calls that end with the worker's death, when all is written, before its answer."""
        self._worker = Worker(cores(), cores())
        self.crew = Crew(self.ray, self._hire, count)

    def _hire(self):
        return SimpleNamespace(
            progress=Method(lambda: None),
            paint_pieces=Method(self._paint_pieces),
            paint_file=Method(self._paint_file),
        )

    def _paint_pieces(self, task):
        self.tasks.append((task.piece, task.end))
        return self._answer(self._worker.paint_pieces, task)

    def _paint_file(self, job, network, note):
        self.tasks.append((job.output.name, job.overwrite))
        return self._answer(self._worker.paint_file, job, network, note)

    def _answer(self, call, *args):
        try:
            value = call(*args)
        except Exception as error:
            return Answer(error=RayTaskError(error))
        if self.deaths:
            self.deaths -= 1
            return Answer(error=RayError("it was killed"))
        return Answer(value)
