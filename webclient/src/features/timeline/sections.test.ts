import { expect, test } from 'vitest';
import { type GroupInput, layoutRows } from '../../model/grouping';
import { type Group, sectionsOf } from './sections';

const noon = new Date(2026, 0, 15, 12).getTime();
const item = (key: string, sender: string, kind: GroupInput['kind'] = 'message'): GroupInput => ({
  key,
  eventId: key,
  sender,
  ts: noon + Number(key.slice(1)) * 1000,
  kind,
});
const rows = (...items: GroupInput[]) => layoutRows(items, { me: '@me', unreadAfter: null });
const alone = () => null;
const groups = (sections: ReturnType<typeof sectionsOf>) =>
  sections.filter((one): one is Group => one.type === 'group');

test('bubbles of one sender form one group, a day pill stands before them', () => {
  const sections = sectionsOf(rows(item('$1', '@ann'), item('$2', '@ann'), item('$3', '@bob')), [], alone);
  expect(sections.map((one) => one.type)).toEqual(['day', 'group', 'group']);
  expect(groups(sections).map((one) => one.keys())).toEqual([['$1', '$2'], ['$3']]);
});

test('a group that grows at either end stays the same object', () => {
  const before = sectionsOf(rows(item('$2', '@ann'), item('$3', '@ann')), [], alone);
  const after = sectionsOf(rows(...['$1', '$2', '$3', '$4'].map((key) => item(key, '@ann'))), before, alone);
  expect(groups(after)[0]).toBe(groups(before)[0]);
  expect(groups(after)[0]?.keys()).toEqual(['$1', '$2', '$3', '$4']);
});

test('a group that is split is taken over once only', () => {
  const before = sectionsOf(rows(item('$1', '@ann'), item('$3', '@ann')), [], alone);
  const after = sectionsOf(rows(item('$1', '@ann'), item('$2', '@bob'), item('$3', '@ann')), before, alone);
  expect(groups(after).map((one) => one.keys())).toEqual([['$1'], ['$2'], ['$3']]);
  expect(new Set(groups(after)).size).toBe(3);
});

test('three lines of one sort become one, two do not', () => {
  const service = (key: string) => item(key, '@x', 'service');
  const sort = (key: string) => (key < '$7' ? 'joined' : null);
  const keys = (...names: string[]) =>
    groups(sectionsOf(rows(...names.map(service)), [], sort)).map((one) => one.keys());
  expect(keys('$1', '$2', '$3')).toEqual([['$1', '$2', '$3']]);
  expect(keys('$1', '$2', '$8', '$3')).toEqual([['$1'], ['$2'], ['$8'], ['$3']]);
});
