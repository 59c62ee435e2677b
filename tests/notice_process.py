"""Takes one notice after the other in a process of its own that a test kills: `python notice_process.py URL`."""

import sys
from itertools import count

from noticing import NoticeDesk, form, hashes
from rempart.store.engine import Store


def main() -> None:
    with Store.open(sys.argv[1]) as store:
        desk = NoticeDesk(store)
        for number in count(1):
            desk.take(form(f"https://forum.example/{number}/a", f"https://forum.example/{number}/b", signals=hashes()))
            print(number, flush=True)


if __name__ == "__main__":
    main()
