// A list of any length of which only what is on the screen is in the page.
import { measureElement, observeWindowOffset, observeWindowRect, Virtualizer, windowScroll } from "@tanstack/virtual-core";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props<T> {
  items: T[];
  keyOf: (item: T) => string;
  height: number; // of a row that was not measured yet, in px
  draw: (item: T, index: number) => ComponentChildren;
  end?: () => void; // the last row came near
  label: string;
}

export function VirtualList<T>({ items, keyOf, height, draw, end, label }: Props<T>) {
  const box = useRef<HTMLUListElement>(null);
  const [, redraw] = useState(0);
  const options = () => ({
    count: items.length,
    getScrollElement: () => window,
    estimateSize: () => height,
    getItemKey: (i: number) => (items[i] === undefined ? i : keyOf(items[i] as T)),
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    measureElement,
    overscan: 6,
    scrollMargin: box.current?.offsetTop ?? 0,
    onChange: () => redraw((n) => n + 1),
  });
  const virtualizer = useRef<Virtualizer<Window, HTMLLIElement>>();
  virtualizer.current ??= new Virtualizer<Window, HTMLLIElement>(options());
  virtualizer.current.setOptions(options());
  const measure = useRef((element: HTMLLIElement | null) => virtualizer.current?.measureElement(element)).current;
  useLayoutEffect(() => virtualizer.current?._didMount(), []);
  useLayoutEffect(() => virtualizer.current?._willUpdate());
  const rows = virtualizer.current.getVirtualItems();
  const lastRow = rows[rows.length - 1];
  useLayoutEffect(() => {
    if (end && lastRow && lastRow.index >= items.length - 10) end();
  }, [lastRow?.index, items.length]);
  return (
    <ul class="list" ref={box} aria-label={label} style={{ height: `${virtualizer.current.getTotalSize()}px` }}>
      {rows.map((row) => (
        <li
          key={String(row.key)}
          data-index={row.index}
          aria-setsize={items.length}
          aria-posinset={row.index + 1}
          ref={measure}
          style={{ transform: `translateY(${row.start - (virtualizer.current?.options.scrollMargin ?? 0)}px)` }}
        >
          {draw(items[row.index] as T, row.index)}
        </li>
      ))}
    </ul>
  );
}
