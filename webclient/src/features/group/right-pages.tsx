import { For, Match, Switch } from 'solid-js';
import type { RoomId } from '../../store/contract';
import { rightPages } from '../../store/pages';
import { AccessPage } from './access-page';
import { BannedPage } from './banned-page';
import { EditPage } from './edit-page';
import { LinksPage } from './links-page';
import { LogPage } from './log-page';
import { PacksPage } from './packs-page';
import { RequestsPage } from './requests-page';
import { RolesPage } from './roles-page';
import { WallpaperPage } from './wallpaper-page';

/** The pages over the information of a group, the last opened on top. */
export function RightPages(props: { roomId: RoomId }) {
  return (
    <For each={rightPages()}>
      {(page) => (
        <Switch>
          <Match when={page === 'edit'}>
            <EditPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'access'}>
            <AccessPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'roles'}>
            <RolesPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'links'}>
            <LinksPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'banned'}>
            <BannedPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'requests'}>
            <RequestsPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'packs'}>
            <PacksPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'wallpaper'}>
            <WallpaperPage roomId={props.roomId} />
          </Match>
          <Match when={page === 'log'}>
            <LogPage roomId={props.roomId} />
          </Match>
        </Switch>
      )}
    </For>
  );
}
