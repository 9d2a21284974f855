import { createRoot, createSignal } from 'solid-js';
import { expect, test } from 'vitest';
import type { RoleList } from '../../store/groups';
import { createRolesDraft, type EditedRole } from './roles-draft';

const wardens: EditedRole = { id: 'w', name: 'Wardens', colour: 'green', level: 10, permissions: ['ban'] };

/** A draft over roles that the test lets come from the server. */
function drafting(roles: readonly EditedRole[]) {
  return createRoot((dispose) => {
    const [known, setKnown] = createSignal<RoleList | null>({ roles, everyone: ['send'] });
    return { draft: createRolesDraft(known), comes: setKnown, dispose };
  });
}

test('what was saved is no change, whether the answer comes first or the new state', async () => {
  for (const isAnswerFirst of [true, false]) {
    const { draft, comes, dispose } = drafting([]);
    draft.setList('roles', [{ ...wardens, level: 0 }]);
    expect(draft.changed()).toBe(true);
    await draft.save(async () => {
      if (!isAnswerFirst) comes({ roles: [wardens], everyone: ['send'] });
    });
    expect(draft.changed()).toBe(false);
    expect(draft.list.roles[0]?.name).toBe('Wardens');
    if (isAnswerFirst) comes({ roles: [wardens], everyone: ['send'] });
    expect(draft.changed()).toBe(false);
    expect(draft.list.roles[0]).toEqual(wardens);
    dispose();
  }
});

test('what another admin saved is shown, and never takes away what is being written', () => {
  const { draft, comes, dispose } = drafting([wardens]);
  comes({ roles: [{ ...wardens, name: 'Rangers' }], everyone: ['send'] });
  expect(draft.list.roles[0]?.name).toBe('Rangers');
  draft.setList('roles', 0, 'name', 'Keepers');
  comes({ roles: [{ ...wardens, name: 'Guards' }], everyone: ['send'] });
  expect(draft.list.roles[0]?.name).toBe('Keepers');
  draft.reset();
  expect(draft.list.roles[0]?.name).toBe('Guards');
  expect(draft.changed()).toBe(false);
  dispose();
});

test('what could not be saved stays a change', async () => {
  const { draft, dispose } = drafting([wardens]);
  draft.setList('roles', 0, 'name', 'Keepers');
  await expect(draft.save(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(draft.changed()).toBe(true);
  expect(draft.list.roles[0]?.name).toBe('Keepers');
  dispose();
});
