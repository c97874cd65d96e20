"""The child process: llama.cpp's OpenAI-compatible server on loopback, until standard input ends.

`python -m core.local_model.server` reads an Order, one line, from standard input, and writes READY to standard
output once it answers. The input ends with the parent, however that one ends.
"""

from __future__ import annotations

import os
import sys

from xllamacpp import CommonParams, Server

from core.local_model.order import AT_ONCE, CONTEXT, LOCAL, READY, SLOTS, Order

_ANSWER = 256  # tokens, where a request names no limit
_BATCH = 64  # tokens of a prompt that are read between two looks at whether anyone still waits
_TEMPERATURE, _TOP_P = 0.2, 0.9  # as its makers advise
_HTTP_THREADS = AT_ONCE + 8  # each answer holds one; a judge asks beside the writer
_MOST_THREADS = 8  # a model this small gains nothing from more
_ERRORS_ONLY = 1


def main() -> None:
    """Serve while standard input is open."""
    serving = Server(_params(Order.read(sys.stdin.buffer.readline())))
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0 if serving else 1)  # at once: its threads would go on with what nobody waits for


def _params(order: Order) -> CommonParams:
    params = CommonParams()
    params.model.path, params.model_alias = order.weights, {LOCAL}
    params.hostnames, params.port, params.reuse_port = ["127.0.0.1"], order.port, True
    params.n_threads_http = _HTTP_THREADS
    params.api_keys = [order.key]
    params.ui = False
    params.verbosity = _ERRORS_ONLY
    params.n_ctx, params.n_parallel, params.n_batch = SLOTS * CONTEXT, SLOTS, _BATCH
    params.cache_ram_mib = 0  # by default up to 8 GiB of earlier prompts
    params.n_predict = _ANSWER
    params.sampling.temp, params.sampling.top_p = _TEMPERATURE, _TOP_P
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads, cpu.poll = _threads(), 0
    return params


def _threads() -> int:
    """Half of the cores: its threads wait for each other at every step, and a busy core holds all of them up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(max(cores // 2, 1), _MOST_THREADS)


if __name__ == "__main__":
    main()
