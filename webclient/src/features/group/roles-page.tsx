import { createSignal, For, Show } from 'solid-js';
import { t } from '../../i18n';
import { errorText } from '../../i18n/words';
import { useClient } from '../../store/context';
import type { Permission, RoomId } from '../../store/contract';
import { errorInfo } from '../../store/errors';
import { localOnly, permissions } from '../../store/groups';
import { closeRight, viewedAs } from '../../store/pages';
import { Button } from '../../ui/button';
import { ask } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { openMenu } from '../../ui/menu';
import { Page, PageRow, Section, SwitchRow } from '../../ui/page';
import { reorder } from '../../ui/reorder';
import { toast } from '../../ui/toast';
import s from './group.module.css';
import { createRolesDraft, type EditedRole } from './roles-draft';
import { viewAs } from './view-as';

const colours = ['', 'red', 'orange', 'violet', 'green', 'cyan', 'blue', 'pink'] as const;
const most = 30;

/** The roles of a group, the highest first: made, changed, ordered and saved together. */
export function RolesPage(props: { roomId: RoomId }) {
  const client = useClient();
  const { state, commands } = client;
  const room = () => state.rooms[props.roomId];
  const { list, setList, changed, reset, save: saveDraft } = createRolesDraft(() => room()?.group.roles);
  const [open, setOpen] = createSignal<string>();
  const [busy, setBusy] = createSignal(false);
  // Roles at or above my own stay as they are.
  const mine = () => room()?.my.level ?? 0;
  const canChange = (role: EditedRole) => role.level < mine();
  const add = () => {
    const id = crypto.randomUUID().slice(0, 8);
    setList('roles', (roles) => [...roles, { id, name: t('role-new-name'), colour: '', level: 0, permissions: [] }]);
    setOpen(id);
  };
  const move = (role: EditedRole, step: number) => {
    const roles = [...list.roles];
    const at = roles.findIndex((one) => one.id === role.id);
    roles.splice(at + step, 0, ...roles.splice(at, 1));
    setList('roles', roles);
  };
  const movable = (at: number, step: number) => {
    const other = list.roles[at + step];
    return other !== undefined && canChange(other);
  };
  /** Carried among those that can be: the roles above them stay where they are. */
  const carried = (id: string, to: number) => {
    const above = list.roles.filter((one) => !canChange(one));
    const rest = list.roles.filter((one) => canChange(one) && one.id !== id);
    const role = list.roles.find((one) => one.id === id);
    if (role) setList('roles', [...above, ...rest.slice(0, to), role, ...rest.slice(to)]);
  };
  const menu = (role: EditedRole, at: number, place: HTMLElement) =>
    openMenu(place, [
      { id: 'edit', label: t('info-edit'), icon: 'pencil', select: () => setOpen(role.id) },
      ...(movable(at, -1)
        ? [{ id: 'up', label: t('order-up'), icon: 'arrow-up' as const, select: () => move(role, -1) }]
        : []),
      ...(movable(at, 1)
        ? [{ id: 'down', label: t('order-down'), icon: 'arrow-down' as const, select: () => move(role, 1) }]
        : []),
      ...(canView()
        ? [{ id: 'view-as', label: t('role-view-as'), icon: 'eye' as const, select: () => view(role.id) }]
        : []),
      {
        id: 'remove',
        label: t('role-remove'),
        icon: 'trash-2',
        danger: true,
        select: () =>
          ask({
            title: t('role-remove-confirm', { name: role.name }),
            yes: t('role-remove'),
            no: t('new-cancel'),
            danger: true,
            answer: () => setList('roles', (roles) => roles.filter((one) => one.id !== role.id)),
          }),
      },
    ]);
  /** What members see depends on what is in force, not on what is being written. */
  const canView = () => !changed() && viewedAs() === undefined;
  const view = (roleId: string) =>
    void viewAs(client, props.roomId, roleId).catch((error: unknown) => toast(errorText(errorInfo(error))));
  const save = async () => {
    setBusy(true);
    try {
      await saveDraft(({ roles, everyone }) =>
        commands.setRoles(props.roomId, { roles: roles.map(({ level: _level, ...role }) => role), everyone }),
      );
      toast(t('settings-saved'));
    } catch (error) {
      toast(errorText(errorInfo(error)));
    } finally {
      setBusy(false);
    }
  };
  const holders = (id: string) => Object.values(room()?.group.rolesOf ?? {}).filter((ids) => ids.includes(id)).length;
  return (
    <Page
      title={t('group-roles')}
      onBack={closeRight}
      backLabel={t('page-back')}
      testid="roles"
      foot={
        <Show when={changed()}>
          <div class={s.bar} data-testid="roles-unsaved">
            <span>{t('roles-unsaved')}</span>
            <span class={s.buttons}>
              <Button onClick={reset} data-testid="roles-reset">
                {t('roles-reset')}
              </Button>
              <Button
                kind="primary"
                disabled={busy()}
                busy={busy()}
                onClick={() => void save()}
                data-testid="roles-save"
              >
                {t('info-save')}
              </Button>
            </span>
          </div>
        </Show>
      }
    >
      <Section note={t('roles-note')}>
        <PageRow icon="crown" text={t('info-role-owner')} sub={t('role-owner-sub')} />
        <div ref={(box) => reorder(box, 'y', carried)}>
          <For each={list.roles}>
            {(role, at) => (
              <div class={s.carried} data-drag={canChange(role) ? role.id : undefined}>
                <PageRow
                  lead={<i class={s.dot} data-colour={role.colour} />}
                  text={role.name}
                  sub={t('role-holders', { count: holders(role.id) })}
                  onClick={canChange(role) ? (event) => menu(role, at(), event.currentTarget) : undefined}
                  testid="role"
                />
              </div>
            )}
          </For>
        </div>
        <PageRow icon="users" text={t('role-everyone')} onClick={() => setOpen('')} testid="role-everyone" />
        <Show when={list.roles.length < most}>
          <PageRow icon="plus" text={t('role-new')} onClick={add} testid="role-new" />
        </Show>
      </Section>
      <Show when={open() === ''}>
        <Section caption={t('role-everyone')}>
          <Show when={canView()}>
            <PageRow icon="eye" text={t('role-view-as')} onClick={() => view('')} testid="view-as-everyone" />
          </Show>
          <Permissions held={list.everyone} onChange={(next) => setList('everyone', [...next])} roles={[]} at={0} />
        </Section>
      </Show>
      <For each={list.roles}>
        {(role, at) => (
          <Show when={open() === role.id && canChange(role)}>
            <Section caption={role.name} testid="role-editor">
              <div class={s.form}>
                <Field
                  label={t('role-name')}
                  value={role.name}
                  maxLength={64}
                  onInput={(event) => setList('roles', at(), 'name', event.currentTarget.value)}
                  data-testid="role-name"
                />
              </div>
              <div class={s.colours} role="radiogroup" aria-label={t('role-colour')}>
                <For each={colours}>
                  {(colour) => (
                    // biome-ignore lint/a11y/useSemanticElements: a circle to press, not an input
                    <button
                      type="button"
                      role="radio"
                      aria-checked={role.colour === colour}
                      aria-label={colour || t('role-no-colour')}
                      onClick={() => setList('roles', at(), 'colour', colour)}
                      data-testid={`role-colour-${colour || 'none'}`}
                    >
                      <i class={s.dot} data-colour={colour} />
                    </button>
                  )}
                </For>
              </div>
              <Permissions
                held={role.permissions}
                onChange={(next) => setList('roles', at(), 'permissions', [...next])}
                roles={list.roles}
                at={at()}
              />
            </Section>
          </Show>
        )}
      </For>
    </Page>
  );
}

/** What a role may; what power levels cannot say is marked. */
function Permissions(props: {
  held: readonly Permission[];
  onChange: (next: readonly Permission[]) => void;
  roles: readonly EditedRole[];
  at: number;
}) {
  const note = (one: Permission) => {
    // A lower role has it and this one has not: other servers give it to this one too.
    const below = props.roles.slice(props.at + 1).some((role) => role.permissions.includes(one));
    return localOnly.has(one) || (below && !props.held.includes(one)) ? t('role-local-only') : undefined;
  };
  return (
    <For each={permissions}>
      {(one) => (
        <SwitchRow
          text={t(`permission-${one}`)}
          sub={note(one)}
          on={props.held.includes(one)}
          onChange={(on) => props.onChange(on ? [...props.held, one] : props.held.filter((other) => other !== one))}
          testid={`permission-${one}`}
        />
      )}
    </For>
  );
}
