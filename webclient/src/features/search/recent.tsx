import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { knownName } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { PageRow, Section } from '../../ui/page';
import s from './recent.module.css';

const stored = 'hearth.searches';
const most = 8;

const kept = (): readonly string[] => {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(stored) ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string').slice(0, most) : [];
  } catch {
    return [];
  }
};
const [searches, setSearches] = createSignal(kept());

function keep(next: readonly string[]): void {
  setSearches(next);
  localStorage.setItem(stored, JSON.stringify(next));
}

/** What was looked for led somewhere: it is offered when the search is opened again. */
export function noteSearch(words: string): void {
  if (words.length > 1) keep([words, ...searches().filter((one) => one !== words)].slice(0, most));
}

/** Before anything is typed: people one talks to, and what one looked for lately. */
export function Recent(props: { onOpen: (roomId: RoomId) => void; onWords: (words: string) => void }) {
  const { state } = useClient();
  const people = () => state.roomOrder.filter((id) => state.rooms[id]?.dmUserId).slice(0, most);
  return (
    <>
      <Show when={people().length > 0}>
        <ul class={s.people} aria-label={t('search-people')}>
          <For each={people()}>
            {(id) => {
              const partner = () => state.rooms[id]?.dmUserId ?? '';
              return (
                <li>
                  <button type="button" class={s.person} onClick={() => props.onOpen(id)} data-testid="found-recent">
                    <Avatar
                      id={partner()}
                      name={knownName(state, partner())}
                      photo={state.rooms[id]?.avatar}
                      size={54}
                      online={state.users[partner()]?.presence === 'online'}
                    />
                    <bdi class={s.name}>{knownName(state, partner()).split(' ')[0]}</bdi>
                  </button>
                </li>
              );
            }}
          </For>
        </ul>
      </Show>
      <Show when={searches().length > 0}>
        <Section caption={t('search-recent')}>
          <For each={searches()}>
            {(words) => (
              <PageRow icon="history" text={words} onClick={() => props.onWords(words)} testid="found-words" />
            )}
          </For>
          <Button onClick={() => keep([])} data-testid="recent-clear">
            {t('search-forget')}
          </Button>
        </Section>
      </Show>
    </>
  );
}
