// On the wire an absent value is left out or is `null`; in the extension it is always left out.

/** The same value without the properties that are `null`, at any depth. */
export function withoutNulls<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, property]) => property !== null);
  return Object.fromEntries(entries.map(([name, property]) => [name, withoutNulls<unknown>(property)])) as T;
}
