import { createMemo, createSignal, For, Show } from 'solid-js';
import { language, t } from '../../../i18n';
import { errorText } from '../../../i18n/words';
import { useClient } from '../../../store/context';
import type { Poll, PollChoice, RoomId, TimelineItem } from '../../../store/contract';
import { errorInfo } from '../../../store/errors';
import { nameOf } from '../../../store/people';
import { Icon } from '../../../ui/icon';
import { toast } from '../../../ui/toast';
import s from './poll.module.css';

const named = 12;

/** A poll in its bubble: what may be chosen; once one has voted, or it is over, how it stands. */
export function PollCard(props: { roomId: RoomId; item: TimelineItem; poll: Poll }) {
  const { state, commands } = useClient();
  const [marked, setMarked] = createSignal<readonly string[]>([]);
  const mine = createMemo(() => props.poll.choices.filter((one) => one.mine).map((one) => one.id));
  const mayVote = () => {
    const room = state.rooms[props.roomId];
    const isMember = room?.membership === 'join' && room.my.sendMessages && !room.encrypted;
    return props.item.eventId !== null && !props.poll.ended && isMember;
  };
  const asks = () => mayVote() && mine().length === 0;
  const showsResults = () => props.poll.ended || (!props.poll.hidden && !asks());
  const vote = (answers: readonly string[]) => {
    const { eventId } = props.item;
    if (!eventId) return;
    setMarked([]);
    void commands.vote(props.roomId, eventId, answers).catch((error: unknown) => toast(errorText(errorInfo(error))));
  };
  const press = (id: string) => {
    if (props.poll.most === 1) return vote([id]);
    setMarked((all) => {
      if (all.includes(id)) return all.filter((one) => one !== id);
      return all.length < props.poll.most ? [...all, id] : all;
    });
  };
  const kind = () => {
    if (props.poll.ended) return t('poll-ended');
    return t(props.poll.hidden ? 'poll-hidden' : 'poll-open');
  };
  // By id, so that the bars stay and move when a vote comes.
  const ids = createMemo(() => props.poll.choices.map((one) => one.id), [], { equals: sameIds });
  const choice = (id: string) => props.poll.choices.find((one) => one.id === id);
  const best = () => Math.max(...props.poll.choices.map((one) => one.voters.length));
  return (
    <section class={s.poll} aria-label={t('preview-poll')} data-testid="poll" data-ended={props.poll.ended}>
      <h3 class={s.question} dir="auto" data-testid="poll-question">
        {props.poll.question}
      </h3>
      <p class={s.kind}>
        {kind()}
        <Show when={props.poll.most > 1}> · {t('poll-most', { count: props.poll.most })}</Show>
      </p>
      <Show
        when={asks()}
        fallback={
          <ul class={s.choices} data-testid="poll-results">
            <For each={ids()}>
              {(id) => (
                <Show when={choice(id)}>
                  {(one) => (
                    <Result
                      choice={one()}
                      people={props.poll.people}
                      shown={showsResults()}
                      best={props.poll.ended && one().voters.length === best() && best() > 0}
                      names={namesOf(one().voters, (who) => nameOf(state, props.roomId, who))}
                    />
                  )}
                </Show>
              )}
            </For>
          </ul>
        }
      >
        <fieldset class={s.choices} aria-label={props.poll.question}>
          <For each={props.poll.choices}>
            {(one) => (
              <button
                type="button"
                class={s.choice}
                aria-pressed={props.poll.most > 1 ? marked().includes(one.id) : undefined}
                data-testid="poll-choice"
                onClick={() => press(one.id)}
              >
                <span class={s.box} data-round={props.poll.most === 1} aria-hidden="true">
                  <Show when={marked().includes(one.id)}>
                    <Icon name="check" size={14} />
                  </Show>
                </span>
                <span class={s.words} dir="auto">
                  {one.text}
                </span>
              </button>
            )}
          </For>
        </fieldset>
      </Show>
      <Show
        when={asks() && props.poll.most > 1}
        fallback={
          <p class={s.people} data-testid="poll-people">
            {t('poll-people', { count: props.poll.people })}
          </p>
        }
      >
        <button
          type="button"
          class={s.vote}
          disabled={marked().length === 0}
          data-testid="poll-vote"
          onClick={() => vote(marked())}
        >
          {t('poll-vote')}
        </button>
      </Show>
    </section>
  );
}

function namesOf(ids: readonly string[], name: (id: string) => string): string {
  const shown = ids.slice(0, named).map(name);
  const rest = ids.length - shown.length;
  return new Intl.ListFormat(language()).format(rest > 0 ? [...shown, t('service-others', { count: rest })] : shown);
}

const sameIds = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();

type ResultProps = {
  choice: PollChoice;
  people: number;
  /** How many chose it may be seen. */
  shown: boolean;
  best: boolean;
  names: string;
};

function Result(props: ResultProps) {
  const share = () => (props.people === 0 ? 0 : props.choice.voters.length / props.people);
  const percent = () => new Intl.NumberFormat(language(), { style: 'percent' }).format(share());
  return (
    <li
      class={s.result}
      data-testid="poll-result"
      data-mine={props.choice.mine}
      data-best={props.best}
      data-tooltip={props.shown && props.names !== '' ? props.names : undefined}
    >
      <span class={s.share} data-testid="poll-share">
        <Show when={props.shown}>{percent()}</Show>
      </span>
      <span class={s.words} dir="auto">
        {props.choice.text}
      </span>
      <Show when={props.choice.mine}>
        <span class={s.mine}>
          <Icon name="check" size={12} />
          <span class="visually-hidden">{t('poll-mine')}</span>
        </span>
      </Show>
      <span class={s.track} aria-hidden="true">
        <span class={s.bar} style={{ '--share': String(props.shown ? share() : 0) }} />
      </span>
    </li>
  );
}
