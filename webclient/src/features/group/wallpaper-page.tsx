import { Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { closeRight } from '../../store/pages';
import { Page, PageRow, Section } from '../../ui/page';
import { toast } from '../../ui/toast';
import { WallpaperChoices } from '../settings/wallpaper-section';

/** What lies behind the messages of one chat, for me alone. */
export function WallpaperPage(props: { roomId: RoomId }) {
  const { state, commands } = useClient();
  const own = () => state.rooms[props.roomId]?.group.wallpaper ?? null;
  const likeAll = () =>
    void commands.setWallpaper(props.roomId, null).catch((error: unknown) => toast(errorText(errorInfo(error))));
  return (
    <Page title={t('wallpaper-chat')} onBack={closeRight} backLabel={t('page-back')} testid="wallpaper-page">
      <WallpaperChoices
        choice={own() ?? state.own.settings.wallpaper}
        onChange={(choice) => commands.setWallpaper(props.roomId, choice)}
      />
      <Section note={t('wallpaper-chat-note')}>
        <Show when={own() !== null}>
          <PageRow icon="rotate-ccw" text={t('wallpaper-like-all')} onClick={likeAll} testid="wallpaper-like-all" />
        </Show>
      </Section>
    </Page>
  );
}
