/** What lies over the columns when it is asked for: each is loaded then. */
import { onMount, Show, Suspense } from 'solid-js';
import { useClient } from '../store/context';
import { choosingDay } from '../store/dates';
import { messageList } from '../store/message-list';
import { forwarding, person, reporting, setPerson, told } from '../store/messages-ui';
import { joinLink, previewed, setPreviewed } from '../store/pages';
import { askedTime, listedScheduled } from '../store/scheduled';
import { isOld, watchUpdates } from '../store/update';
import { viewing } from '../store/viewer';
import { ChoiceHost } from '../ui/choice';
import { EmojiHost } from '../ui/emoji/emoji-host';
import { part } from '../ui/parts';
import { Notices } from './notices';

const Viewer = part(async () => (await import('../features/viewer/viewer')).Viewer);
const Forward = part(async () => (await import('../features/forward/forward-dialog')).ForwardHost);
const List = part(async () => (await import('../features/message-list/message-list')).MessageListHost);

const Report = part(async () => (await import('../features/timeline/report-dialog')).ReportDialog);
const Who = part(async () => (await import('../features/timeline/who-dialog')).WhoDialog);
const SignIns = part(async () => (await import('../features/sign-ins/sign-ins')).SignInsHost);
const PersonCard = part(async () => (await import('../features/profile/person-card')).PersonCard);
const Preview = part(async () => (await import('../features/explore/room-preview')).PreviewHost);
const Link = part(async () => (await import('../features/explore/room-preview')).LinkPreview);
const UpdateBar = part(async () => (await import('./update-bar')).UpdateBar);
const DayDialog = part(async () => (await import('../features/dates/day-dialog')).DayDialog);
const TimeDialog = part(async () => (await import('../features/composer/later/time-dialog')).TimeDialog);
const ScheduledDialog = part(async () => (await import('../features/composer/later/scheduled-dialog')).ScheduledDialog);

/** The card of somebody; an address of a group leads to that group. */
function Person(props: { id: string }) {
  if (props.id.startsWith('@')) return <PersonCard userId={props.id} />;
  onMount(() => {
    setPreviewed({ id: props.id, via: [] });
    setPerson(undefined);
  });
  return null;
}

/** Stands once in the columns. */
export function Overlays() {
  const { state } = useClient();
  if (import.meta.env.PROD) watchUpdates(state);
  return (
    <Suspense>
      <Show when={viewing()} keyed>
        {(now) => <Viewer viewing={now} />}
      </Show>
      <Show when={forwarding()}>
        <Forward />
      </Show>
      <Show when={messageList()}>
        <List />
      </Show>
      <Show when={reporting()} keyed>
        {(of) => <Report of={of} />}
      </Show>
      <Show when={told()} keyed>
        {(now) => <Who told={now} />}
      </Show>
      <Show when={person()} keyed>
        {(id) => <Person id={id} />}
      </Show>
      <Show when={previewed()}>
        <Preview />
      </Show>
      <Show when={joinLink()} keyed>
        {(token) => <Link token={token} />}
      </Show>
      <Show when={choosingDay() !== undefined}>
        <DayDialog />
      </Show>
      <Show when={listedScheduled()} keyed>
        {(roomId) => <ScheduledDialog roomId={roomId} />}
      </Show>
      <Show when={askedTime()} keyed>
        {(asked) => <TimeDialog asked={asked} />}
      </Show>
      <Show when={state.own.signIns.requests.length > 0 || state.own.signIns.recovery}>
        <SignIns />
      </Show>
      <Show when={isOld()}>
        <UpdateBar />
      </Show>
      <Notices />
      <ChoiceHost />
      <EmojiHost />
    </Suspense>
  );
}
