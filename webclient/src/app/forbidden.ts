/**
 * A browser that may keep nothing for this page refuses the very question what it has kept. Imported before all else:
 * then small things, such as the theme, are kept in memory, and the page works.
 */

class Small implements Storage {
  private readonly values = new Map<string, string>();

  get length(): number {
    return this.values.size;
  }

  clear(): void {
    this.values.clear();
  }

  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }

  key(at: number): string | null {
    return [...this.values.keys()][at] ?? null;
  }

  removeItem(key: string): void {
    this.values.delete(key);
  }

  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }
}

for (const name of ['localStorage', 'sessionStorage'] as const) {
  try {
    globalThis[name].getItem('');
  } catch {
    Object.defineProperty(globalThis, name, { value: new Small(), configurable: true });
  }
}
