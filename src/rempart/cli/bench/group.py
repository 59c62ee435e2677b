"""The `rempart bench` group; each benchmark's module is imported only when it is called."""

import click

from rempart.cli.main import LazyGroup

BENCHMARKS = {
    "match": ("rempart.cli.bench.match", "Lookups per CPU second beside FAISS."),
    "hash": ("rempart.cli.bench.hash", "PDQ and file hashing beside pdqhash and threatexchange."),
    "recall": ("rempart.cli.bench.recall", "Recall and false positives per edit and per probe."),
    "derive": ("rempart.cli.bench.derive", "Copies found and false findings of `rempart derive`."),
    "partial": ("rempart.cli.bench.partial", "Parts of listed pictures found, false findings, and their cost."),
    "origin": ("rempart.cli.bench.origin", "What asking every upload for its origin costs."),
    "watermark": ("rempart.cli.bench.watermark", "Marks found again after each edit, and what they cost."),
    "gate": ("rempart.cli.bench.gate", "What the gate adds to an output and to a reference photo."),
    "scan": ("rempart.cli.bench.scan", "Files per second beside the peer's per-file loop."),
    "look": ("rempart.cli.bench.look", "A look at a sealed picture of 12 megapixels, step by step."),
    "cases": ("rempart.cli.bench.cases", "Server time of a queue of 100,000 cases."),
    "lookback": ("rempart.cli.bench.lookback", "A notice's fingerprint over a million hosted items."),
    "http": ("rempart.cli.bench.http", "Checks through HTTP: CPU, latency and memory of a real server."),
}


@click.group(cls=LazyGroup, lazy=BENCHMARKS)
def command() -> None:
    """Measure on this machine: CPU seconds and ratios within one run, since wall times mislead on shared machines."""
