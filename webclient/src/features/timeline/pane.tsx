// A little longer than others: all that moves the messages, or keeps them where they are, stands side by side.
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  Match,
  on,
  onCleanup,
  onMount,
  Show,
  Suspense,
  Switch,
  untrack,
} from 'solid-js';
import { unwrap } from 'solid-js/store';
import { t } from '../../i18n';
import { layoutRows, startOfDay } from '../../model/grouping';
import { viewId } from '../../model/view-ids';
import { useClient } from '../../store/context';
import type { EventId, RoomId, TimelineItem, Timeline as TimelineState } from '../../store/contract';
import { askToDelete, setAskToDelete, setFollowed, setTarget, target } from '../../store/messages-ui';
import { me } from '../../store/people';
import { jump, openThread, setJump } from '../../store/ui';
import { Button } from '../../ui/button';
import { afterPaint } from '../../ui/motion';
import { part } from '../../ui/parts';
import { ScrollArea } from '../../ui/scroll-area';
import { albumIdOf } from './albums';
import { Announcer } from './announcer';
import { askDelete } from './delete';
import { DayPill, FloatingDay } from './floating-day';
import { Group } from './group';
import { watchFingers, watchMouse } from './hands';
import { JumpButtons } from './jump-button';
import { createFades, isUnsaid, keptOf, leavesNothing } from './kept';
import { watchPaging } from './paging';
import { unreadFrom, watchReading } from './reading';
import { findAnchor, glide, isGliding, restoreAnchor, rowsIn, stopGlide, toEnd, walkRows } from './scroll';
import { type Section, sectionsOf } from './sections';
import { sortOfService } from './service-lines';
import s from './timeline.module.css';
import { around, changesOf, filled, keep, newer, older, opening, tailOf, type View } from './window';

const Welcome = part(async () => (await import('./welcome')).Welcome);
const HoverActions = part(async () => (await import('./hover-actions')).HoverActions);

const edge = 1000;
const follow = 300;
/** Who is not farther from the end than this is there. */
const there = 8;
const unreadTop = 150;
/** Of the window: the head of the chat and the field below it, px. */
const frame_px = 112;

/** The messages themselves: a window over the items of the timeline in which nothing jumps. */
export function Pane(props: { roomId: RoomId; root?: EventId; timeline: TimelineState }) {
  const client = useClient();
  const { state, commands } = client;
  let box!: HTMLDivElement;
  let content!: HTMLDivElement;
  let anchor = null as ReturnType<typeof findAnchor>;
  /** The rows in the document, until it changes. */
  let inDocument: HTMLElement[] | null = null;
  /** Where the box was before the rows changed: with many rows less, the browser moves it by itself. */
  let scrolledTo: number | null = null;
  let atEnd = true;
  /** How far the end was below the view, px. */
  let below = 0;
  /** Gone up from the end, be it by little: only what somebody writes leads back there. */
  let hasLeft = false;
  let touching = false;
  let gone = false;
  let wanted: ((items: readonly string[], view: View) => View) | null = null;
  const returns: string[] = [];
  const hovers = matchMedia('(hover: hover)').matches;
  const place = () => viewId(props.roomId, props.root ?? null);
  const unread = props.root ? null : unreadFrom(state, props.roomId, props.timeline);
  const [nudge, setNudge] = createSignal(0);
  const [away, setAway] = createSignal(false);
  const [topDay, setTopDay] = createSignal<number>();
  const [scrolls, setScrolls] = createSignal(0);
  const [flashed, setFlashed] = createSignal<string>();

  const trace = () => state.own.settings.deletedTrace && state.rooms[props.roomId]?.kind === 'group';
  const fades = createFades(() => show((_, now) => now));
  const goes = (key: string): boolean => {
    const item = props.timeline.events[key];
    return item !== undefined && leavesNothing(item, trace()) && fades.begin(key);
  };

  // The bare list: it is replaced as a whole, and walked through at each change.
  const items = () => unwrap(props.timeline.items);
  const view = createMemo<{ items: readonly string[]; view: View }>((before) => {
    nudge();
    const all = items();
    if (before && scrolledTo === null) {
      scrolledTo = box.scrollTop;
      lookAgain(before.view.to === before.items.length && untrack(() => props.timeline.live));
    }
    let next = before ? before.view : opening(all.length, unread, innerHeight - frame_px);
    if (before && before.items !== all) next = keep(next, before.items, all, atEnd);
    if (wanted) next = wanted(all, next);
    wanted = null;
    return { items: all, view: next };
  });
  const rows = createMemo(() => {
    const { items: all, view: shown } = view();
    const { events } = props.timeline;
    // Who wrote a message and when stays as it is once the server has it: only what is on its way is watched.
    const bare = unwrap(events);
    const inputs = all.slice(shown.from, shown.to).flatMap((key) => {
      const item = bare[key];
      return (item?.eventId === null && events[key]?.eventId === null ? events[key] : item) ?? [];
    });
    const above = bare[all[shown.from - 1] ?? ''];
    const kept = keptOf(inputs, unread?.readUpTo ?? null, { trace: trace(), leaving: fades.leaving });
    return layoutRows(kept.items, {
      me: me(state),
      unreadAfter: kept.readUpTo,
      albumOf: albumIdOf,
      ...(above ? { before: above } : {}),
    });
  });
  const sortOf = (key: string) => sortOfService(props.timeline.events[key]?.service ?? null);
  const sections = createMemo<Section[]>((before) => sectionsOf(rows(), before, sortOf), []);

  const show = (next: (all: readonly string[], now: View) => View) => {
    wanted = next;
    setNudge((count) => count + 1);
  };
  const isTail = () => view().view.to === items().length && props.timeline.live;
  let lookedAt = 0;
  const lookBelow = () => {
    below = toEnd(box);
    if (below <= there) hasLeft = false;
    else if (box.scrollTop < lookedAt && sizes() === settled) hasLeft = true;
    lookedAt = box.scrollTop;
  };
  /** Before the rows change: who has begun to scroll is not led back, also where the event of that is still to come. */
  const lookAgain = (isTail: boolean) => {
    if (box.scrollTop === lookedAt || isGliding()) return;
    anchor = findAnchor(box, content, inDocument ?? undefined);
    lookBelow();
    atEnd = isTail && below <= follow;
  };
  const look = () => {
    inDocument ??= rowsIn(content);
    anchor = findAnchor(box, content, inDocument);
    lookBelow();
    atEnd = isTail() && (below <= follow || (atEnd && isGliding()));
    setAway(!isTail() || below > follow);
    if (!props.root) setFollowed(atEnd ? props.roomId : undefined);
    const ts = anchor && props.timeline.events[anchor.row.dataset.key ?? '']?.ts;
    setTopDay(ts ? startOfDay(ts) : undefined);
  };
  /** Then looks again: who waits at the very top scrolls no more, and all that came may be hidden. */
  const load = (more: Promise<unknown>) => void more.then(extend, () => undefined);
  const extendNow = () => {
    extending = false;
    // On the way to the end older rows are not asked for: they would push out the newest.
    if (touching || (atEnd && isGliding())) return;
    const { from, to } = view().view;
    if (box.scrollTop < edge) {
      if (from > 0) show((_, now) => older(now));
      else if (props.timeline.hasOlder && !props.timeline.loadingOlder && !props.timeline.loadError) {
        load(commands.loadOlder(place()));
      }
    }
    if (toEnd(box) < edge) {
      if (to < items().length) show((all, now) => newer(now, all.length));
      else if (!props.timeline.live && props.timeline.hasNewer && !props.timeline.loadingNewer) {
        load(commands.loadNewer(props.roomId));
      }
    }
  };
  /**
   * In this task still, when all that is changing has settled: from an effect of the same change, rows would come into the
   * document before `settle` has seen it or after.
   */
  const afterwards = (act: () => void) => queueMicrotask(() => gone || act());
  let extending = false;
  /** What is in sight when a chat opens is there before what is not. */
  let painted = false;
  const extend = () => {
    if (extending || !painted) return;
    extending = true;
    afterwards(extendNow);
  };
  const fill = () => {
    if (gone || painted) return;
    painted = true;
    if (filled(view().view).from < view().view.from) show((_, now) => filled(now));
    extend();
  };
  const sizes = () => `${box.clientHeight} ${content.offsetHeight}`;
  let settled = '';
  const hasCome = untrack(() => changesOf(() => items()[items().length - 1]));
  const hasMoreAbove = untrack(() => changesOf(() => items()[view().view.from]));
  /** Near the end one goes on to it, whatever changed; unless one has gone up, or only older messages came in above. */
  const settle = (came: boolean, above: boolean) => {
    const stick = atEnd && isTail() && (came || !(above || hasLeft) || below <= there);
    inDocument = null;
    restoreAnchor(box, content, anchor, scrolledTo ?? box.scrollTop);
    scrolledTo = null;
    if (stick && toEnd(box) > 0 && !isGliding()) {
      if (came) glide(box, () => box.scrollHeight);
      else box.scrollTop = box.scrollHeight;
    }
    look();
    settled = sizes();
    extend();
  };

  const toRow = (key: string, flash: boolean) => {
    const at = items().indexOf(key);
    const { from, to } = view().view;
    if (at < 0) return;
    if (at < from || at >= to) show((all) => around(all.length, at));
    const row = () =>
      rowsIn(content).find((one) => (one.dataset.keys ?? one.dataset.key ?? '').split(' ').includes(key));
    glide(box, () => {
      const one = row();
      if (!one) return box.scrollTop;
      const inBox = one.getBoundingClientRect().top - box.getBoundingClientRect().top;
      return box.scrollTop + inBox - Math.max(80, (box.clientHeight - one.clientHeight) / 2);
    });
    if (flash) {
      setFlashed(undefined);
      setFlashed(key);
    }
  };
  const jumpTo = async (eventId: EventId) => {
    const from = anchor?.row.dataset.key;
    const known = items().find((key) => props.timeline.events[key]?.eventId === eventId);
    if (!known && props.root) return;
    const key = known ?? (await commands.loadAround(props.roomId, eventId).catch(() => undefined));
    if (!key) return;
    if (!items().includes(key)) {
      // It is an answer in a thread.
      const root = await commands.threadRoot(props.roomId, eventId).catch(() => null);
      if (root) openThread(props.roomId, root);
      return;
    }
    if (known && from) returns.push(from);
    toRow(key, true);
  };
  const toFirst = () => {
    show((all) => around(all.length, 0));
    glide(box, () => 0);
  };
  const toNewest = async () => {
    const back = returns.pop();
    if (back && items().includes(back)) return toRow(back, false);
    if (!props.timeline.live) await commands.showLive(props.roomId).catch(() => undefined);
    show((all) => tailOf(all.length));
    glide(box, () => box.scrollHeight);
  };

  onMount(() => {
    const line = content.querySelector('[data-testid=unread-line]');
    if (line) box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - unreadTop;
    else box.scrollTop = box.scrollHeight;
    look();
    // Several messages may be one row: then more are needed at once.
    if (line || box.scrollHeight <= box.clientHeight) fill();
    else afterPaint(fill);
    const resized = new ResizeObserver(() => {
      // What has grown because messages came is settled by now.
      if (sizes() !== settled) settle(false, false);
    });
    resized.observe(box);
    resized.observe(content);
    // A thread lies over its chat: what was there comes back when it closes.
    const before = untrack(() => ({ jump: jump(), ask: askToDelete() }));
    setJump(() => jumpTo);
    setAskToDelete(() => (items: readonly TimelineItem[]) => askDelete(client, props.roomId, items));
    const wanted = untrack(target);
    if (wanted?.roomId === props.roomId && !props.root) {
      setTarget(undefined);
      void jumpTo(wanted.eventId);
    }
    onCleanup(() => {
      gone = true;
      resized.disconnect();
      stopGlide();
      if (!props.root) setFollowed(undefined);
      setJump(() => (props.root ? before.jump : undefined));
      setAskToDelete(() => (props.root ? before.ask : undefined));
    });
    if (hovers && !props.root) watchMouse(box, content, props.roomId);
    if (!hovers) watchFingers(content, props.roomId, place(), (key) => props.timeline.events[key]);
    watchPaging({ box, first: toFirst, last: () => void toNewest() });
    watchReading({ box, content, roomId: props.roomId, root: props.root, timeline: () => props.timeline });
  });
  createEffect(on(sections, () => settle(hasCome(), hasMoreAbove()), { defer: true }));
  createEffect(
    on(
      () => items()[items().length - 1],
      (last, before) => {
        const item = props.timeline.events[last ?? ''];
        if (before && item && item.sender === me(state) && item.eventId === null) afterwards(() => void toNewest());
      },
      { defer: true },
    ),
  );

  const scrolled = () => {
    look();
    extend();
    // What comes while one waits at the end moves the box, and not the reader.
    if (!(atEnd && isGliding())) setScrolls((count) => count + 1);
  };
  return (
    <div class={s.pane}>
      <ScrollArea
        testid="timeline"
        class={s.scroll}
        glides={() => atEnd && isGliding()}
        viewport={(element) => {
          box = element;
          box.addEventListener('scroll', scrolled, { passive: true });
          box.addEventListener('wheel', stopGlide, { passive: true });
          box.addEventListener('touchstart', () => {
            touching = true;
            stopGlide();
          });
          box.addEventListener('touchend', () => {
            touching = false;
            extend();
          });
        }}
      >
        <div
          class={s.column}
          ref={content}
          role="log"
          aria-label={t('chat-history')}
          aria-live="off"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys walk through the messages from here
          tabIndex={0}
          onKeyDown={(event) => walkRows(event, content)}
          data-testid="messages"
        >
          <Show when={props.timeline.loadError}>
            <div class={s.retry} data-testid="load-error">
              {t('chat-load-failed')}
              <Button onClick={() => void commands.loadOlder(place()).catch(() => undefined)}>
                {t('error-retry')}
              </Button>
            </div>
          </Show>
          <For each={sections()}>
            {(section) => (
              <Switch>
                <Match when={section.type === 'day' && section}>
                  {(day) => (
                    <div class={s.day} data-testid="day-pill">
                      <DayPill day={day().dayStart} />
                    </div>
                  )}
                </Match>
                <Match when={section.type === 'unread'}>
                  <div class={s.unread} data-testid="unread-line">
                    {t('chat-unread')}
                  </div>
                </Match>
                <Match when={section.type === 'group' && section}>
                  {(group) => (
                    <Group
                      roomId={props.roomId}
                      keys={group().keys()}
                      events={props.timeline.events}
                      flashed={flashed()}
                      goes={goes}
                    />
                  )}
                </Match>
              </Switch>
            )}
          </For>
          <Show when={view().view.from === 0 && isUnsaid(props.timeline, rows())}>
            <Suspense>
              <Welcome roomId={props.roomId} />
            </Suspense>
          </Show>
          <Show when={hovers && state.own.settings.hoverActions}>
            <Suspense>
              <HoverActions
                roomId={props.roomId}
                content={content}
                sections={sections()}
                item={(key) => props.timeline.events[key]}
              />
            </Suspense>
          </Show>
        </div>
      </ScrollArea>
      <Announcer roomId={props.roomId} timeline={props.timeline} />
      <FloatingDay day={topDay()} scrolls={scrolls()} />
      <JumpButtons
        roomId={props.roomId}
        timeline={props.timeline}
        thread={props.root !== undefined}
        away={away()}
        content={content}
        end={() => void toNewest()}
        go={(eventId) => void jumpTo(eventId)}
      />
    </div>
  );
}
