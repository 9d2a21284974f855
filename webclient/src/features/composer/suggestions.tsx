import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { me } from '../../store/people';
import { noteMention, viewNow } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { later } from '../../ui/parts';
import { hintFor, hints } from './commands';
import { insertText } from './marking';
import s from './suggestions.module.css';

interface Suggestion {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly sign: string | null;
  readonly photo?: string | null;
  /** What comes in the place of what was typed. */
  readonly insert: string;
  readonly mention: boolean;
}

const most = 8;
const token = /(?:^|\s)([@#/:][\p{L}\p{N}_.-]*)$/u;

type Host = { roomId: () => RoomId; input: () => HTMLTextAreaElement; change: () => void };

/** What might be meant by `@ann`, `#room`, `:smile` or `/command` before the caret. */
export function createSuggestions(host: Host) {
  const { state } = useClient();
  const [list, setList] = createSignal<readonly Suggestion[]>([]);
  const [at, setAt] = createSignal(0);
  const [hint, setHint] = createSignal<string | null>(null);
  let typed = '';
  let round = 0;

  const look = () => {
    const input = host.input();
    setHint(hintFor(input.value));
    const before = input.value.slice(0, input.selectionStart);
    const found = input.selectionStart === input.selectionEnd ? token.exec(before)?.[1] : undefined;
    round += 1;
    const mine = round;
    typed = found ?? '';
    if (typed.startsWith(':') && typed.length > 2) {
      void lookForEmoji(typed.slice(1)).then((found) => {
        if (mine === round) show(found);
      });
      return;
    }
    show(typed === '' ? [] : suggest(typed, before));
  };
  const suggest = (word: string, before: string): Suggestion[] => {
    const query = word.slice(1).toLowerCase();
    if (word.startsWith('@')) return people(query);
    if (word.startsWith('#')) return rooms(query);
    return word.startsWith('/') && before === word ? commandSuggestions(query) : [];
  };
  const people = (query: string): Suggestion[] => {
    const roomId = host.roomId();
    const room = state.rooms[roomId];
    const timeline = state.timelines[roomId];
    // Who wrote last comes first.
    const recent = new Map((timeline?.items ?? []).map((key, place) => [timeline?.events[key]?.sender ?? '', place]));
    const members = Object.values(state.members[roomId] ?? {}).filter(
      (one) =>
        one.membership === 'join' && one.userId !== me(state) && fits(`${one.name} ${one.userId.slice(1)}`, query),
    );
    members.sort((a, b) => (recent.get(b.userId) ?? -1) - (recent.get(a.userId) ?? -1) || a.name.localeCompare(b.name));
    const everyone = room?.my.mentionAll && room.kind === 'group' && 'room'.startsWith(query);
    return [
      ...members.slice(0, most).map((one) => ({
        id: one.userId,
        label: one.name,
        hint: one.userId,
        sign: null,
        photo: one.avatar,
        // Commands want addresses.
        insert: hint() === null ? `@${one.name.replace(/^@/, '')}` : one.userId,
        mention: hint() === null,
      })),
      ...(everyone
        ? [{ id: '@room', label: '@room', hint: t('composer-everyone'), sign: '@', insert: '@room', mention: true }]
        : []),
    ];
  };
  const rooms = (query: string): Suggestion[] =>
    state.roomOrder
      .flatMap((id): Suggestion[] => {
        const room = state.rooms[id];
        const alias = room?.group.alias ?? '';
        if (!room || alias === '' || !fits(`${room.name} ${alias.slice(1)}`, query)) return [];
        return [{ id: alias, label: room.name, hint: alias, sign: '#', insert: alias, mention: true }];
      })
      .slice(0, most);
  const show = (found: readonly Suggestion[]) => {
    setAt(0);
    setList(found);
    if (typed.startsWith('@') && !state.membersComplete[host.roomId()]) void loadMembers();
  };
  const { commands } = useClient();
  let asked = '';
  const loadMembers = async () => {
    if (asked === host.roomId()) return;
    asked = host.roomId();
    await commands.loadMembers(asked).catch(() => undefined);
    if (typed.startsWith('@')) look();
  };
  const take = (one: Suggestion) => {
    const input = host.input();
    input.setSelectionRange(input.selectionStart - typed.length, input.selectionStart);
    insertText(input, `${one.insert} `);
    if (one.mention) noteMention(viewNow(host.roomId()), { label: one.insert, id: one.id });
    else if (one.insert === one.sign) void commands.noteEmoji(one.insert).catch(() => undefined);
    setList([]);
    host.change();
  };
  const close = () => {
    setList([]);
    setHint(null);
  };
  /** Keys while the list is open; true when it took the key. */
  const keyed = (event: KeyboardEvent): boolean => {
    const all = list();
    if (all.length === 0) return false;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const now = all[at()];
    if (by !== undefined) setAt((index) => (index + by + all.length) % all.length);
    else if ((event.key === 'Enter' || event.key === 'Tab') && now) take(now);
    else if (event.key === 'Escape') close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { list, at, hint, look, take, close, keyed };
}

const fits = (words: string, query: string): boolean =>
  words
    .toLowerCase()
    .split(/[\s:_-]+/)
    .some((word) => word.startsWith(query)) || words.toLowerCase().startsWith(query);

/** The names of all emoji are large: loaded when the first one is looked for. */
const emojiData = later(() => import('../../ui/emoji/data'));

async function lookForEmoji(query: string): Promise<Suggestion[]> {
  const { emojiGroups, findEmoji } = await emojiData();
  return findEmoji(await emojiGroups(), query, most).map(emojiSuggestion);
}

const emojiSuggestion = ({ sign, words }: { sign: string; words: string }): Suggestion => ({
  id: sign,
  label: words.split(';', 1)[0] ?? '',
  hint: '',
  sign,
  insert: sign,
  mention: false,
});

const commandSuggestions = (query: string): Suggestion[] =>
  Object.entries(hints)
    .filter(([name]) => name.startsWith(query) && query !== name)
    .map(([name, hint]) => ({ id: name, label: `/${name}`, hint, sign: '/', insert: `/${name}`, mention: false }));

export function Suggestions(props: { of: ReturnType<typeof createSuggestions> }) {
  return (
    <Show when={props.of.list().length > 0} fallback={<Hint words={props.of.hint()} />}>
      <div
        class={s.list}
        role="listbox"
        aria-label={t('composer-suggestions')}
        id="composer-suggestions"
        data-testid="suggestions"
      >
        <For each={props.of.list()}>
          {(one, index) => (
            <div
              class={s.row}
              role="option"
              aria-selected={index() === props.of.at()}
              tabIndex={-1}
              data-testid="suggestion"
              onPointerDown={(event) => {
                event.preventDefault();
                props.of.take(one);
              }}
            >
              <Show when={one.sign} fallback={<Avatar id={one.id} name={one.label} photo={one.photo} size={32} />}>
                <span class={s.sign}>{one.sign}</span>
              </Show>
              <span class={s.label}>{one.label}</span>
              <span class={s.hint}>{one.hint}</span>
            </div>
          )}
        </For>
      </div>
    </Show>
  );
}

/** What the command takes that is being written. */
function Hint(props: { words: string | null }) {
  return (
    <Show when={props.words}>
      {(words) => (
        <p class={s.usage} data-testid="command-hint">
          {words()}
        </p>
      )}
    </Show>
  );
}
