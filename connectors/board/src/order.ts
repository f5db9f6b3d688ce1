// The cards in the order in which people should look at them, kept as they change: a card that changed is taken out
// and put in where it now stands, by two binary searches. Five thousand cards are never sorted anew for one event.
import type { Card } from "./store";

export type Tab = "mine" | "all" | "taken" | "nobody";

/** What decides where a card stands: the less, the further up. */
export interface Place {
  nobody: 0 | 1; // 0: there is an alarm, open or taken, for which nobody was called, or an open one that nobody could be told of
  rank: number; // of its priority
  taken: 0 | 1; // 0: an alarm is open
  due: string; // the next one that is pending
  mine: boolean; // decides no place, only the tab
  alone: boolean; // the same: an open alarm of which nobody knows
}

function before(a: Card, b: Card): number {
  const p = a.place as Place;
  const q = b.place as Place;
  return (
    p.nobody - q.nobody || p.rank - q.rank || p.taken - q.taken || (p.due < q.due ? -1 : p.due > q.due ? 1 : 0) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  );
}

const same = (a: Place, b: Place) =>
  a.nobody === b.nobody && a.rank === b.rank && a.taken === b.taken && a.due === b.due && a.mine === b.mine && a.alone === b.alone;

export class Order {
  /** The same array for good; whoever shows it looks again when it is told to. */
  readonly list: Card[] = [];
  /** How many cards each tab has. */
  readonly counts: Record<Tab, number> = { mine: 0, all: 0, taken: 0, nobody: 0 };

  /** Puts the card where `place` says; null: it leaves. True: the order, or a count, is another one now. */
  file(card: Card, place: Place | null): boolean {
    const old = card.place;
    if (old === place || (old && place && same(old, place))) return false;
    if (old) {
      this.list.splice(this.at(card), 1);
      this.count(old, -1);
    }
    card.place = place;
    if (place) {
      this.list.splice(this.at(card), 0, card);
      this.count(place, 1);
    }
    return true;
  }

  /** The first place whose card does not stand before this one. */
  private at(card: Card): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.list[middle] as Card, card) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private count(place: Place, by: 1 | -1): void {
    this.counts.all += by;
    if (place.mine) this.counts.mine += by;
    if (place.taken) this.counts.taken += by;
    if (place.alone) this.counts.nobody += by;
  }
}

export const inTab: Record<Tab, (card: Card) => boolean> = {
  all: () => true,
  mine: (card) => !!card.place?.mine,
  taken: (card) => card.place?.taken === 1,
  nobody: (card) => !!card.place?.alone,
};
