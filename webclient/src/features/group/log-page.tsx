import { createSignal, For, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { rightsText } from '../../i18n/rights';
import { errorText, serviceText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { LogEntry, RoomId, UserId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { goToEvent } from '../../store/messages-ui';
import { closeRight } from '../../store/pages';
import { nameOf } from '../../store/people';
import { Avatar } from '../../ui/avatar';
import { Blank } from '../../ui/blank';
import { Button } from '../../ui/button';
import { openMenu } from '../../ui/menu';
import { Page, PageRow, Section } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import { toast } from '../../ui/toast';
import s from './group.module.css';

type Filter = 'all' | LogEntry['kind'];

/** Who did what in a group, the newest first. */
export function LogPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const [entries, setEntries] = createSignal<readonly LogEntry[]>([]);
  const [next, setNext] = createSignal<string | null>(null);
  const [filter, setFilter] = createSignal<Filter>('all');
  const [busy, setBusy] = createSignal(true);
  const load = async () => {
    setBusy(true);
    try {
      const page = await commands.adminLog(props.roomId, next());
      setEntries((all) => [...all, ...page.entries]);
      setNext(page.next);
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  onMount(() => void load());
  const [actor, setActor] = createSignal<UserId>();
  const shown = () =>
    entries().filter((one) => (filter() === 'all' || one.kind === filter()) && (!actor() || one.actor === actor()));
  const chooseActor = (at: Element) => {
    const known = new Map(entries().map((one) => [one.actor, one.line.actorName]));
    openMenu(at, [
      { id: 'log-anyone', label: t('log-anyone'), icon: 'users', select: () => setActor(undefined) },
      ...[...known].map(([id, name]) => ({
        id: `log-${id}`,
        label: name,
        icon: 'user' as const,
        select: () => setActor(id),
      })),
    ]);
  };
  return (
    <Page title={t('group-log')} onBack={closeRight} backLabel={t('page-back')} testid="log">
      <Section>
        <Tabs
          tabs={(['all', 'members', 'settings', 'roles'] as const).map((id) => ({ id, label: t(`log-${id}`) }))}
          value={filter()}
          onChange={setFilter}
          label={t('group-log')}
        />
        <PageRow
          icon="user"
          text={t('log-by')}
          value={actor() ? nameOf(state, props.roomId, actor() ?? '') : t('log-anyone')}
          onClick={(event) => chooseActor(event.currentTarget)}
          testid="log-by"
        />
        <For each={shown()}>
          {(one) => (
            <PageRow
              lead={
                <Avatar id={one.actor} name={one.line.actorName} photo={state.users[one.actor]?.avatar} size={42} />
              }
              text={serviceText(one.line)}
              more={one.changes.map(rightsText)}
              sub={dateAndTime(one.ts)}
              onClick={() => goToEvent(props.roomId, one.eventId)}
              testid="log-entry"
            />
          )}
        </For>
        <Show when={!busy() && shown().length === 0}>
          <Blank icon="history" title={t('log-empty')} />
        </Show>
        <Show when={next() !== null}>
          <div class={s.more}>
            <Button disabled={busy()} busy={busy()} onClick={() => void load()} data-testid="log-more">
              {t('load-more')}
            </Button>
          </div>
        </Show>
      </Section>
    </Page>
  );
}
