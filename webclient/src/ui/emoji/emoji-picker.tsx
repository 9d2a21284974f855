import { createMemo, createSignal, For, onMount, Show, untrack } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import { Icon, type IconName } from '../icon';
import { type Emoji, type EmojiGroup, emojiGroups, findEmoji, type GroupId, inTones } from './data';
import s from './emoji-picker.module.css';

const icons: Record<GroupId | 'recent', IconName> = {
  recent: 'clock',
  people: 'smile',
  nature: 'leaf',
  food: 'pizza',
  travel: 'plane-takeoff',
  activities: 'volleyball',
  objects: 'lightbulb',
  symbols: 'heart',
  flags: 'flag',
};
const found_most = 90;
const columns = 9;

/** Emoji by groups with a search over their names; arrows move, Enter picks. */
export function EmojiPicker(props: { pick: (sign: string) => void }) {
  const [groups, setGroups] = createSignal<readonly EmojiGroup[]>([]);
  const [query, setQuery] = createSignal('');
  const [toned, setToned] = createSignal<Emoji>();
  const { state, commands } = useClient();
  // As it was when the panel opened: nothing moves under the finger.
  const recent = untrack(() => state.own.recentEmoji);
  let search!: HTMLInputElement;
  let list!: HTMLDivElement;
  onMount(() => {
    void emojiGroups().then(setGroups);
    if (matchMedia('(pointer: fine)').matches) search.focus({ preventScroll: true });
  });
  const found = createMemo(() => findEmoji(groups(), query(), found_most));
  const pick = (sign: string) => {
    void commands.noteEmoji(sign).catch(() => undefined);
    setToned(undefined);
    props.pick(sign);
  };
  const move = (event: KeyboardEvent) => {
    const cells = [...list.querySelectorAll<HTMLElement>('button')];
    const at = cells.indexOf(document.activeElement as HTMLElement);
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (event.key === 'Enter' && at < 0 && query()) cells[0]?.click();
    if (by === undefined || (at < 0 && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    const next = at < 0 ? 0 : at + by;
    if (next < 0) search.focus();
    else cells[Math.min(next, cells.length - 1)]?.focus();
  };
  const show = (id: string) => list.querySelector(`[data-group=${id}]`)?.scrollIntoView({ block: 'start' });
  return (
    <div
      class={s.picker}
      role="dialog"
      aria-label={t('composer-emoji')}
      tabIndex={-1}
      onKeyDown={move}
      data-testid="emoji-picker"
    >
      <div class={s.tabs}>
        <For each={(recent.length > 0 ? ['recent'] : []).concat(groups().map((group) => group.id)) as GroupId[]}>
          {(id) => (
            <button
              type="button"
              class={s.tab}
              aria-label={t(`emoji-${id}`)}
              data-tooltip={t(`emoji-${id}`)}
              onClick={() => show(id)}
            >
              <Icon name={icons[id]} size={22} />
            </button>
          )}
        </For>
      </div>
      <input
        ref={search}
        class={s.search}
        type="search"
        placeholder={t('emoji-search')}
        aria-label={t('emoji-search')}
        data-testid="emoji-search"
        value={query()}
        onInput={(event) => setQuery(event.currentTarget.value)}
      />
      <div class={s.list} ref={list}>
        <Show when={query().trim() === ''} fallback={<Cells emoji={found()} pick={pick} tone={setToned} />}>
          <Show when={recent.length > 0}>
            <h3 class={s.title} data-group="recent">
              {t('emoji-recent')}
            </h3>
            <Cells emoji={recent.map((sign) => ({ sign, tones: false, words: '' }))} pick={pick} tone={setToned} />
          </Show>
          <For each={groups()}>
            {(group) => (
              <section class={s.group} style={{ '--rows': String(Math.ceil(group.emoji.length / columns)) }}>
                <h3 class={s.title} data-group={group.id}>
                  {t(`emoji-${group.id}`)}
                </h3>
                <Cells emoji={group.emoji} pick={pick} tone={setToned} />
              </section>
            )}
          </For>
        </Show>
      </div>
      <Show when={toned()}>
        {(one) => (
          <div class={s.tones} data-testid="emoji-tones">
            <For each={inTones(one().sign)}>
              {(sign) => (
                <button type="button" class={s.cell} onClick={() => pick(sign)}>
                  {sign}
                </button>
              )}
            </For>
          </div>
        )}
      </Show>
    </div>
  );
}

function Cells(props: { emoji: readonly Emoji[]; pick: (sign: string) => void; tone: (one: Emoji) => void }) {
  return (
    <div class={s.cells}>
      <For each={props.emoji}>
        {(one) => (
          <button
            type="button"
            class={s.cell}
            tabIndex={-1}
            title={one.words.split(';', 1)[0]}
            aria-label={one.words.split(';', 1)[0] || one.sign}
            data-sign={one.sign}
            onClick={() => props.pick(one.sign)}
            onContextMenu={(event) => {
              if (!one.tones) return;
              event.preventDefault();
              props.tone(one);
            }}
          >
            {one.sign}
          </button>
        )}
      </For>
    </div>
  );
}
