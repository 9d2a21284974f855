import { createSignal, type JSX, Show } from 'solid-js';
import { t } from '../../i18n';
import { dayLabel } from '../../i18n/dates';
import { addDays, midnight } from '../../model/calendar';
import { useClient } from '../../store/context';
import type { MessageSearch, RoomId, UserId } from '../../store/contract';
import { knownName, me, nameOf } from '../../store/people';
import { now } from '../../ui/clock';
import { Icon, type IconName } from '../../ui/icon';
import { openMenu } from '../../ui/menu';
import { DaysDialog } from './days-dialog';
import s from './filters.module.css';
import { PickChat, PickPerson } from './pick-dialogs';

/** What is looked for: words, and what narrows them. */
export type Wish = Pick<MessageSearch, 'words' | 'roomId' | 'sender' | 'kind' | 'since' | 'until'>;

/** First and last day, both midnights. */
export interface Days {
  readonly first: number;
  readonly last: number;
}

const kinds = ['all', 'media', 'files', 'links', 'voice'] as const;

/** From whom, where, when and what kind; kept by whoever searches. */
export function createFilters() {
  const [sender, setSender] = createSignal<UserId | null>(null);
  const [roomId, setRoomId] = createSignal<RoomId | null>(null);
  const [days, setDays] = createSignal<Days | null>(null);
  const [kind, setKind] = createSignal<MessageSearch['kind']>('all');
  const times = () => {
    const chosen = days();
    return { since: chosen?.first ?? null, until: chosen && addDays(chosen.last, 1) - 1 };
  };
  return { sender, setSender, roomId, setRoomId, days, setDays, kind, setKind, times };
}

export type Filters = ReturnType<typeof createFilters>;

/** The filters as a row of chips. `roomId`: the chat that is searched in any case; without it tabs choose the kind. */
export function FilterChips(props: { of: Filters; roomId?: RoomId }) {
  const { state } = useClient();
  const [picking, setPicking] = createSignal<'person' | 'chat' | 'days'>();
  const close = () => setPicking(undefined);
  const senderName = () => {
    const id = props.of.sender();
    if (id === null) return undefined;
    if (id === me(state)) return t('filter-me');
    return props.roomId ? nameOf(state, props.roomId, id) : knownName(state, id);
  };
  const chatName = () => {
    const id = props.of.roomId();
    return id === null ? undefined : state.rooms[id]?.name || t('chat-empty-name');
  };
  const daysText = () => {
    const days = props.of.days();
    if (!days) return undefined;
    const [first, last] = [dayLabel(days.first, now()), dayLabel(days.last, now())];
    return days.first === days.last ? first : t('filter-days', { first, last });
  };
  const openDays = (at: Element) => {
    const today = midnight(Date.now());
    const since = (count: number) => () => props.of.setDays({ first: addDays(today, -count), last: today });
    const yesterday = addDays(today, -1);
    openMenu(at, [
      { id: 'days-today', label: t('chat-today'), icon: 'calendar', select: since(0) },
      {
        id: 'days-yesterday',
        label: t('chat-yesterday'),
        icon: 'calendar',
        select: () => props.of.setDays({ first: yesterday, last: yesterday }),
      },
      { id: 'days-week', label: t('filter-week'), icon: 'calendar', select: since(6) },
      { id: 'days-month', label: t('filter-month'), icon: 'calendar', select: since(29) },
      // The dialog opens once this menu is gone.
      {
        id: 'days-choose',
        label: t('filter-choose'),
        icon: 'sliders-horizontal',
        select: () => queueMicrotask(() => setPicking('days')),
      },
    ]);
  };
  const openKinds = (at: Element) =>
    openMenu(
      at,
      kinds.map((id) => ({
        id: `kind-${id}`,
        label: t(`search-${id}`),
        icon: ({ all: 'list', media: 'image', files: 'file', links: 'link', voice: 'mic' } as const)[id],
        select: () => props.of.setKind(id),
      })),
    );
  return (
    <fieldset class={s.chips} aria-label={t('filter-label')} data-testid="search-filters">
      <Chip
        icon="user"
        text={t('search-by')}
        value={senderName()}
        onPress={() => setPicking('person')}
        onClear={() => props.of.setSender(null)}
        testid="filter-from"
      />
      <Show when={!props.roomId}>
        <Chip
          icon="message-circle"
          text={t('filter-in')}
          value={chatName()}
          onPress={() => setPicking('chat')}
          onClear={() => props.of.setRoomId(null)}
          testid="filter-in"
        />
      </Show>
      <Chip
        icon="calendar"
        text={t('filter-when')}
        value={daysText()}
        onPress={openDays}
        onClear={() => props.of.setDays(null)}
        testid="filter-days"
      />
      <Show when={props.roomId}>
        <Chip
          icon="list-filter"
          text={t('filter-kind')}
          value={props.of.kind() === 'all' ? undefined : t(`search-${props.of.kind()}`)}
          onPress={openKinds}
          onClear={() => props.of.setKind('all')}
          testid="filter-kind"
        />
      </Show>
      <Show when={picking() === 'person'}>
        <PickPerson
          roomId={props.roomId ?? props.of.roomId()}
          onPick={(id) => {
            props.of.setSender(id);
            close();
          }}
          onClose={close}
        />
      </Show>
      <Show when={picking() === 'chat'}>
        <PickChat
          onPick={(id) => {
            props.of.setRoomId(id);
            close();
          }}
          onClose={close}
        />
      </Show>
      <Show when={picking() === 'days'}>
        <DaysDialog
          days={props.of.days()}
          onPick={(days) => {
            props.of.setDays(days);
            close();
          }}
          onClose={close}
        />
      </Show>
    </fieldset>
  );
}

function Chip(props: {
  icon: IconName;
  text: string;
  value: string | undefined;
  onPress: (at: Element) => void;
  onClear: () => void;
  testid: string;
}): JSX.Element {
  return (
    <span class={s.chip} data-on={props.value !== undefined}>
      <button
        type="button"
        class={s.press}
        onClick={(event) => props.onPress(event.currentTarget)}
        aria-label={props.value === undefined ? props.text : `${props.text}: ${props.value}`}
        data-testid={props.testid}
      >
        <Icon name={props.icon} size={16} />
        <bdi class={s.value}>{props.value ?? props.text}</bdi>
      </button>
      <Show when={props.value !== undefined}>
        <button
          type="button"
          class={s.clear}
          aria-label={t('filter-clear', { filter: props.text })}
          onClick={() => props.onClear()}
          data-testid={`${props.testid}-clear`}
        >
          <Icon name="x" size={16} />
        </button>
      </Show>
    </span>
  );
}
