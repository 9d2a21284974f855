/** Whether elements can be seen: one observer for all of them. */

type Seen = (seen: boolean) => void;

const watched = new WeakMap<Element, Seen>();
let observer: IntersectionObserver | undefined;

/** Calls `seen` whenever at least half of an element comes into sight or goes out of it; ends when the result is called. */
export function watchSight(element: Element, seen: Seen): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting);
    },
    { threshold: 0.5 },
  );
  watched.set(element, seen);
  observer.observe(element);
  return () => {
    watched.delete(element);
    observer?.unobserve(element);
  };
}
