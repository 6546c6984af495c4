/** The typed API asks for instances of its model classes: a plain object is no substitute. */
export function model<T extends object>(Model: new () => T, fields: { [K in keyof T]: T[K] }): T {
  return Object.assign(new Model(), fields);
}
