import { createSignal, For, onMount, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Settings } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeLeft } from '../../store/pages';
import { Avatar } from '../../ui/avatar';
import { Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { soundOfArrival } from '../../ui/sounds';
import { toast } from '../../ui/toast';
import { Keywords } from './keywords';
import s from './settings.module.css';
import { endWebPush, startWebPush, webPushState } from './web-push';

/** How and of what I am told. */
export function NotificationsPage() {
  const { state, commands } = useClient();
  const [permission, setPermission] = createSignal(globalThis.Notification?.permission ?? 'denied');
  const tell = (error: unknown) => toast(errorText(errorInfo(error)));
  const settings = () => state.own.settings;
  const set = (part: Partial<Settings>) => void commands.setSettings({ ...settings(), ...part }).catch(tell);
  const desktop = async (on: boolean) => {
    if (on && permission() === 'default') setPermission(await Notification.requestPermission());
    set({ desktop: on });
  };
  const [away, setAwayState] = createSignal<Awaited<ReturnType<typeof webPushState>>>(null);
  const lookAway = async () => setAwayState(await webPushState(commands).catch(() => null));
  onMount(() => void lookAway());
  const setAway = async (on: boolean) => {
    const key = away()?.key;
    try {
      if (!on) await endWebPush(commands);
      else if (key) {
        if (permission() === 'default') setPermission(await Notification.requestPermission());
        if (permission() === 'granted') await startWebPush(commands, key);
      }
    } catch (error) {
      tell(error);
    }
    void lookAway();
  };
  const exceptions = () =>
    Object.values(state.rooms).filter((room) => room.membership === 'join' && room.group.notify !== 'all');
  return (
    <Page title={t('settings-notifications')} onBack={closeLeft} backLabel={t('page-back')} testid="notifications">
      <Section
        caption={t('notify-here')}
        note={settings().desktop && permission() === 'denied' ? t('notify-blocked') : undefined}
      >
        <SwitchRow
          text={t('notify-desktop')}
          on={settings().desktop && permission() !== 'denied'}
          onChange={(on) => void desktop(on)}
          testid="notify-desktop"
        />
        <Show when={away()}>
          {(now) => (
            <SwitchRow
              text={t('notify-away')}
              sub={t('notify-away-hint')}
              on={now().on && permission() === 'granted'}
              onChange={(on) => void setAway(on)}
              testid="notify-away"
            />
          )}
        </Show>
        <SwitchRow
          text={t('notify-cards')}
          on={settings().cards}
          onChange={(cards) => set({ cards })}
          testid="notify-cards"
        />
        <SwitchRow
          text={t('notify-sound')}
          on={settings().sound}
          onChange={(sound) => set({ sound })}
          testid="notify-sound"
        />
        <SwitchRow
          text={t('notify-send-sound')}
          on={settings().sendSound}
          onChange={(sendSound) => set({ sendSound })}
          testid="notify-send-sound"
        />
        <Show when={settings().sound || settings().sendSound}>
          <label class={s.slider}>
            <span>{t('notify-volume')}</span>
            <input
              type="range"
              min={0}
              max={100}
              step={5}
              value={Math.round(settings().volume * 100)}
              data-testid="notify-volume"
              onChange={(event) => {
                const volume = Number(event.currentTarget.value) / 100;
                soundOfArrival(volume);
                set({ volume });
              }}
            />
            <output>{Math.round(settings().volume * 100)}</output>
          </label>
        </Show>
        <SwitchRow
          text={t('notify-previews')}
          on={settings().previews}
          onChange={(previews) => set({ previews })}
          testid="notify-previews"
        />
      </Section>
      <Section caption={t('notify-of')}>
        <SwitchRow
          icon="user"
          text={t('notify-private')}
          on={state.own.notify.dm}
          onChange={(on) => void commands.setNotifyKind('dm', on).catch(tell)}
          testid="notify-dm"
        />
        <SwitchRow
          icon="users"
          text={t('notify-groups')}
          on={state.own.notify.group}
          onChange={(on) => void commands.setNotifyKind('group', on).catch(tell)}
          testid="notify-group"
        />
      </Section>
      <Keywords />
      <Show when={exceptions().length > 0}>
        <Section caption={t('notify-exceptions')}>
          <For each={exceptions()}>
            {(room) => (
              <PageRow
                lead={<Avatar id={room.dmUserId ?? room.id} name={room.name} photo={room.avatar} size={42} />}
                text={room.name || t('chat-empty-name')}
                sub={t(`notify-${room.group.notify}`)}
                value={t('notify-reset')}
                onClick={() => void commands.setNotify(room.id, 'all').catch(tell)}
              />
            )}
          </For>
        </Section>
      </Show>
    </Page>
  );
}
