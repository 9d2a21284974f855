import { createResource, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { useClient } from '../../store/context';
import type { TimelineItem, UserId } from '../../store/contract';
import { openPerson, setTold, type Told } from '../../store/messages-ui';
import { nameOf, photoOf } from '../../store/people';
import { viewNow } from '../../store/ui';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';
import s from './who-dialog.module.css';

interface Person {
  readonly userId: UserId;
  /** What stands at the end of the line. */
  readonly sign: string;
  readonly ts: number | null;
}

/** Who has read a message and when; or who answered it with which sign. */
export function WhoDialog(props: { told: Told }) {
  const { state, commands } = useClient();
  const { roomId, eventId } = props.told;
  const isReaders = props.told.of === 'readers';
  const item = (): TimelineItem | undefined => {
    const timeline = state.timelines[viewNow(roomId)];
    return Object.values(timeline?.events ?? {}).find((one) => one.eventId === eventId);
  };
  const [readers] = createResource(
    () => isReaders,
    () => commands.seenBy(roomId, eventId).catch(() => []),
  );
  const people = (): readonly Person[] =>
    isReaders
      ? (readers.latest ?? []).map((one) => ({ ...one, sign: '' }))
      : (item()?.reactions ?? []).flatMap(({ key, senders }) =>
          senders.map((userId) => ({ userId, sign: key, ts: null })),
        );
  const open = (userId: UserId) => {
    setTold(undefined);
    openPerson(userId);
  };
  return (
    <Dialog
      title={t(isReaders ? 'chat-seen-by' : 'reactions-title')}
      onClose={() => setTold(undefined)}
      narrow
      testid="who-dialog"
    >
      <ul class={s.list}>
        <For each={people()}>
          {(one) => (
            <li>
              <button type="button" class={s.row} data-testid="who" onClick={() => open(one.userId)}>
                <Avatar
                  id={one.userId}
                  name={nameOf(state, roomId, one.userId)}
                  photo={photoOf(state, roomId, one.userId)}
                  size={42}
                />
                <span class={s.words}>
                  <span class={s.name}>{nameOf(state, roomId, one.userId)}</span>
                  <Show when={one.ts}>{(ts) => <time class={s.time}>{dateAndTime(ts())}</time>}</Show>
                </span>
                <span class={s.sign}>{one.sign}</span>
              </button>
            </li>
          )}
        </For>
      </ul>
    </Dialog>
  );
}
