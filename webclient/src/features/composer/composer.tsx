import { Match, Show, Switch } from 'solid-js';
import { t } from '../../i18n';
import { dateAndTime } from '../../i18n/dates';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { EventId, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { me } from '../../store/people';
import { goTo } from '../../store/ui';
import { Button } from '../../ui/button';
import { now } from '../../ui/clock';
import { Icon } from '../../ui/icon';
import { toast } from '../../ui/toast';
import s from './composer.module.css';
import { Writer } from './writer';

/** Where messages are written; a line that says why not where nothing may be sent. */
export function Composer(props: { roomId: RoomId; thread?: EventId }) {
  const { state, commands } = useClient();
  const room = () => state.rooms[props.roomId];
  /** Why, as the line among the messages says that tells of it. */
  const banReason = () => {
    const timeline = state.timelines[props.roomId];
    const told = (timeline?.items ?? []).findLast((key) => {
      const line = timeline?.events[key]?.service;
      return line?.what === 'banned' && line.target === me(state);
    });
    return timeline?.events[told ?? '']?.service?.value ?? '';
  };
  const mutedUntil = () => room()?.group.mutedUntil[me(state)] ?? 0;
  const join = () => void commands.join(props.roomId).catch((error: unknown) => toast(errorText(errorInfo(error))));
  const follow = async (next: RoomId) => {
    const via = props.roomId.split(':').slice(1).join(':');
    try {
      goTo(state.rooms[next]?.membership === 'join' ? next : await commands.join(next, via === '' ? [] : [via]));
    } catch (error) {
      toast(errorText(errorInfo(error)));
    }
  };
  return (
    <div class={s.place} data-testid="composer">
      <Switch fallback={<Writer roomId={props.roomId} thread={props.thread} />}>
        <Match when={!room()}>
          <div class={s.notice} />
        </Match>
        <Match when={room()?.group.replacement}>
          {(next) => (
            <div class={s.notice} data-testid="composer-replaced">
              {t('composer-replaced')}
              <Button onClick={() => void follow(next())}>{t('composer-follow')}</Button>
            </div>
          )}
        </Match>
        <Match when={room()?.encrypted}>
          <p class={s.notice} data-testid="composer-encrypted">
            <Icon name="lock" size={20} />
            {t('composer-encrypted')}
          </p>
        </Match>
        <Match when={room()?.membership === 'ban'}>
          <p class={s.notice} data-testid="composer-banned">
            <span>
              {t('composer-banned')}
              <Show when={banReason()}>{(reason) => <span class={s.reason}>{reason()}</span>}</Show>
            </span>
          </p>
        </Match>
        <Match when={room()?.membership === 'invite'}>
          <div class={s.notice} data-testid="composer-invited">
            {t('composer-invited')}
            <Button onClick={join}>{t('composer-join')}</Button>
          </div>
        </Match>
        <Match when={room()?.membership === 'knock'}>
          <p class={s.notice} data-testid="composer-knocked">
            {t('composer-knocked')}
          </p>
        </Match>
        <Match when={room()?.membership !== 'join'}>
          <div class={s.notice} data-testid="composer-left">
            {t('composer-left')}
            <Button onClick={join}>{t('composer-join')}</Button>
          </div>
        </Match>
        <Match when={!room()?.my.sendMessages}>
          <p class={s.notice} data-testid="composer-not-allowed">
            {mutedUntil() > now()
              ? t('composer-muted', { when: dateAndTime(mutedUntil()) })
              : t('composer-not-allowed')}
          </p>
        </Match>
      </Switch>
    </div>
  );
}
