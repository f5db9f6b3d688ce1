"""What every peer is given, and how it is looked at."""
import bisect
import threading
import time

TARGET_S = 900
BATCH = 1000
ACCOUNTS = 200


def now_ms():
    return int(time.time() * 1000)


class Fact:
    __slots__ = ("id", "ticket", "account", "verb", "time")

    def __init__(self, ticket, verb, time_ms):
        self.id, self.ticket, self.verb, self.time = f"{ticket}-{verb}", ticket, verb, time_ms
        self.account = f"acct-{hash(ticket) % ACCOUNTS}"


def batches(facts):
    return [facts[i:i + BATCH] for i in range(0, len(facts), BATCH)]


class Told:
    """Dues as they were told: how late, by the clock of who hears it."""

    def __init__(self):
        self.lock, self.late, self.seen = threading.Lock(), {}, set()

    def hear(self, ticket, due_ms):
        at = now_ms()
        with self.lock:
            self.late.setdefault(ticket, at - due_ms)

    def count(self, prefix):
        with self.lock:
            return sum(1 for t in self.late if t.startswith(prefix))

    def of(self, prefix):
        with self.lock:
            return sorted(late for t, late in self.late.items() if t.startswith(prefix))

    def wait(self, prefix, number, seconds):
        end = time.monotonic() + seconds
        while self.count(prefix) < number and time.monotonic() < end:
            time.sleep(0.005)  # until the condition above holds
        return self.count(prefix)


def quantile(values, q):
    return values[min(len(values) - 1, int(q * len(values)))] if values else float("nan")


def loaded(peer, tickets):
    """Facts a second, until all is durable and decided."""
    facts = [Fact(f"L{i}", "opened", now_ms()) for i in range(tickets)]
    prepared = peer.prepare(batches(facts))
    began = time.monotonic()
    peer.post(prepared)
    peer.settled(tickets)
    return tickets / (time.monotonic() - began)


def steady(peer, told, rate, seconds):
    """Half of the tickets are answered 1 s before their due, the others are missed; how late those are told, in ms."""
    rounds, each = int(seconds * 10), max(2, int(rate / 10))
    begin, missed, answers = now_ms() + 500, 0, []
    for r in range(rounds):
        at = begin + r * 100
        opened, due = [], at + 2000
        for i in range(each * 2 // 3):  # three facts for two tickets
            fact = Fact(f"S{r}-{i}", "opened", due + i * 100 // each - TARGET_S * 1000)
            opened.append(fact)
            if i % 2:
                answers.append((at + 1000, Fact(fact.ticket, "responded", at + 1000)))
            else:
                missed += 1
        cut = bisect.bisect_right([a for a, _ in answers], at)
        opened += [fact for _, fact in answers[:cut]]
        answers = answers[cut:]
        prepared = peer.prepare(batches(opened))
        time.sleep(max(0, (at - now_ms()) / 1000))  # the pace of the load
        peer.post(prepared)
    peer.post(peer.prepare(batches([fact for _, fact in answers])))
    return missed, told.wait("S", missed, 60)


def restart(peer, told, down, number=1000):
    """Kill −9; what fell due meanwhile; seconds from the start until the first and the last of it were told."""
    due = now_ms() + 3000
    peer.post(peer.prepare(batches([Fact(f"R{i}", "opened", due - TARGET_S * 1000) for i in range(number)])))
    peer.settled(number)
    peer.kill()
    time.sleep(max(down, (due + 100 - now_ms()) / 1000))
    began = time.monotonic()
    peer.start()
    first = last = float("nan")
    if told.wait("R", 1, 120):
        first = time.monotonic() - began
        if told.wait("R", number, 120) >= number:
            last = time.monotonic() - began
    return first, last
