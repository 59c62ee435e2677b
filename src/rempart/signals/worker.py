"""The process in which untrusted bytes are decoded: `python -m rempart.signals.worker`, started by a pool.

It gets one socket and nothing else, puts up its own walls, says that it is ready, and then does one job after another,
in order, until the socket ends. Its answers are data, never code.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rempart.signals import sandbox
from rempart.signals.frames import Channel, FrameError
from rempart.signals.outcome import Limits

Task = Callable[[int, Mapping[str, Any], Limits, Callable[[], None]], Mapping[str, Any]]


def main(arguments: list[str]) -> None:
    """`arguments`: number of the socket's descriptor, process id of the parent, limits as JSON, `module:function`, and
    what its `prepare_worker` is told, if anything."""
    number, parent, limits_text, task_name, *told = arguments
    sandbox.begin(int(parent))
    channel = Channel(socket.socket(fileno=int(number)))
    limits = Limits(**json.loads(limits_text))
    # Nothing that a library does on the way out matters in a process that holds nothing.
    try:
        task = load_task(task_name, *told)
        channel.send({"ready": sandbox.close(limits)})
        serve(channel, task, limits)
    except OSError:
        os._exit(1)
    except Exception as err:  # noqa: BLE001  the outermost handler of a process without a terminal
        channel.send({"failed": f"{type(err).__name__}: {err}"[:300]})
        os._exit(1)
    os._exit(0)


def load_task(name: str, *told: str) -> Task:
    """The function of `module:function`, after its module's `prepare_worker`, if there is one, was run with `told`."""
    module_name, _, function = name.partition(":")
    module = importlib.import_module(module_name)
    prepare = getattr(module, "prepare_worker", None)
    if prepare is not None:
        prepare(*told)
    task: Task = getattr(module, function)
    return task


def serve(channel: Channel, task: Task, limits: Limits) -> None:
    """Do jobs until the other side closes. A job that raises is answered as failed; the worker goes on."""
    while True:
        message, descriptor = channel.receive_with_descriptor()
        if message is None:
            return
        if descriptor is None:
            raise FrameError("A job came without its file.")
        try:
            answer = _do(task, descriptor, message, limits, channel)
        finally:
            os.close(descriptor)
        try:
            channel.send(answer)
        except FrameError as err:
            channel.send({"failed": str(err)})


def _do(task: Task, descriptor: int, plan: Mapping[str, Any], limits: Limits, channel: Channel) -> Mapping[str, Any]:
    try:
        return {"done": task(descriptor, plan, limits, lambda: channel.send({"reading": True}))}
    except MemoryError:
        return {"memory": True}
    except Exception as err:  # noqa: BLE001  whatever a task does, the pool hears of it
        return {"failed": f"{type(err).__name__}: {err}"[:200]}


if __name__ == "__main__":
    main(sys.argv[1:])
