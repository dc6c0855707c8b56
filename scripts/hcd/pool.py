# SPDX-License-Identifier: BSD-2-Clause
"""Work on several things at a time, most of it in child programs."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed

from hcd.run import stop_all


def in_parallel(work: Callable, items: Iterable, jobs: int, done: Callable) -> None:
    """Calls work(item) for every item, `jobs` at a time, and as each ends done(item, result) in this thread. What either
    raises, or a stop, ends the run and its children."""
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(work, item): item for item in items}
        for future in as_completed(futures):
            done(futures[future], future.result())
    except BaseException:
        stop_all()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
