/**
 * The roles of a group as they are being edited. The answer to saving and the new state come by different ways, in any
 * order: so a draft is measured against what it began with or was last saved as, not against what is known just now.
 */
import { createEffect, createSignal, on } from 'solid-js';
import { createStore, reconcile, unwrap } from 'solid-js/store';
import type { Permission } from '../../store/contract';
import type { RoleList } from '../../store/groups';

const usual: readonly Permission[] = ['send', 'media', 'links', 'react', 'invite', 'call'];

export interface EditedRole {
  id: string;
  name: string;
  colour: string;
  level: number;
  permissions: readonly Permission[];
}

interface Draft {
  roles: EditedRole[];
  everyone: Permission[];
}

/** A draft of `known`, which it follows while nothing of it is changed. */
export function createRolesDraft(known: () => RoleList | null | undefined) {
  const start = (): Draft => {
    const roles = known();
    return {
      roles: structuredClone(unwrap(roles?.roles ?? [])) as EditedRole[],
      everyone: [...(roles?.everyone ?? usual)],
    };
  };
  const [list, setList] = createStore<Draft>(start());
  const plain = () => JSON.stringify({ roles: list.roles, everyone: list.everyone });
  const [base, setBase] = createSignal(plain());
  const changed = () => plain() !== base();
  const reset = () => {
    setList(reconcile(start()));
    setBase(plain());
  };
  // All of it is read: what changes of it is reconciled in place.
  const state = () => JSON.stringify(known() ?? null);
  createEffect(
    on(
      state,
      () => {
        if (!changed()) reset();
      },
      { defer: true },
    ),
  );
  /** Saves by `send`; rejects as it does, then the draft is left as it is. */
  const save = async (send: (draft: Draft) => Promise<void>): Promise<void> => {
    const sent = plain();
    const before = state();
    await send(structuredClone(unwrap(list)));
    setBase(sent);
    if (state() !== before && !changed()) reset();
  };
  return { list, setList, changed, reset, save };
}
