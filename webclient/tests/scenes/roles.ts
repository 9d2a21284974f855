/** Roles as a group has them. */
import { permissions, type RoleList } from '../../src/store/groups';

export const roleList: RoleList = {
  roles: [
    { id: 'lead', name: 'Lead designer', colour: 'violet', level: 80, permissions },
    {
      id: 'helper',
      name: 'Helping hand',
      colour: 'green',
      level: 50,
      permissions: ['send', 'media', 'links', 'react', 'pin', 'invite', 'kick', 'redact'],
    },
    { id: 'guest', name: 'Guest of the week', colour: 'orange', level: 10, permissions: ['send', 'react'] },
  ],
  everyone: ['send', 'media', 'links', 'react', 'invite'],
};
