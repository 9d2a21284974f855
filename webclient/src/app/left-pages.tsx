import { For, Match, Switch } from 'solid-js';
import { ArchivePage } from '../features/chat-list/archive-page';
import { ExplorePage } from '../features/explore/explore-page';
import { FoldersPage } from '../features/folders/folders-page';
import { NewGroupPage } from '../features/group/new-group-page';
import { BlockedPage } from '../features/profile/blocked-page';
import { ContactsPage } from '../features/profile/contacts-page';
import { AppearancePage } from '../features/settings/appearance-page';
import { KeyboardPage } from '../features/settings/keyboard-page';
import { LanguagePage } from '../features/settings/language-page';
import { NotificationsPage } from '../features/settings/notifications-page';
import { PhonePage } from '../features/settings/phone-page';
import { PrivacyPage } from '../features/settings/privacy-page';
import { ProfilePage } from '../features/settings/profile-page';
import { SessionsPage } from '../features/settings/sessions-page';
import { SettingsPage } from '../features/settings/settings-page';
import { StoragePage } from '../features/settings/storage-page';
import { SpacePage } from '../features/spaces/space-page';
import { browsed, type LeftPage, leftPages } from '../store/pages';

/** The pages over the chat list, the last opened on top. */
export function LeftPages() {
  return <For each={leftPages()}>{(page) => <One page={page} />}</For>;
}

function One(props: { page: LeftPage }) {
  return (
    <Switch>
      <Match when={props.page === 'settings'}>
        <SettingsPage />
      </Match>
      <Match when={props.page === 'profile'}>
        <ProfilePage />
      </Match>
      <Match when={props.page === 'notifications'}>
        <NotificationsPage />
      </Match>
      <Match when={props.page === 'privacy'}>
        <PrivacyPage />
      </Match>
      <Match when={props.page === 'phone'}>
        <PhonePage />
      </Match>
      <Match when={props.page === 'blocked'}>
        <BlockedPage />
      </Match>
      <Match when={props.page === 'appearance'}>
        <AppearancePage />
      </Match>
      <Match when={props.page === 'sessions'}>
        <SessionsPage />
      </Match>
      <Match when={props.page === 'language'}>
        <LanguagePage />
      </Match>
      <Match when={props.page === 'storage'}>
        <StoragePage />
      </Match>
      <Match when={props.page === 'folders'}>
        <FoldersPage />
      </Match>
      <Match when={props.page === 'keyboard'}>
        <KeyboardPage />
      </Match>
      <Match when={props.page === 'contacts'}>
        <ContactsPage />
      </Match>
      <Match when={props.page === 'archive'}>
        <ArchivePage />
      </Match>
      <Match when={props.page === 'space' && browsed()} keyed>
        {(space) => <SpacePage id={space.id} via={space.via} />}
      </Match>
      <Match when={props.page === 'explore'}>
        <ExplorePage />
      </Match>
      <Match when={props.page === 'new-group'}>
        <NewGroupPage />
      </Match>
    </Switch>
  );
}
